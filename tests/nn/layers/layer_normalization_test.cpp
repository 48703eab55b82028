#include "dlfs/nn/layers/layer_normalization.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<LayerNormalization<float>> && LayerWithSavedBytes<LayerNormalization<double>>);
static_assert(!test::Instantiable<LayerNormalization, int>);

template <class T>
LayerNormalization<T> layer_of(Index features) {
  LayerNormalization<T> layer({.features = features});
  Rng rng(5);
  for (Parameter<T>* parameter : layer.parameters()) {
    parameter->value = random_uniform<T>({features}, rng, 0.5, 2);
  }
  return layer;
}

TEST(LayerNormalization, MatchesHandComputedValues) {
  // Means 2 and 30, variances 1 and 400.
  LayerNormalization<double> layer({.features = 2, .epsilon = 1e-12});
  layer.parameters()[0]->value = array<double>({1, 2});
  layer.parameters()[1]->value = array<double>({0, 5});
  test::Bench bench(layer, array<double>({{1, 3}, {50, 10}}));
  bench.forward();
  test::expect_close(bench.y, array<double>({{-1, 7}, {1, 3}}), 1e-10);
}

TEST(LayerNormalization, EpsilonIsAddedToTheVariance) {
  LayerNormalization<double> layer({.features = 2, .epsilon = 3});
  test::Bench bench(layer, array<double>({{1, 3}}));
  bench.forward();
  test::expect_close(bench.y, array<double>({{-0.5, 0.5}}), 1e-15);
}

TEST(LayerNormalization, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  test::expect_right_gradients(layer_of<double>(5), random_normal<double>({4, 5}, rng));
  test::expect_right_gradients(layer_of<double>(6), random_normal<double>({3, 2, 6}, rng));
  test::expect_right_gradients(layer_of<double>(12), random_normal<double>({3, 2, 2, 3}, rng));
}

TEST(LayerNormalization, KeepsTheContractOfALayer) {
  Rng rng(2);
  test::expect_contract(layer_of<float>(7), random_normal<float>({5, 7}, rng));
}

TEST(LayerNormalization, BatchInPiecesAndTilesEqualsItsSamples) {
  Rng rng(2);
  test::expect_batch_equals_its_samples(layer_of<double>(50000),
                                        random_normal<double>({37, 50000}, rng));
}

TEST(LayerNormalization, TakesRowsInBlocksOfWhichTheLastMayBeShort) {
  constexpr Index rows = 11;
  constexpr Index columns = 1000;  // four rows a block
  Rng rng(2);
  const auto x = random_normal<double>({rows, columns}, rng);
  const auto gamma = ones<double>({columns});
  const auto beta = zeros<double>({columns});
  auto y = full<double>({rows + 1, columns}, 7);
  auto statistics = full<double>({rows + 1, 2}, 7);
  layer_normalization(x, gamma, beta, 1e-5, y.rows(0, rows), statistics.rows(0, rows));
  test::expect_equal(copy(y[rows]), full<double>({columns}, 7));
  test::expect_equal(copy(statistics[rows]), full<double>({2}, 7));
  for (Index r = 0; r < rows; ++r) {
    Tensor<double> y_of_row({1, columns});
    Tensor<double> statistics_of_row({1, 2});
    layer_normalization(x.rows(r, r + 1), gamma, beta, 1e-5, y_of_row, statistics_of_row);
    test::expect_close(copy(y.rows(r, r + 1)), y_of_row, 1e-12);
    test::expect_close(copy(statistics.rows(r, r + 1)), statistics_of_row, 1e-12);
  }
}

TEST(LayerNormalization, WeightDecayIsOfNoParameter) {
  auto layer = layer_of<float>(3);
  EXPECT_EQ(layer.parameters()[0]->decay_scale, 0);
  EXPECT_EQ(layer.parameters()[1]->decay_scale, 0);
}

TEST(LayerNormalization, ErrorsSayWhatIsWrong) {
  const LayerNormalization<float> layer({.features = 6});
  EXPECT_EQ(
      test::error_of<ShapeError>([&] {
        layer.output_shape({6, 4});
      }),
      "layer normalization: expected x of shape (N, ...) whose last axes have 6 features, got "
      "(6, 4)");
  EXPECT_THROW(layer.output_shape({2, 12}), ShapeError);
  EXPECT_EQ(test::error_of<ValueError>([] { LayerNormalization<float>({.features = -1}); }),
            "layer normalization: expected features of at least 0, got -1");
}

}  // namespace
}  // namespace dlfs
