#include "dlfs/nn/layers/average_pooling1d.hpp"

#include <gtest/gtest.h>

#include "dlfs/nn/layers/average_pooling.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<AveragePooling1d<float>> && Layer<AveragePooling1d<double>>);
static_assert(!test::Instantiable<AveragePooling1d, int>);

TEST(AveragePooling1d, IsThatOfImagesOfOneRow) {
  const Tensor<float> x = cast<float>(test::random_distinct({2, 3, 11}));
  const Window1d window{.kernel = 3, .stride = 2, .padding = 1, .dilation = 2};
  test::Bench sequences(AveragePooling1d<float>(window), x);
  test::Bench images(AveragePooling<float>(window.in_image()),
                     copy(x.view().reshape({2, 3, 1, 11})));
  sequences.forward();
  images.forward();
  EXPECT_EQ(sequences.y.shape(), (Shape{2, 3, 5}));
  test::expect_equal(copy(images.y.view().reshape({2, 3, 5})), sequences.y);
  sequences.backward(sequences.y);
  images.backward(images.y);
  test::expect_equal(copy(images.dx.view().reshape({2, 3, 11})), sequences.dx);
}

TEST(AveragePooling1d, GradientsAgreeWithCentralDifferences) {
  for (const Window1d& window :
       {Window1d{.kernel = 2, .stride = 2}, Window1d{.kernel = 3, .padding = 1},
        Window1d{.kernel = 3, .stride = 2, .padding = 1, .dilation = 2}}) {
    test::expect_right_gradients(AveragePooling1d<double>(window),
                                 test::random_distinct({4, 3, 9}));
  }
  Rng rng(1);
  test::expect_contract(AveragePooling1d<float>({.kernel = 2, .stride = 2}),
                        random_normal<float>({5, 2, 7}, rng));
}

TEST(AveragePooling1d, ErrorsSayWhatIsWrong) {
  const AveragePooling1d<float> pooling({.kernel = 4});
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              pooling.output_shape({2, 3, 4, 5});
            }),
            "average pooling 1d: expected x of shape (N, C, L), got (2, 3, 4, 5)");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              pooling.output_shape({2, 3, 3});
            }),
            "average pooling 1d: a window of width 4 does not fit into an image of width 3 with "
            "padding 0");
  EXPECT_THROW(AveragePooling1d<float>({.kernel = 0}), ValueError);
}

}  // namespace
}  // namespace dlfs
