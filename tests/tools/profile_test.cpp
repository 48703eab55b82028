#include "dlfs/tools/profile.hpp"

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/identity.hpp"
#include "dlfs/nn/layers/relu.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

struct SlowOnTheWayBack : Identity<float> {
  void backward(const BackwardPass<float>& pass) const {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Identity<float>::backward(pass);
  }
};

Sequential<float> network() {
  Rng rng(1);
  return {{"conv1", Convolution<float>({.in = 1, .filters = 2, .kernel = 3}, He{}, rng)},
          {"batch_norm1", BatchNormalization<float>({.features = 2})},
          {"slow1", SlowOnTheWayBack()},
          {"conv2", Convolution<float>({.in = 2, .filters = 3, .kernel = 3}, He{}, rng)},
          {"affine1", Affine<float>({.in = 48, .out = 10}, He{}, rng)}};
}

Tensor<float> batch() {
  Rng rng(2);
  return random_normal<float>({4, 1, 8, 8}, rng);
}

TEST(Profile, CountsTheFlopsOfBothDirections) {
  const auto result = profile(network(), batch(), {.steps = 1});
  ASSERT_EQ(result.layers.size(), 5u);
  EXPECT_EQ(result.layers[0].name, "conv1");
  EXPECT_EQ(result.layers[0].kind, "convolution");
  const Index conv1 = 2 * 4 * 2 * 36 * 9;
  EXPECT_EQ(result.layers[0].forward.flops, conv1);
  EXPECT_EQ(result.layers[0].backward.flops, conv1);  // nobody wants the gradient by the images
  EXPECT_EQ(result.layers[1].forward.flops, 0);
  const Index affine1 = 2 * 4 * 48 * 10;
  EXPECT_EQ(result.layers[4].forward.flops, affine1);
  EXPECT_EQ(result.layers[4].backward.flops, 2 * affine1);
}

TEST(Profile, FindsTheSlowLayerAndItsDirection) {
  const auto result = profile(network(), batch(), {.steps = 3});
  const LayerProfile& slow = result.layers[2];
  EXPECT_GE(slow.backward.milliseconds, 5);
  EXPECT_LT(slow.forward.milliseconds, slow.backward.milliseconds);
  double others = 0;
  for (const auto& layer : result.layers) {
    EXPECT_GT(layer.forward.milliseconds, 0) << layer.name;
    EXPECT_GT(layer.backward.milliseconds, 0) << layer.name;
    others += layer.forward.milliseconds + layer.backward.milliseconds;
  }
  EXPECT_NEAR(result.milliseconds(), others, 1e-9);
}

TEST(Profile, LeavesTheNetworkAsItWas) {
  const auto original = network();
  const auto copy = original;
  profile(copy, batch(), {.steps = 2});
  EXPECT_EQ(copy.parameters()[0]->name, "conv1.weight");
  EXPECT_EQ(copy.buffers()[0]->value(0), original.buffers()[0]->value(0));
}

TEST(Profile, PrintsATable) {
  const Profile result{
      {{"conv1", "convolution", {2, 4000000}, {5, 8000000}}, {"relu1", "relu", {1, 0}, {2, 0}}}};
  EXPECT_EQ(to_string(result),
            "layer  kind         forward ms  GFLOP/s  backward ms  GFLOP/s    share\n"
            "conv1  convolution       2.000      2.0        5.000      1.6   70.0 %\n"
            "relu1  relu              1.000                 2.000            30.0 %\n"
            "total                    3.000      1.3        7.000      1.1  100.0 %\n");
}

TEST(Profile, NoStepIsAnError) {
  EXPECT_EQ(test::error_of<ValueError>([] { profile(network(), batch(), {.steps = 0}); }),
            "profile: expected steps of at least 1, got 0");
}

}  // namespace
}  // namespace dlfs
