#include <gtest/gtest.h>

#include "ch05/layer_naive.hpp"
#include "ch05/two_layer_net.hpp"
#include "ch05/two_layer_net_library.hpp"

namespace dlfs {
namespace {

TEST(Chapter5, MulLayerTurnsItsInputs) {
  ch05::MulLayer layer;
  EXPECT_EQ(layer.forward(100, 2), 200);
  const auto [dx, dy] = layer.backward(1.1);
  EXPECT_EQ(dx, 2.2);
  EXPECT_EQ(dy, 110.00000000000001);
}

TEST(Chapter5, AddLayerPassesOn) {
  const ch05::AddLayer layer;
  EXPECT_EQ(layer.forward(200, 450), 650);
  const auto [dx, dy] = layer.backward(1.1);
  EXPECT_EQ(dx, 1.1);
  EXPECT_EQ(dy, 1.1);
}

TEST(Chapter5, TwoLayerNetByHandPassesTheGradientCheck) {
  Rng rng(1);
  ch05::TwoLayerNet network(6, 5, 4, rng);
  const auto x = random_normal<double>({8, 6}, rng);
  const auto labels = array<std::int32_t>({0, 1, 2, 3, 0, 1, 2, 3});
  const auto numerical = network.numerical_gradient(x, labels);
  const auto gradients = network.gradient(x, labels);
  ASSERT_EQ(gradients.size(), 4u);
  for (const auto& [key, gradient] : gradients) {
    EXPECT_LE(mean(abs(gradient - numerical.at(key))), 1e-6) << key;  // 1e-7 in the logarithm
    EXPECT_TRUE(any_of(gradient)) << key;
  }

  const double before = network.loss(x, labels);
  for (auto& [key, param] : network.params) param -= 0.1 * gradients.at(key);
  EXPECT_LT(network.loss(x, labels), before);
}

TEST(Chapter5, TwoLayerNetPassesTheGradientCheck) {
  Rng rng(1);
  auto network = ch05::two_layer_net<double>(6, 5, 4, rng);
  const auto x = random_normal<double>({8, 6}, rng);
  const auto labels = array<std::int32_t>({0, 1, 2, 3, 0, 1, 2, 3});
  const auto report = check_gradients(network, SoftmaxCrossEntropy<double>(), x, labels);
  ASSERT_EQ(report.tensors.size(), 4u);
  for (const auto& tensor : report.tensors) {
    EXPECT_LE(tensor.mean_difference, 1e-9) << to_string(report);
    EXPECT_FALSE(tensor.all_zero) << tensor.tensor;
  }
}

}  // namespace
}  // namespace dlfs
