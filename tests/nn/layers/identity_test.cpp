#include "dlfs/nn/layers/identity.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Identity<float>> && Layer<Identity<double>>);
static_assert(!test::Instantiable<Identity, int>);

TEST(Identity, HandsOnValuesAndGradients) {
  test::Bench bench(Identity<float>(), array<float>({{1, -2}, {3, 0}}));
  bench.forward();
  test::expect_equal(bench.y, bench.x);
  const auto dy = array<float>({{5, 6}, {-7, 8}});
  bench.backward(dy);
  test::expect_equal(bench.dx, dy);
}

TEST(Identity, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const Shape& x : {Shape{1, 2, 3, 4}, Shape{2, 5}, Shape{5, 3, 2}, Shape{3}}) {
    test::expect_right_gradients(Identity<double>(), random_normal<double>(x, rng));
  }
}

TEST(Identity, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Identity<float>(), random_normal<float>({5, 2, 3, 4}, rng));
}

TEST(Identity, BatchInPiecesAndTilesEqualsItsSamples) {
  Rng rng(1);
  test::expect_batch_equals_its_samples(Identity<double>(),
                                        random_normal<double>({37, 50000}, rng));
}

}  // namespace
}  // namespace dlfs
