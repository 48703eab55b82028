#pragma once

#include <algorithm>
#include <concepts>
#include <utility>

#include "dlfs/math/simd/kernels.hpp"
#include "dlfs/net/sequential.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A network whose weights and running statistics are an average of another's over its updates,
/// where the latest count most: it classifies better than the one that is trained, whose last
/// steps lead to and fro.
///
///   WeightAverage<float> average(network, 0.999);
///   trainer.on_step([&](const StepRecord&) { average.update(network); });
///
///   average <- d average + (1 - d) network, where d = min(decay, (1 + updates) / (10 + updates))
///
/// Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992);
/// the decay that grows is TensorFlow's ExponentialMovingAverage.
template <std::floating_point T>
class WeightAverage {
 public:
  /// @throws ValueError unless 0 <= decay < 1.
  WeightAverage(const Sequential<T>& network, double decay) : network_(network), decay_(decay) {
    if (decay >= 0 && decay < 1) return;
    throw ValueError("weight average: expected a decay in [0, 1), got ", decay);
  }

  /// After every update of the network that is averaged.
  /// @throws ShapeError where it is not the network that was given first.
  void update(const Sequential<T>& network) {
    expect_same(network.parameters(), std::as_const(network_).parameters());
    expect_same(network.buffers(), std::as_const(network_).buffers());
    const auto n = static_cast<double>(updates_++);
    const T part = static_cast<T>(1 - std::min(decay_, (1 + n) / (10 + n)));
    approach(part, network.parameters(), network_.parameters());
    approach(part, network.buffers(), network_.buffers());
  }

  const Sequential<T>& network() const& { return network_; }
  const Sequential<T>& network() const&& = delete;

 private:
  /// Of their number, names and shapes.
  template <class Tensors>
  static void expect_same(const Tensors& targets, const Tensors& averages) {
    const auto is_same = [](const auto* target, const auto* average) {
      return target->name == average->name && target->value.shape() == average->value.shape();
    };
    if (std::ranges::equal(targets, averages, is_same)) return;
    throw ShapeError("weight average: the network is not the one that was averaged so far");
  }

  template <class Targets, class Tensors>
  static void approach(T part, const Targets& targets, const Tensors& averages) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const Tensor<T>& target = targets[i]->value;
      simd::map(
          [part]<class V>(const V& to, V& average) {
            simd::multiply_add<V>(to - average, part, average, average);
          },
          target.size(), target.data(), averages[i]->value.data());
    }
  }

  Sequential<T> network_;
  double decay_;
  Index updates_ = 0;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
