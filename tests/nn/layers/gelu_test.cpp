#include "dlfs/nn/layers/gelu.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Gelu<float>> && Layer<Gelu<double>>);
static_assert(!test::Instantiable<Gelu, int>);

constexpr GeluOptions by_tanh{.approximate = GeluApproximation::tanh};

template <class T>
class GeluOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(GeluOf, Scalars);

// From PyTorch.
TYPED_TEST(GeluOf, MatchesPyTorch) {
  const double tolerance = 4 * std::numeric_limits<TypeParam>::epsilon();
  test::Bench bench(Gelu<TypeParam>(), array<TypeParam>({{-3, -1, 0, 0.5, 2}}));
  bench.forward();
  test::expect_close(bench.y,
                     cast<TypeParam>(array<double>({{-0.00404969409489031, -0.15865525393145702, 0,
                                                     0.34573123063700656, 1.9544997361036416}})),
                     tolerance);
  bench.backward(ones<TypeParam>({1, 5}));
  test::expect_close(bench.dx,
                     cast<TypeParam>(array<double>({{-0.01194564720418392, -0.08331547058768635,
                                                     0.5, 0.8674951246561629, 1.085231801078197}})),
                     tolerance);
}

// From PyTorch, approximate="tanh".
TYPED_TEST(GeluOf, ByTanhMatchesPyTorch) {
  const double tolerance = 4 * std::numeric_limits<TypeParam>::epsilon();
  test::Bench bench(Gelu<TypeParam>(by_tanh), array<TypeParam>({{-3, -1, 0, 0.5, 2}}));
  bench.forward();
  test::expect_close(bench.y,
                     cast<TypeParam>(array<double>({{-0.0036373920817729943, -0.15880800939172324,
                                                     0, 0.34571400982514394, 1.954597694087775}})),
                     tolerance);
  bench.backward(ones<TypeParam>({1, 5}));
  test::expect_close(
      bench.dx,
      cast<TypeParam>(array<double>({{-0.011584166630969648, -0.08296408384578252, 0.5,
                                      0.8673699035346424, 1.0860992566236183}})),
      tolerance);
}

TYPED_TEST(GeluOf, StaysFiniteForHugeInputs) {
  const TypeParam huge = std::numeric_limits<TypeParam>::max();
  for (const GeluOptions& options : {GeluOptions(), by_tanh}) {
    test::Bench bench(Gelu<TypeParam>(options), array<TypeParam>({{1e4, -1e4, huge, -huge}}));
    bench.forward();
    test::expect_equal(bench.y, array<TypeParam>({{1e4, 0, huge, 0}}));
    bench.backward(array<TypeParam>({{1, 0, 1, 1}}));
    test::expect_equal(bench.dx, array<TypeParam>({{1, 0, 1, 0}}));
  }
}

TEST(Gelu, GradientsAgreeWithCentralDifferences) {
  for (const Shape& x : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{5, 9}, Shape{3}}) {
    test::expect_right_gradients(Gelu<double>(), test::random_off_zero(x));
    test::expect_right_gradients(Gelu<double>(by_tanh), test::random_off_zero(x));
  }
}

TEST(Gelu, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Gelu<float>(), random_normal<float>({5, 2, 3, 7}, rng));
  test::expect_contract(Gelu<double>(), random_normal<double>({1, 3}, rng));
  test::expect_contract(Gelu<float>(by_tanh), random_normal<float>({5, 2, 3, 7}, rng));
}

TEST(Gelu, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(Gelu<double>(), test::random_off_zero({37, 50000}));
  test::expect_batch_equals_its_samples(Gelu<double>(by_tanh), test::random_off_zero({37, 50000}));
}

}  // namespace
}  // namespace dlfs
