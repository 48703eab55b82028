#include "dlfs/nn/layers/linear.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithParameters<Linear<float>> && LayerWithFlops<Linear<double>>);
static_assert(!test::Instantiable<Linear, int>);

Linear<double> linear_of(Index in, Index out) {
  Rng rng(1);
  Linear<double> layer({.in = in, .out = out}, Normal{.std = 1}, rng);
  layer.parameters()[1]->value = random_normal<double>({out}, rng);
  return layer;
}

TEST(Linear, MatchesHandComputedValuesAtEachStep) {
  auto layer = linear_of(2, 3);
  layer.parameters()[0]->value = array<double>({{1, 2, 3}, {4, 5, 6}});
  layer.parameters()[1]->value = array<double>({10, 20, 30});
  test::Bench bench(layer, array<double>({{{1, -1}, {0, 1}, {2, 0}}}));
  bench.forward();
  test::expect_equal(bench.y, array<double>({{{7, 17, 27}, {14, 25, 36}, {12, 24, 36}}}));
}

TEST(Linear, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  test::expect_right_gradients(linear_of(3, 2), random_normal<double>({4, 3}, rng));
  test::expect_right_gradients(linear_of(3, 2), random_normal<double>({2, 4, 3}, rng));
  test::expect_right_gradients(linear_of(2, 5), random_normal<double>({2, 2, 3, 2}, rng));
}

TEST(Linear, KeepsTheContractOfALayer) {
  Rng rng(2);
  test::expect_contract(linear_of(7, 5), random_normal<double>({5, 3, 7}, rng));
}

TEST(Linear, ABiasHasNoWeightDecayAndStartsAtZero) {
  Rng rng(2);
  Linear<float> layer({.in = 3, .out = 2}, He{}, rng);
  EXPECT_EQ(layer.parameters()[1]->decay_scale, 0);
  test::expect_equal(layer.parameters()[1]->value, zeros<float>({2}));
}

TEST(Linear, FlopsAreCounted) { EXPECT_EQ(linear_of(3, 4).flops({5, 7, 3}), 5 * 7 * 2 * 12); }

TEST(Linear, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              linear_of(3, 2).output_shape({5, 3, 2});
            }),
            "linear: expected x of shape (N, ..., 3) for the weight (3, 2), got (5, 3, 2)");
  EXPECT_THROW(linear_of(3, 2).output_shape({3}), ShapeError);
  Rng rng(1);
  EXPECT_EQ(test::error_of<ValueError>([&] { Linear<float>({.in = 2}, He{}, rng); }),
            "linear: expected out of at least 1, got 0");
}

}  // namespace
}  // namespace dlfs
