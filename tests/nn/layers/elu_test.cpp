#include "dlfs/nn/layers/elu.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Elu<float>> && Layer<Elu<double>>);
static_assert(!test::Instantiable<Elu, int>);

template <class T>
class EluOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(EluOf, Scalars);

// From PyTorch.
TYPED_TEST(EluOf, MatchesPyTorch) {
  const double tolerance = 4 * std::numeric_limits<TypeParam>::epsilon();
  test::Bench bench(Elu<TypeParam>(TypeParam(1.5)), array<TypeParam>({{-3, -1, 0, 0.5, 2}}));
  bench.forward();
  test::expect_close(
      bench.y,
      cast<TypeParam>(array<double>({{-1.4253193974482041, -0.9481808382428365, 0, 0.5, 2}})),
      tolerance);
  bench.backward(ones<TypeParam>({1, 5}));
  test::expect_close(
      bench.dx,
      cast<TypeParam>(array<double>({{0.07468060255179591, 0.5518191617571635, 1.5, 1, 1}})),
      tolerance);
}

TYPED_TEST(EluOf, StaysFiniteForHugeInputs) {
  test::Bench bench(Elu<TypeParam>(), array<TypeParam>({{1e4, -1e4}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{1e4, -1}}));
  bench.backward(array<TypeParam>({{1, 0}}));
  test::expect_equal(bench.dx, array<TypeParam>({{1, 0}}));
}

TEST(Elu, GradientsAgreeWithCentralDifferences) {
  for (const Shape& x : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{5, 9}, Shape{3}}) {
    test::expect_right_gradients(Elu<double>(double(1.5)), test::random_off_zero(x));
  }
}

TEST(Elu, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Elu<float>(), random_normal<float>({5, 2, 3, 7}, rng));
  test::expect_contract(Elu<double>(), random_normal<double>({1, 3}, rng));
}

TEST(Elu, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(Elu<double>(), test::random_off_zero({37, 50000}));
}

TEST(Elu, RefusesAnAlphaThatIsNotPositive) {
  EXPECT_EQ(test::error_of<ValueError>([] { Elu<float>(0); }),
            "elu: alpha must be positive and finite, got 0");
  EXPECT_THROW(Elu<float>{std::numeric_limits<float>::infinity()}, ValueError);
  EXPECT_THROW(Elu<float>{std::numeric_limits<float>::quiet_NaN()}, ValueError);
}

}  // namespace
}  // namespace dlfs
