#include "dlfs/nn/layers/batch_normalization.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "dlfs/tensor/elementwise.hpp"
#include "dlfs/tensor/functions.hpp"
#include "dlfs/tensor/reduce.hpp"
#include "nn/layer_checks.hpp"
#include "nn/layers/pytorch_batch_norm.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<BatchNormalization<float>> && LayerWithBuffers<BatchNormalization<double>>);
static_assert(!test::Instantiable<BatchNormalization, int>);

/// With running statistics, gamma and beta that show where they are used.
template <class T>
BatchNormalization<T> used_layer(Index features) {
  BatchNormalization<T> layer({.features = features});
  Rng rng(5);
  for (NamedTensor<T>* tensor : layer.buffers()) {
    tensor->value = random_uniform<T>({features}, rng, T(0.5), T(2));
  }
  for (Parameter<T>* parameter : layer.parameters()) {
    parameter->value = random_uniform<T>({features}, rng, T(0.5), T(2));
  }
  return layer;
}

TEST(BatchNormalization, MatchesHandComputedValues) {
  // Means 2 and 30, variances 1 and 400.
  BatchNormalization<double> layer({.features = 2, .epsilon = 1e-12});
  layer.parameters()[0]->value = array<double>({1, 2});
  layer.parameters()[1]->value = array<double>({0, 5});
  test::Bench bench(layer, array<double>({{1, 10}, {3, 50}}));
  bench.forward();
  test::expect_close(bench.y, array<double>({{-1, 3}, {1, 7}}), 1e-10);
}

TEST(BatchNormalization, EvaluatesByRunningStatistics) {
  BatchNormalization<double> layer({.features = 2, .epsilon = 0.25});
  layer.buffers()[0]->value = array<double>({1, 2});
  layer.buffers()[1]->value = array<double>({0.75, 3.75});
  test::Bench bench(layer, array<double>({{3, 10}}), PassMode::evaluate);
  bench.forward();
  test::expect_close(bench.y, array<double>({{2, 4}}), 1e-15);
}

TEST(BatchNormalization, RunningStatisticsFollowTheBatches) {
  Sequential<double> net{{"bn", BatchNormalization<double>({.features = 2, .momentum = 0.75})}};
  ASSERT_EQ(net.buffers().size(), 2u);
  EXPECT_EQ(net.buffers()[0]->name, "bn.running_mean");
  EXPECT_EQ(net.buffers()[1]->name, "bn.running_variance");
  const auto x = array<double>({{1, 10}, {3, 50}});  // means 2, 30; unbiased variances 2, 800
  net.forward(x);
  test::expect_close(net.buffers()[0]->value, array<double>({0.5, 7.5}), 1e-15);
  test::expect_close(net.buffers()[1]->value, array<double>({1.25, 200.75}), 1e-15);
  net.forward(x, PassMode::evaluate);
  net.predict(x);
  test::expect_close(net.buffers()[0]->value, array<double>({0.5, 7.5}), 1e-15);
  net.forward(x);
  test::expect_close(net.buffers()[0]->value, array<double>({0.875, 13.125}), 1e-15);
}

/// Batch k of pytorch_batch_norm.py.
Tensor<double> pytorch_batch(int k) {
  Tensor<double> x({4, 3, 2, 2});
  for (int i = 0; i < 48; ++i) x.data()[i] = std::sin(i * k) + i % 5;
  return x;
}

TEST(BatchNormalization, RunningStatisticsAreThoseOfPyTorch) {
  namespace pytorch = test::pytorch;
  Sequential<double> net{{"bn", BatchNormalization<double>({.features = 3, .momentum = 0.8})}};
  for (int k = 1; k <= 3; ++k) {
    net.forward(pytorch_batch(k));
    test::expect_close(net.buffers()[0]->value, Tensor<double>({3}, pytorch::running_means[k - 1]),
                       1e-14);
    test::expect_close(net.buffers()[1]->value,
                       Tensor<double>({3}, pytorch::running_variances[k - 1]), 1e-14);
  }
  const Tensor<double> y = net.predict(pytorch_batch(1));
  for (Index n = 0; n < 4; ++n) {
    for (Index c = 0; c < 3; ++c) EXPECT_NEAR(y(n, c, 0, 0), pytorch::evaluated[n][c], 1e-14);
  }
}

TEST(BatchNormalization, RunningVarianceOfTheBookIsBiased) {
  constexpr double momentum = 0.9, epsilon = 1e-6;
  Sequential<double> net{{"bn", BatchNormalization<double>({.features = 3,
                                                            .momentum = momentum,
                                                            .epsilon = epsilon,
                                                            .unbiased_running_variance = false})}};
  for (NamedTensor<double>* statistics : net.buffers()) statistics->value.fill(0);
  Tensor<double> running_mean({3}), running_var({3});
  Rng rng(4);
  for (int step = 0; step < 5; ++step) {
    const auto x = random_normal<double>({5, 3}, rng);
    net.forward(x);
    running_mean = momentum * running_mean + (1 - momentum) * mean(x, 0);
    running_var = momentum * running_var + (1 - momentum) * mean(square(x - mean(x, 0)), 0);
    test::expect_close(net.buffers()[0]->value, running_mean, 1e-15);
    test::expect_close(net.buffers()[1]->value, running_var, 1e-15);
  }
  const auto x = random_normal<double>({5, 3}, rng);
  test::expect_close(net.predict(x), (x - running_mean) / sqrt(running_var + epsilon), 1e-14);
}

