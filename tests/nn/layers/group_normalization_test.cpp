#include "dlfs/nn/layers/group_normalization.hpp"

#include <gtest/gtest.h>

#include "dlfs/tensor/statistics.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<GroupNormalization<float>> && Layer<GroupNormalization<double>>);
static_assert(!test::Instantiable<GroupNormalization, int>);

template <class T>
GroupNormalization<T> layer_of_groups(Index groups, Index features) {
  GroupNormalization<T> layer({.groups = groups, .features = features});
  Rng rng(5);
  for (Parameter<T>* parameter : layer.parameters()) {
    parameter->value = random_uniform<T>({features}, rng, 0.5, 2);
  }
  return layer;
}

TEST(GroupNormalization, MatchesHandComputedValues) {
  // Means 2 and 30, variances 1 and 400.
  GroupNormalization<double> layer({.groups = 2, .features = 4, .epsilon = 1e-12});
  layer.parameters()[0]->value = array<double>({1, 2, 1, 3});
  layer.parameters()[1]->value = array<double>({0, 5, 0, 1});
  test::Bench bench(layer, array<double>({{1, 3, 50, 10}}));
  bench.forward();
  test::expect_close(bench.y, array<double>({{-1, 7, 1, -2}}), 1e-10);
}

TEST(GroupNormalization, OfOneGroupIsLayerNormalization) {
  Rng rng(1);
  const auto x = random_normal<double>({3, 4, 5, 6}, rng);
  test::Bench groups(GroupNormalization<double>({.features = 4}), x);
  groups.forward();
  for (Index n = 0; n < 3; ++n) {
    EXPECT_NEAR(mean(groups.y[n]), 0, 1e-14);
    EXPECT_NEAR(variance(groups.y[n]), 1, 1e-4);
  }
}

TEST(GroupNormalization, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  test::expect_right_gradients(layer_of_groups<double>(2, 6), random_normal<double>({4, 6}, rng));
  test::expect_right_gradients(layer_of_groups<double>(3, 6),
                               random_normal<double>({3, 6, 5}, rng));
  test::expect_right_gradients(layer_of_groups<double>(1, 4),
                               random_normal<double>({2, 4, 3, 7}, rng));
  test::expect_right_gradients(layer_of_groups<double>(4, 4),
                               random_normal<double>({5, 4, 3, 3}, rng));
}

TEST(GroupNormalization, KeepsTheContractOfALayer) {
  Rng rng(2);
  test::expect_contract(layer_of_groups<float>(2, 8), random_normal<float>({5, 8, 3, 4}, rng));
}

TEST(GroupNormalization, BatchInPiecesAndTilesEqualsItsSamples) {
  Rng rng(2);
  test::expect_batch_equals_its_samples(layer_of_groups<double>(2, 4),
                                        random_normal<double>({37, 4, 100, 125}, rng));
}

TEST(GroupNormalization, WeightDecayIsOfNoParameter) {
  auto layer = layer_of_groups<float>(1, 3);
  EXPECT_EQ(layer.parameters()[0]->decay_scale, 0);
  EXPECT_EQ(layer.parameters()[1]->decay_scale, 0);
}

TEST(GroupNormalization, ErrorsSayWhatIsWrong) {
  const GroupNormalization<float> layer({.groups = 2, .features = 6});
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              layer.output_shape({6, 4});
            }),
            "group normalization: expected x of shape (N, 6, ...), got (6, 4)");
  EXPECT_EQ(
      test::error_of<ValueError>([] { GroupNormalization<float>({.groups = 4, .features = 6}); }),
      "group normalization: 4 groups do not divide 6 features");
}

}  // namespace
}  // namespace dlfs
