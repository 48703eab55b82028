#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/net/neural_network.hpp"
#include "dlfs/tools/text_table.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The cost of a layer in one direction of a training step.
struct PassCost {
  double milliseconds = 0;  ///< sum over all threads
  Index flops = 0;          ///< FLOP of matrix products and convolutions

  /// Billions of floating-point operations per second and thread.
  double gflops_per_second() const {
    return milliseconds > 0 ? static_cast<double>(flops) / milliseconds * 1e-6 : 0;
  }
};

/// What one layer costs.
struct LayerProfile {
  std::string name;   ///< the layer's name
  std::string kind;   ///< the layer's kind, such as "convolution"
  PassCost forward;   ///< cost of `forward`
  PassCost backward;  ///< cost of `backward`
};

/// The distribution of a training step's time.
struct Profile {
  std::vector<LayerProfile> layers;  ///< the layers in their order

  /// Milliseconds of all layers in both directions.
  double milliseconds() const {
    double sum = 0;
    for (const auto& layer : layers) {
      sum += layer.forward.milliseconds + layer.backward.milliseconds;
    }
    return sum;
  }
};

/// Options of profile.
struct ProfileOptions {
  Index steps = 20;  ///< their median is reported; one more step before them is not measured

  /// @throws ValueError, naming the option that is out of its range.
  void check() const { detail::expect_option("profile", "steps", steps, detail::at_least(1)); }
};

namespace detail {

/// The cost of the tiles of a step so far, summed over all threads.
struct CostCounter {
  std::atomic<std::int64_t> nanoseconds{0};
  std::atomic<Index> flops{0};

  template <class Work>
  void count(Index work_flops, Work&& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - begin;
    nanoseconds.fetch_add(time.count(), std::memory_order_relaxed);
    flops.fetch_add(work_flops, std::memory_order_relaxed);
  }
};

/// A layer that measures the time of another layer and otherwise behaves like it, so that the
/// network uses the same tiles. Copies share the counters.
template <std::floating_point T>
class TimedLayer {
 public:
  using Scalar = T;

  TimedLayer(std::string name, AnyLayer<T> layer)
      : name_(std::move(name)), layer_(std::move(layer)) {}

  const std::string& name() const& { return name_; }

  LayerTraits traits() const { return layer_.traits(); }
  Shape output_shape(std::span<const Shape> x) const { return layer_.output_shape(x); }
  Index saved_bytes(std::span<const Shape> x) const { return layer_.saved_bytes(x); }
  void forward(const ForwardPass<T>& pass) const {
    counters_->forward.count(flops(pass), [&] { layer_.forward(pass); });
  }
  void backward(const BackwardPass<T>& pass) const {
    // Each of the two gradients, of the weights and of x, costs as much as the forward pass.
    const Index gradients = pass.needs_dx() ? 2 : 1;
    counters_->backward.count(gradients * flops(pass), [&] { layer_.backward(pass); });
  }
  std::vector<Parameter<T>*> parameters() { return layer_.parameters(); }
  std::vector<NamedTensor<T>*> buffers() { return layer_.buffers(); }
  void update_buffers(std::span<const Shape> x, const std::byte* saved) {
    layer_.update_buffers(x, saved);
  }

  CostCounter& forward_counter() { return counters_->forward; }
  CostCounter& backward_counter() { return counters_->backward; }

 private:
  struct Counters {
    CostCounter forward;
    CostCounter backward;
  };

  template <class Pass>
  Index flops(const Pass& pass) const {
    std::vector<Shape> shapes;
    for (const auto& x : pass.inputs) shapes.push_back(x.shape());
    return layer_.flops(shapes);
  }

  std::string name_;
  AnyLayer<T> layer_;
  std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
};

/// The cost of one direction of one layer over the steps.
class CostSamples {
 public:
  /// Records the counts of a step and resets the counter.
  void take(CostCounter& counter) {
    milliseconds_.push_back(static_cast<double>(counter.nanoseconds.exchange(0)) * 1e-6);
    flops_ = counter.flops.exchange(0);
  }
  void clear() { milliseconds_.clear(); }

  PassCost median() {
    const auto middle = milliseconds_.begin() + static_cast<Index>(milliseconds_.size() / 2);
    std::nth_element(milliseconds_.begin(), middle, milliseconds_.end());
    return {*middle, flops_};
  }

 private:
  std::vector<double> milliseconds_;
  Index flops_ = 0;
};

}  // namespace detail

/// Times every layer of a network in training steps on a batch x (N, ...). The network runs as
/// usual, in tiles and on several threads. The loss and the optimizer are not included. The network
/// itself does not change.
/// @throws ShapeError, naming the layer, if x does not fit; ValueError for less than one step.
template <std::floating_point T>
Profile profile(const NeuralNetwork<T>& network, const Tensor<T>& x,
                const ProfileOptions& options = {}) {
  options.check();
  NeuralNetwork<T> timed = network;
  std::vector<detail::TimedLayer<T>> layers;
  timed.replace_layers([&](const std::string& name, AnyLayer<T> layer) {
    layers.emplace_back(name, std::move(layer));
    return layers.back();
  });
  const auto dy = ones<T>(network.output_shape(x.shape()));
  std::vector<std::array<detail::CostSamples, 2>> samples(layers.size());
  for (Index step = -1; step < options.steps; ++step) {
    timed.forward(x);
    timed.backward(dy);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      samples[i][0].take(layers[i].forward_counter());
      samples[i][1].take(layers[i].backward_counter());
      if (step >= 0) continue;
      for (auto& direction : samples[i]) direction.clear();
    }
  }
  Profile profile;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    profile.layers.push_back({layers[i].name(), std::string(layers[i].traits().kind),
                              samples[i][0].median(), samples[i][1].median()});
  }
  return profile;
}

/// A table of each layer and the total: milliseconds and GFLOP/s of both directions, and the
/// layer's share of the time.
inline std::string to_string(const Profile& profile) {
  std::vector<std::vector<std::string>> rows{
      {"layer", "kind", "forward ms", "GFLOP/s", "backward ms", "GFLOP/s", "share"}};
  const double total = profile.milliseconds();
  const auto add = [&](const LayerProfile& layer) {
    const auto rate = [](const PassCost& cost) {
      return cost.flops == 0 ? "" : detail::fixed(cost.gflops_per_second(), 1);
    };
    const double time = layer.forward.milliseconds + layer.backward.milliseconds;
    rows.push_back({layer.name, layer.kind, detail::fixed(layer.forward.milliseconds, 3),
                    rate(layer.forward), detail::fixed(layer.backward.milliseconds, 3),
                    rate(layer.backward),
                    detail::fixed(total > 0 ? 100 * time / total : 0, 1) + " %"});
  };
  LayerProfile sum{"total", "", {}, {}};
  const auto add_to = [](PassCost& to, const PassCost& cost) {
    to.milliseconds += cost.milliseconds;
    to.flops += cost.flops;
  };
  for (const LayerProfile& layer : profile.layers) {
    add(layer);
    add_to(sum.forward, layer.forward);
    add_to(sum.backward, layer.backward);
  }
  add(sum);
  return detail::text_table(rows, 2);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