TEST(BatchNormalization, ANestedNetworkCollectsStatisticsToo) {
  const Sequential<double> inner{{"bn", BatchNormalization<double>({.features = 3})}};
  Sequential<double> outer{{"inner", inner}};
  Sequential<double> flat = inner;
  Rng rng(2);
  const auto x = random_normal<double>({4, 3}, rng);
  outer.forward(x);
  flat.forward(x);
  ASSERT_EQ(outer.buffers().size(), 2u);
  EXPECT_EQ(outer.buffers()[0]->name, "inner.bn.running_mean");
  test::expect_equal(outer.buffers()[0]->value, flat.buffers()[0]->value);
  test::expect_equal(outer.buffers()[1]->value, flat.buffers()[1]->value);
}

struct BatchNormalizationCase {
  Shape x;
  Index features;
};

class BatchNormalizationOf : public testing::TestWithParam<BatchNormalizationCase> {};
INSTANTIATE_TEST_SUITE_P(Shapes, BatchNormalizationOf,
                         testing::Values(BatchNormalizationCase{{5, 4}, 4},
                                         BatchNormalizationCase{{2, 1}, 1},
                                         BatchNormalizationCase{{9, 300}, 300},
                                         BatchNormalizationCase{{4, 3, 5, 2}, 3},
                                         BatchNormalizationCase{{4, 3, 5, 2}, 30},
                                         BatchNormalizationCase{{3, 2, 4}, 2}));

TEST_P(BatchNormalizationOf, GradientsAgreeWithCentralDifferences) {
  const auto& [shape, features] = GetParam();
  Rng rng(2);
  const auto x = random_normal<double>(shape, rng);
  test::expect_right_gradients(used_layer<double>(features), x, PassMode::evaluate);
  // Of a feature with two numbers every dx is nearly 0, and nothing is left to compare.
  if (x.size() / features < 3) return;
  test::expect_right_gradients(used_layer<double>(features), x, PassMode::train);
}

TEST_P(BatchNormalizationOf, KeepsTheContractOfALayer) {
  const auto& [shape, features] = GetParam();
  Rng rng(2);
  const auto x = random_normal<float>(shape, rng);
  test::expect_contract(used_layer<float>(features), x, PassMode::train);
  test::expect_contract(used_layer<float>(features), x, PassMode::evaluate);
}

TEST(BatchNormalization, IsTheSameForAnyNumberOfThreads) {
  Rng rng(2);
  const auto x = random_normal<float>({32, 16, 20, 20}, rng);
  const int before = thread_count();
  set_thread_count(1);
  test::Bench one(used_layer<float>(16), x);
  one.forward();
  one.backward(x);
  set_thread_count(3);
  test::Bench three(used_layer<float>(16), x);
  three.forward();
  three.backward(x);
  set_thread_count(before);
  test::expect_equal(one.y, three.y);
  test::expect_equal(one.dx, three.dx);
  test::expect_equal(one.gradients[0], three.gradients[0]);
}

TEST(BatchNormalization, WeightDecayIsOfNoParameter) {
  BatchNormalization<float> layer({.features = 3});
  EXPECT_EQ(layer.parameters()[0]->decay_scale, 0);
  EXPECT_EQ(layer.parameters()[1]->decay_scale, 0);
}

TEST(BatchNormalization, ErrorsSayWhatIsWrong) {
  BatchNormalization<float> layer({.features = 4});
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              layer.output_shape({5, 3, 2});
            }),
            "batch normalization: expected x of shape (N, 4, ...) or of 4 numbers to a sample, got "
            "(5, 3, 2)");
  EXPECT_THROW(layer.output_shape({5, 8}), ShapeError);
  EXPECT_THROW(layer.output_shape({5, 2, 4}), ShapeError);
  EXPECT_EQ(
      test::error_of<ValueError>([] { BatchNormalization<float>({.features = 1, .momentum = 2}); }),
      "batch normalization: expected momentum in [0, 1], got 2");
  Sequential<float> net{{"bn", layer}};
  EXPECT_EQ(test::error_of<ValueError>([&] {
              net.forward(ones<float>({1, 4}));
            }),
            "batch normalization: a batch of shape (1, 4) has no variance to train with");
  EXPECT_NO_THROW(net.forward(ones<float>({1, 4, 2})));
  EXPECT_NO_THROW(net.forward(ones<float>({1, 4}), PassMode::evaluate));
}

}  // namespace
}  // namespace dlfs
