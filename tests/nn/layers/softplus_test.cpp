#include "dlfs/nn/layers/softplus.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Softplus<float>> && Layer<Softplus<double>>);
static_assert(!test::Instantiable<Softplus, int>);

template <class T>
class SoftplusOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(SoftplusOf, Scalars);

// From PyTorch.
TYPED_TEST(SoftplusOf, MatchesPyTorch) {
  const double tolerance = 4 * std::numeric_limits<TypeParam>::epsilon();
  test::Bench bench(Softplus<TypeParam>(), array<TypeParam>({{-3, -1, 0, 0.5, 2}}));
  bench.forward();
  test::expect_close(
      bench.y,
      cast<TypeParam>(array<double>({{0.04858735157374206, 0.31326168751822286, 0.6931471805599453,
                                      0.9740769841801067, 2.1269280110429727}})),
      tolerance);
  bench.backward(ones<TypeParam>({1, 5}));
  test::expect_close(bench.dx,
                     cast<TypeParam>(array<double>({{0.04742587317756679, 0.2689414213699951, 0.5,
                                                     0.6224593312018546, 0.8807970779778824}})),
                     tolerance);
}

TYPED_TEST(SoftplusOf, StaysFiniteForHugeInputs) {
  test::Bench bench(Softplus<TypeParam>(), array<TypeParam>({{1e4, -1e4}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{1e4, 0}}));
  bench.backward(array<TypeParam>({{1, 0}}));
  test::expect_equal(bench.dx, array<TypeParam>({{1, 0}}));
}

TEST(Softplus, GradientsAgreeWithCentralDifferences) {
  for (const Shape& x : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{5, 9}, Shape{3}}) {
    test::expect_right_gradients(Softplus<double>(), test::random_off_zero(x));
  }
}

TEST(Softplus, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Softplus<float>(), random_normal<float>({5, 2, 3, 7}, rng));
  test::expect_contract(Softplus<double>(), random_normal<double>({1, 3}, rng));
}

TEST(Softplus, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(Softplus<double>(), test::random_off_zero({37, 50000}));
}

}  // namespace
}  // namespace dlfs
