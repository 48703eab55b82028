#include "dlfs/nn/layers/prelu.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<PRelu<float>> && Layer<PRelu<double>>);
static_assert(!test::Instantiable<PRelu, int>);

TEST(PRelu, MatchesHandComputedValues) {
  PRelu<float> layer({.slopes = 2});
  layer.parameters()[0]->value = array<float>({0.5, 2});
  test::Bench bench(layer, array<float>({{{-2, 4}, {-3, -1}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{{-1, 4}, {-6, -2}}}));
  bench.backward(array<float>({{{10, 20}, {30, 40}}}));
  test::expect_equal(bench.dx, array<float>({{{5, 20}, {60, 80}}}));
  test::expect_equal(bench.gradients[0], array<float>({-20, -130}));
}

TEST(PRelu, BeginsWithAQuarterForAllNumbers) {
  test::Bench bench(PRelu<float>(), array<float>({-4, 0, 3}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({-1, 0, 3}));
  PRelu<float> three({.slopes = 3, .slope = 0.5});
  EXPECT_EQ(three.parameters()[0]->value(2), 0.5f);
}

TEST(PRelu, GradientsAgreeWithCentralDifferences) {
  test::expect_right_gradients(PRelu<double>(), test::random_off_zero({4, 7}));
  test::expect_right_gradients(PRelu<double>({.slopes = 3}), test::random_off_zero({4, 3}));
  test::expect_right_gradients(PRelu<double>({.slopes = 2, .slope = 0.1}),
                               test::random_off_zero({5, 2, 3, 7}));
}

TEST(PRelu, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(PRelu<float>({.slopes = 2}), random_normal<float>({5, 2, 3, 7}, rng));
}

TEST(PRelu, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(PRelu<double>({.slopes = 2}),
                                        test::random_off_zero({37, 2, 25000}));
}

TEST(PRelu, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              PRelu<float>({.slopes = 3}).output_shape({2, 4});
            }),
            "prelu: expected x of shape (N, 3, ...) or one slope, got (2, 4)");
  EXPECT_EQ(test::error_of<ValueError>([] { PRelu<float>({.slope = -1}); }),
            "prelu: expected slope of at least 0, got -1");
}

}  // namespace
}  // namespace dlfs
