#include "dlfs/nn/layers/relu.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Relu<float>> && Layer<Relu<double>>);
static_assert(!test::Instantiable<Relu, int>);

template <class T>
class ReluOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(ReluOf, Scalars);

TYPED_TEST(ReluOf, MatchesHandComputedValues) {
  test::Bench bench(Relu<TypeParam>(), array<TypeParam>({{1.5, -2}, {0, 3}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{1.5, 0}, {0, 3}}));
  bench.backward(array<TypeParam>({{10, 20}, {30, 40}}));
  test::expect_equal(bench.dx, array<TypeParam>({{10, 0}, {0, 40}}));
}

TEST(Relu, GradientsAgreeWithCentralDifferences) {
  for (const Shape& x : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{5, 9}, Shape{3}}) {
    test::expect_right_gradients(Relu<double>(), test::random_off_zero(x));
  }
}

TEST(Relu, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Relu<float>(), random_normal<float>({5, 2, 3, 7}, rng));
  test::expect_contract(Relu<double>(), random_normal<double>({1, 3}, rng));
}

TEST(Relu, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(Relu<double>(), test::random_off_zero({37, 50000}));
}

}  // namespace
}  // namespace dlfs
