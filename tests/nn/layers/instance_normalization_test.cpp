#include "dlfs/nn/layers/instance_normalization.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<InstanceNormalization<float>> && Layer<InstanceNormalization<double>>);
static_assert(!test::Instantiable<InstanceNormalization, int>);

template <class T>
InstanceNormalization<T> layer_of_instances(Index features) {
  InstanceNormalization<T> layer({.features = features});
  Rng rng(5);
  for (Parameter<T>* parameter : layer.parameters()) {
    parameter->value = random_uniform<T>({features}, rng, 0.5, 2);
  }
  return layer;
}

TEST(InstanceNormalization, MatchesHandComputedValues) {
  InstanceNormalization<double> layer({.features = 2, .epsilon = 1e-12});
  layer.parameters()[0]->value = array<double>({1, 2});
  layer.parameters()[1]->value = array<double>({0, 5});
  test::Bench bench(layer, array<double>({{{1, 3}, {50, 10}}}));
  bench.forward();
  test::expect_close(bench.y, array<double>({{{-1, 1}, {7, 3}}}), 1e-10);
}

TEST(InstanceNormalization, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  test::expect_right_gradients(layer_of_instances<double>(3),
                               random_normal<double>({4, 3, 5}, rng));
  test::expect_right_gradients(layer_of_instances<double>(2),
                               random_normal<double>({3, 2, 3, 7}, rng));
  test::expect_contract(layer_of_instances<float>(3), random_normal<float>({5, 3, 3, 4}, rng));
}

TEST(InstanceNormalization, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              InstanceNormalization<float>({.features = 3}).output_shape({2, 3, 1, 1});
            }),
            "instance normalization: expected x of shape (N, C, ...) with at least two numbers in "
            "a channel, got (2, 3, 1, 1)");
  EXPECT_THROW(InstanceNormalization<float>({.features = 3}).output_shape({2, 4, 5}), ShapeError);
}

}  // namespace
}  // namespace dlfs
