#include "dlfs/nn/layers/leaky_relu.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<LeakyRelu<float>> && Layer<LeakyRelu<double>>);
static_assert(!test::Instantiable<LeakyRelu, int>);

template <class T>
class LeakyReluOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(LeakyReluOf, Scalars);

// From PyTorch.
TYPED_TEST(LeakyReluOf, MatchesPyTorch) {
  const double tolerance = 4 * std::numeric_limits<TypeParam>::epsilon();
  test::Bench bench(LeakyRelu<TypeParam>(TypeParam(0.1)), array<TypeParam>({{-3, -1, 0, 0.5, 2}}));
  bench.forward();
  test::expect_close(bench.y, cast<TypeParam>(array<double>({{-0.3, -0.1, 0, 0.5, 2}})), tolerance);
  bench.backward(ones<TypeParam>({1, 5}));
  test::expect_close(bench.dx, cast<TypeParam>(array<double>({{0.1, 0.1, 0.1, 1, 1}})), tolerance);
}

TYPED_TEST(LeakyReluOf, StaysFiniteForHugeInputs) {
  test::Bench bench(LeakyRelu<TypeParam>(), array<TypeParam>({{1e4, -1e4}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{1e4, -100}}));
  bench.backward(array<TypeParam>({{1, 0}}));
  test::expect_equal(bench.dx, array<TypeParam>({{1, 0}}));
}

TEST(LeakyRelu, GradientsAgreeWithCentralDifferences) {
  for (const Shape& x : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{5, 9}, Shape{3}}) {
    test::expect_right_gradients(LeakyRelu<double>(double(0.1)), test::random_off_zero(x));
  }
}

TEST(LeakyRelu, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(LeakyRelu<float>(), random_normal<float>({5, 2, 3, 7}, rng));
  test::expect_contract(LeakyRelu<double>(), random_normal<double>({1, 3}, rng));
}

TEST(LeakyRelu, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(LeakyRelu<double>(), test::random_off_zero({37, 50000}));
}

TEST(LeakyRelu, RefusesASlopeBelowZero) {
  EXPECT_EQ(test::error_of<ValueError>([] { LeakyRelu<float>(-0.5f); }),
            "leaky_relu: the slope for negative x cannot be -0.5");
  EXPECT_THROW(LeakyRelu<float>{std::numeric_limits<float>::infinity()}, ValueError);
  EXPECT_THROW(LeakyRelu<float>{std::numeric_limits<float>::quiet_NaN()}, ValueError);
}

}  // namespace
}  // namespace dlfs
