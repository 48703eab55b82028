#pragma once

#include <algorithm>
#include <concepts>
#include <utility>
#include <vector>

#include "dlfs/net/neural_network.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A network whose weights and running statistics are moving averages of another network's, which
/// is being trained. It usually classifies better, because the last training steps oscillate.
///
///   ExponentialMovingAverage<float> average(network, 0.999);
///   trainer.on_step([&](const StepRecord&) { average.update(network); });
///
///   average <- d average + (1 - d) network, where d = min(decay, (1 + updates) / (10 + updates))
///
/// Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992); the
/// growing decay is that of TensorFlow's ExponentialMovingAverage.
template <std::floating_point T>
class ExponentialMovingAverage {
 public:
  /// @throws ValueError unless 0 <= decay < 1.
  ExponentialMovingAverage(const NeuralNetwork<T>& network, double decay)
      : network_(network), decay_(decay) {
    if (!(decay >= 0 && decay < 1)) {
      throw ValueError("weight average: expected a decay in [0, 1), got ", decay);
    }
    for (const auto* each : network.parameters()) rests_.emplace_back(each->value.shape());
    for (const auto* each : network.buffers()) rests_.emplace_back(each->value.shape());
  }

  /// Call it after every update of the trained network.
  /// @throws ShapeError unless the network is like the one in the constructor.
  void update(const NeuralNetwork<T>& network) {
    expect_same(network.parameters(), std::as_const(network_).parameters());
    expect_same(network.buffers(), std::as_const(network_).buffers());
    const auto n = static_cast<double>(updates_++);
    const T part = static_cast<T>(1 - std::min(decay_, (1 + n) / (10 + n)));
    auto rest = rests_.begin();
    approach(part, network.parameters(), network_.parameters(), rest);
    approach(part, network.buffers(), network_.buffers(), rest);
  }

  /// The network with the averages.
  const NeuralNetwork<T>& network() const& { return network_; }
  const NeuralNetwork<T>& network() const&& = delete;

 private:
  /// Compares the number, names and shapes of tensors.
  template <class Tensors>
  static void expect_same(const Tensors& targets, const Tensors& averages) {
    const auto is_same = [](const auto* target, const auto* average) {
      return target->name == average->name && target->value.shape() == average->value.shape();
    };
    if (std::equal(targets.begin(), targets.end(), averages.begin(), averages.end(), is_same)) {
      return;
    }
    throw ShapeError("weight average: the network is not the one that was averaged so far");
  }

  template <class Targets, class Tensors, class Rest>
  static void approach(T part, const Targets& targets, const Tensors& averages, Rest& rest) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const Tensor<T>& target = targets[i]->value;
      simd::map(
          [part]<class V>(const V& to, V& average, V& lost) {
            V change;
            simd::multiply_add<V>((to - average) - lost, part, lost, change);
            const V next = average + change;
            lost = change - (next - average);
            average = next;
          },
          target.size(), target.data(), averages[i]->value.data(), (rest++)->data());
    }
  }

  NeuralNetwork<T> network_;
  // The rounding error of each average, because a step may be less than its last digit.
  std::vector<Tensor<T>> rests_;
  double decay_;
  Index updates_ = 0;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
