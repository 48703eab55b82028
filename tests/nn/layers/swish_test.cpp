#include "dlfs/nn/layers/swish.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Swish<float>> && Layer<Swish<double>>);
static_assert(!test::Instantiable<Swish, int>);

template <class T>
class SwishOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(SwishOf, Scalars);

// From PyTorch.
TYPED_TEST(SwishOf, MatchesPyTorch) {
  const double tolerance = 4 * std::numeric_limits<TypeParam>::epsilon();
  test::Bench bench(Swish<TypeParam>(), array<TypeParam>({{-3, -1, 0, 0.5, 2}}));
  bench.forward();
  test::expect_close(bench.y,
                     cast<TypeParam>(array<double>({{-0.14227761953270035, -0.2689414213699951, 0,
                                                     0.3112296656009273, 1.7615941559557646}})),
                     tolerance);
  bench.backward(ones<TypeParam>({1, 5}));
  test::expect_close(bench.dx,
                     cast<TypeParam>(array<double>({{-0.08810410601516962, 0.07232948812851325, 0.5,
                                                     0.7399611873026519, 1.0907842487848955}})),
                     tolerance);
}

TYPED_TEST(SwishOf, StaysFiniteForHugeInputs) {
  test::Bench bench(Swish<TypeParam>(), array<TypeParam>({{1e4, -1e4}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{1e4, 0}}));
  bench.backward(array<TypeParam>({{1, 0}}));
  test::expect_equal(bench.dx, array<TypeParam>({{1, 0}}));
}

TEST(Swish, GradientsAgreeWithCentralDifferences) {
  for (const Shape& x : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{5, 9}, Shape{3}}) {
    test::expect_right_gradients(Swish<double>(), test::random_off_zero(x));
  }
}

TEST(Swish, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Swish<float>(), random_normal<float>({5, 2, 3, 7}, rng));
  test::expect_contract(Swish<double>(), random_normal<double>({1, 3}, rng));
}

TEST(Swish, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(Swish<double>(), test::random_off_zero({37, 50000}));
}

}  // namespace
}  // namespace dlfs
