#include "dlfs/nn/layers/global_average_pooling.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(Layer<GlobalAveragePooling<float>> && Layer<GlobalAveragePooling<double>>);
static_assert(!LayerWithParameters<GlobalAveragePooling<float>>);

template <class T>
class GlobalAveragePoolingOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(GlobalAveragePoolingOf, Scalars);

TYPED_TEST(GlobalAveragePoolingOf, TakesTheMeanOfEachChannel) {
  test::Bench bench(GlobalAveragePooling<TypeParam>(),
                    array<TypeParam>({{{{1, 2, 3}, {4, 5, 9}}, {{0, 0, 0}, {0, 0, 6}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{4, 1}}));
  bench.backward(array<TypeParam>({{6, 12}}));
  test::expect_equal(bench.dx,
                     array<TypeParam>({{{{1, 1, 1}, {1, 1, 1}}, {{2, 2, 2}, {2, 2, 2}}}}));
}

TEST(GlobalAveragePooling, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  test::expect_right_gradients(GlobalAveragePooling<double>(),
                               random_normal<double>({3, 2, 4, 5}, rng));
}

TEST(GlobalAveragePooling, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(GlobalAveragePooling<float>(), random_normal<float>({3, 2, 4, 5}, rng));
}

TEST(GlobalAveragePooling, BatchInPiecesAndTilesEqualsItsSamples) {
  Rng rng(1);
  test::expect_batch_equals_its_samples(GlobalAveragePooling<double>(),
                                        random_normal<double>({37, 3, 270, 213}, rng));
}

TEST(GlobalAveragePooling, RefusesWhatIsNoImage) {
  const GlobalAveragePooling<float> pooling;
  EXPECT_EQ(error_of<ShapeError>([&] {
              pooling.output_shape({2, 28});
            }),
            "global average pooling: expected x of shape (N, C, H, W), got (2, 28)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              pooling.output_shape({2, 3, 0, 4});
            }),
            "global average pooling: expected x of shape (N, C, H, W), got (2, 3, 0, 4)");
  EXPECT_THROW(pooling.output_shape({2, 3, 4, 0}), ShapeError);
}

}  // namespace
}  // namespace dlfs
