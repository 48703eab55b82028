#include "dlfs/nn/layers/adaptive_average_pooling.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<AdaptiveAveragePooling<float>> && Layer<AdaptiveAveragePooling<double>>);
static_assert(!test::Instantiable<AdaptiveAveragePooling, int>);

TEST(AdaptiveAveragePooling, WindowsShareAPixelWhereTheSizeDoesNotDivideTheImage) {
  test::Bench bench(AdaptiveAveragePooling<float>({1, 2}), array<float>({{{{1, 2, 6}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{{{1.5, 4}}}}));
  bench.backward(array<float>({{{{2, 10}}}}));
  test::expect_equal(bench.dx, array<float>({{{{1, 6, 5}}}}));
}

TEST(AdaptiveAveragePooling, RepeatsPixelsForALargerSize) {
  test::Bench bench(AdaptiveAveragePooling<float>({1, 4}), array<float>({{{{1, 2}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{{{1, 1, 2, 2}}}}));
}

TEST(AdaptiveAveragePooling, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const Size2d size : {Size2d(1), Size2d(3, 2), Size2d(4, 7)}) {
    test::expect_right_gradients(AdaptiveAveragePooling<double>(size),
                                 random_normal<double>({2, 3, 5, 4}, rng));
  }
  test::expect_contract(AdaptiveAveragePooling<float>(3), random_normal<float>({5, 2, 7, 10}, rng));
}

TEST(AdaptiveAveragePooling, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              AdaptiveAveragePooling<float>(2).output_shape({2, 3, 0, 4});
            }),
            "adaptive average pooling: expected x of shape (N, C, H, W), got (2, 3, 0, 4)");
  EXPECT_THROW(AdaptiveAveragePooling<float>({1, 0}), ValueError);
}

}  // namespace
}  // namespace dlfs
