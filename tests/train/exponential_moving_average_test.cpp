#include "dlfs/train/exponential_moving_average.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::error_of;

Sequential<double> network_with_weight(double value) {
  Sequential<double> network{
      {"affine", Affine<double>(full<double>({2, 1}, value), Tensor<double>({1}))},
      {"norm", BatchNormalization<double>({.features = 1})}};
  for (NamedTensor<double>* buffer : network.buffers()) buffer->value.fill(value);
  return network;
}

double weight(const NeuralNetwork<double>& network) { return network.parameters()[0]->value(0, 0); }

TEST(ExponentialMovingAverage, FollowsByTheDecayThatGrowsWithTheUpdates) {
  ExponentialMovingAverage<double> average(network_with_weight(1), 0.15);
  const auto target = network_with_weight(3);
  average.update(target);  // d = 1/10
  EXPECT_NEAR(weight(average.network()), 0.1 * 1 + 0.9 * 3, 1e-15);
  average.update(target);  // d = 0.15, not 2/11
  EXPECT_NEAR(weight(average.network()), 0.15 * 2.8 + 0.85 * 3, 1e-15);
}

TEST(ExponentialMovingAverage, AveragesRunningStatisticsAsWell) {
  ExponentialMovingAverage<double> average(network_with_weight(1), 0.9);
  average.update(network_with_weight(3));
  ASSERT_EQ(average.network().buffers().size(), 2u);
  for (const NamedTensor<double>* buffer : average.network().buffers()) {
    EXPECT_NEAR(buffer->value(0), 2.8, 1e-15);
  }
}

TEST(ExponentialMovingAverage, LeavesTheNetworkAlone) {
  const auto network = network_with_weight(3);
  ExponentialMovingAverage<double> average(network_with_weight(1), 0.9);
  average.update(network);
  EXPECT_EQ(weight(network), 3);
}

TEST(ExponentialMovingAverage, RefusesADecayOutOfRangeAndAnotherNetwork) {
  EXPECT_EQ(
      error_of<ValueError>([] { ExponentialMovingAverage<double>(network_with_weight(1), 1); }),
      "weight average: expected a decay in [0, 1), got 1");
  ExponentialMovingAverage<double> average(network_with_weight(1), 0.9);
  EXPECT_EQ(error_of<ShapeError>([&] { average.update(Sequential<double>()); }),
            "weight average: the network is not the one that was averaged so far");
  // As many parameters, but larger ones, or of other names.
  const Sequential<double> larger{
      {"affine", Affine<double>(ones<double>({200, 100}), Tensor<double>({100}))},
      {"norm", BatchNormalization<double>({.features = 100})}};
  EXPECT_THROW(average.update(larger), ShapeError);
  EXPECT_THROW(average.update(Sequential<double>{{"other", network_with_weight(2)}}), ShapeError);
  EXPECT_EQ(weight(average.network()), 1);
  const auto affine = [](Index out) {
    return Sequential<double>{
        {"affine", Affine<double>(ones<double>({1, out}), Tensor<double>({out}))}};
  };
  ExponentialMovingAverage<double> without_buffers(affine(1), 0.9);
  EXPECT_THROW(without_buffers.update(affine(2)), ShapeError);
}

TEST(ExponentialMovingAverage, ArrivesByStepsThatAreLessThanARounding) {
  const auto with_weight = [](float value) {
    return Sequential<float>{
        {"affine", Affine<float>(full<float>({1, 1}, value), Tensor<float>({1}))}};
  };
  ExponentialMovingAverage<float> average(with_weight(1), 0.99);
  for (int i = 0; i < 1000; ++i) average.update(with_weight(1));
  const float target = 1 + 8 * std::numeric_limits<float>::epsilon();
  for (int i = 0; i < 1000; ++i) average.update(with_weight(target));
  EXPECT_EQ(average.network().parameters()[0]->value(0, 0), target);
}

}  // namespace
}  // namespace dlfs
