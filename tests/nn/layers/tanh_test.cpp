#include "dlfs/nn/layers/tanh.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Tanh<float>> && Layer<Tanh<double>>);
static_assert(!test::Instantiable<Tanh, int>);

template <class T>
class TanhOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(TanhOf, Scalars);

TYPED_TEST(TanhOf, MatchesHandComputedValues) {
  const auto artanh_half = static_cast<TypeParam>(std::log(3.0) / 2);
  test::Bench bench(Tanh<TypeParam>(), array<TypeParam>({{0, artanh_half, -artanh_half}}));
  bench.forward();
  test::expect_close(bench.y, array<TypeParam>({{0, 0.5, -0.5}}), 1e-6);
  bench.backward(array<TypeParam>({{1, 4, 8}}));
  test::expect_close(bench.dx, array<TypeParam>({{1, 3, 6}}), 1e-6);
}

TYPED_TEST(TanhOf, StaysFiniteForHugeInputs) {
  test::Bench bench(Tanh<TypeParam>(), array<TypeParam>({{1e4, -1e4}}));
  bench.forward();
  test::expect_close(bench.y, array<TypeParam>({{1, -1}}), 1e-6);
}

TEST(Tanh, GradientsAgreeWithCentralDifferences) {
  for (const Shape& x : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{5, 9}, Shape{3}}) {
    test::expect_right_gradients(Tanh<double>(), test::random_off_zero(x));
  }
}

TEST(Tanh, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Tanh<float>(), random_normal<float>({5, 2, 3, 7}, rng));
  test::expect_contract(Tanh<double>(), random_normal<double>({1, 3}, rng));
}

TEST(Tanh, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(Tanh<double>(), test::random_off_zero({37, 50000}));
}

}  // namespace
}  // namespace dlfs
