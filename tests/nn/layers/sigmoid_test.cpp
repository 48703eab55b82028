#include "dlfs/nn/layers/sigmoid.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Sigmoid<float>> && Layer<Sigmoid<double>>);
static_assert(!test::Instantiable<Sigmoid, int>);

template <class T>
class SigmoidOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(SigmoidOf, Scalars);

// a1 and z1 of section 3.4 of the book.
TYPED_TEST(SigmoidOf, MatchesTheBook) {
  test::Bench bench(Sigmoid<TypeParam>(), cast<TypeParam>(array<double>({{0.3, 0.7, 1.1}})));
  bench.forward();
  test::expect_close(bench.y,
                     cast<TypeParam>(array<double>({{0.57444252, 0.66818777, 0.75026011}})), 1e-7);
}

TYPED_TEST(SigmoidOf, MatchesHandComputedValues) {
  const auto ln3 = static_cast<TypeParam>(std::log(3.0));
  test::Bench bench(Sigmoid<TypeParam>(), array<TypeParam>({{0, ln3, -ln3}}));
  bench.forward();
  test::expect_close(bench.y, array<TypeParam>({{0.5, 0.75, 0.25}}), 1e-6);
  bench.backward(array<TypeParam>({{8, 16, 32}}));
  test::expect_close(bench.dx, array<TypeParam>({{2, 3, 6}}), 1e-6);
}

TYPED_TEST(SigmoidOf, StaysFiniteForHugeInputs) {
  test::Bench bench(Sigmoid<TypeParam>(), array<TypeParam>({{1e4, -1e4}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{1, 0}}));
  bench.backward(array<TypeParam>({{1, 1}}));
  test::expect_equal(bench.dx, array<TypeParam>({{0, 0}}));
}

TEST(Sigmoid, GradientsAgreeWithCentralDifferences) {
  for (const Shape& x : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{5, 9}, Shape{3}}) {
    test::expect_right_gradients(Sigmoid<double>(), test::random_off_zero(x));
  }
}

TEST(Sigmoid, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Sigmoid<float>(), random_normal<float>({5, 2, 3, 7}, rng));
  test::expect_contract(Sigmoid<double>(), random_normal<double>({1, 3}, rng));
}

TEST(Sigmoid, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(Sigmoid<double>(), test::random_off_zero({37, 50000}));
}

}  // namespace
}  // namespace dlfs
