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

TEST(LayerNormalization, ErrorsSayWhatIsWrong) {
  const LayerNormalization<float> layer({.features = 6});
  EXPECT_EQ(
      test::error_of<ShapeError>([&] {
        layer.output_shape({6, 4});
      }),
      "layer normalization: expected x of shape (N, ...) whose last axes have 6 features, got "
      "(6, 4)");
  EXPECT_EQ(test::error_of<ValueError>([] { LayerNormalization<float>({.features = 0}); }),
            "layer normalization: expected features of at least 1, got 0");
}

}  // namespace
}  // namespace dlfs
