#include "dlfs/nn/layers/positional_encoding.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<PositionalEncoding<float>> && !test::Instantiable<PositionalEncoding, int>);
static_assert(LayerWithParameters<LearnedPositionalEncoding<float>>);
static_assert(!test::Instantiable<LearnedPositionalEncoding, int>);

LearnedPositionalEncoding<double> learned(Index length, Index features) {
  Rng rng(1);
  return {{.length = length, .features = features}, Normal{.std = 1}, rng};
}

TEST(PositionalEncoding, AddsTheFormulasWaves) {
  const PositionalEncoding<double> layer({.length = 9, .features = 5});
  test::Bench bench(layer, ones<double>({2, 4, 5}));
  bench.forward();
  for (Index n = 0; n < 2; ++n) {
    for (Index t = 0; t < 4; ++t) {
      for (Index i = 0; i < 5; ++i) {
        const double angle =
            static_cast<double>(t) / std::pow(1e4, static_cast<double>(i / 2 * 2) / 5);
        EXPECT_NEAR(bench.y(n, t, i), 1 + (i % 2 == 0 ? std::sin(angle) : std::cos(angle)), 1e-14);
      }
    }
  }
}

TEST(PositionalEncoding, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  const auto x = random_normal<double>({3, 4, 5}, rng);
  test::expect_right_gradients(PositionalEncoding<double>({.length = 4, .features = 5}), x);
}

TEST(PositionalEncoding, ErrorsSayWhatIsWrong) {
  const PositionalEncoding<float> layer({.length = 4, .features = 5});
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              layer.output_shape({2, 5, 5});
            }),
            "positional encoding: expected x of shape (N, T, D) for a table (4, 5) with a row for "
            "each step, got (2, 5, 5)");
  EXPECT_THROW(layer.output_shape({2, 4, 4}), ShapeError);
  EXPECT_THROW(layer.output_shape({4, 5}), ShapeError);
  EXPECT_EQ(
      test::error_of<ValueError>([] { PositionalEncoding<float>({.length = 4, .features = -1}); }),
      "positional encoding: expected features of at least 0, got -1");
}

TEST(LearnedPositionalEncoding, AddsTheFirstRowsOfItsTable) {
  auto layer = learned(3, 2);
  layer.parameters()[0]->value = array<double>({{1, 2}, {3, 4}, {5, 6}});
  test::Bench bench(layer, array<double>({{{10, 10}, {20, 20}}, {{30, 30}, {40, 40}}}));
  bench.forward();
  test::expect_equal(bench.y, array<double>({{{11, 12}, {23, 24}}, {{31, 32}, {43, 44}}}));
  bench.backward(array<double>({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}));
  test::expect_equal(bench.gradients[0], array<double>({{6, 8}, {10, 12}, {0, 0}}));
}

TEST(LearnedPositionalEncoding, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  test::expect_right_gradients(learned(4, 5), random_normal<double>({3, 4, 5}, rng));
  test::expect_right_gradients(learned(6, 3), random_normal<double>({2, 2, 3}, rng));
}

TEST(LearnedPositionalEncoding, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              learned(4, 5).output_shape({2, 5, 5});
            }),
            "learned positional encoding: expected x of shape (N, T, D) for a table (4, 5) with a "
            "row for each step, got (2, 5, 5)");
  EXPECT_EQ(test::error_of<ValueError>([&] { learned(0, 5); }),
            "learned positional encoding: expected length of at least 1, got 0");
}

}  // namespace
}  // namespace dlfs
