#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include <benchmark/benchmark.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/nn/losses/binary_cross_entropy.hpp"
#include "dlfs/nn/losses/huber.hpp"
#include "dlfs/nn/losses/kullback_leibler.hpp"
#include "dlfs/nn/losses/mean_absolute_error.hpp"
#include "dlfs/nn/losses/mean_squared_error.hpp"
#include "dlfs/nn/losses/sigmoid_focal.hpp"
#include "dlfs/nn/losses/softmax_cross_entropy.hpp"

// Losses with their gradients, beside plain loops of their formulas.

namespace dlfs {
namespace {

constexpr Index batch = 100;

template <class L>
void loss(benchmark::State& state, L loss) {
  Rng rng(1);
  const Shape shape{batch, state.range(0)};
  const auto y = random_normal<float>(shape, rng);
  const auto t = random_uniform<float>(shape, rng, 0, 1);
  for (auto _ : state) benchmark::DoNotOptimize(loss.forward(y, t));
  state.SetItemsProcessed(state.iterations() * y.size());
}

/// `formula(y, t)` gives the loss and the slope of one element.
template <class Formula>
void plain_loop(benchmark::State& state, const Formula& formula) {
  Rng rng(1);
  const Shape shape{batch, state.range(0)};
  const auto y = random_normal<float>(shape, rng);
  const auto t = random_uniform<float>(shape, rng, 0, 1);
  Tensor<float> dy(shape);
  const float scale = 1 / static_cast<float>(y.size());
  for (auto _ : state) {
    double sum = 0;
    for (Index i = 0; i < y.size(); ++i) {
      const auto [value, slope] = formula(y.data()[i], t.data()[i]);
      sum += static_cast<double>(value);
      dy.data()[i] = slope * scale;
    }
    benchmark::DoNotOptimize(sum);
    benchmark::DoNotOptimize(dy.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * y.size());
}

using Pair = std::pair<float, float>;

constexpr auto squared = [](float y, float t) { return Pair{(y - t) * (y - t), 2 * (y - t)}; };
constexpr auto absolute = [](float y, float t) {
  return Pair{std::abs(y - t), static_cast<float>((y > t) - (y < t))};
};
constexpr auto huber = [](float y, float t) {
  const float slope = std::clamp(y - t, -1.f, 1.f);
  return Pair{slope * (y - t - slope / 2), slope};
};
constexpr auto binary = [](float y, float t) {
  const float p = 1 / (1 + std::exp(-y));
  return Pair{std::max(y, 0.f) - t * y + std::log1p(std::exp(-std::abs(y))), p - t};
};
constexpr auto focal = [](float y, float t) {
  const auto [entropy, slope] = binary(y, t);
  const float p = 1 / (1 + std::exp(-y));
  const float m = p + t - 2 * p * t;
  const float weight = 0.25f * t + 0.75f * (1 - t);
  return Pair{weight * m * m * entropy,
              weight * m * (m * slope + 2 * p * (1 - p) * (1 - 2 * t) * entropy)};
};

#define DLFS_BENCHMARK_LOSS(name, make, formula)           \
  BENCHMARK_CAPTURE(loss, name, make)->Arg(10)->Arg(1000); \
  BENCHMARK_CAPTURE(plain_loop, name, formula)->Arg(10)->Arg(1000)
DLFS_BENCHMARK_LOSS(mean_squared_error, MeanSquaredError<float>(), squared);
DLFS_BENCHMARK_LOSS(mean_absolute_error, MeanAbsoluteError<float>(), absolute);
DLFS_BENCHMARK_LOSS(huber, Huber<float>(), huber);
DLFS_BENCHMARK_LOSS(binary_cross_entropy, BinaryCrossEntropy<float>(), binary);
DLFS_BENCHMARK_LOSS(sigmoid_focal, SigmoidFocal<float>(), focal);

template <class T>
Tensor<T> scores(const Shape& shape) {
  Rng rng(1);
  return random_normal<T>(shape, rng);
}

/// The shape of a batch of rows, or of one of few images.
Shape logits_of(benchmark::State& state) {
  if (state.range(1) == 1) return {batch, state.range(0)};
  return {2, state.range(0), state.range(1), state.range(1)};
}

void softmax_of_labels(benchmark::State& state) {
  const auto logits = scores<float>(logits_of(state));
  Shape shape = logits.shape().axes(0, 1);
  for (int axis = 2; axis < logits.rank(); ++axis) shape.push_back(logits.extent(axis));
  Labels labels(shape);
  for (Index i = 0; i < labels.size(); ++i) {
    labels.data()[i] = static_cast<std::int32_t>(i % state.range(0));
  }
  SoftmaxCrossEntropy<float> loss;
  for (auto _ : state) benchmark::DoNotOptimize(loss.forward(logits, labels));
  state.SetItemsProcessed(state.iterations() * logits.size());
}

template <class L>
void softmax_of_distributions(benchmark::State& state, L loss) {
  const auto logits = scores<float>(logits_of(state));
  const auto targets = full<float>(logits.shape(), 1 / static_cast<float>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(loss.forward(logits, targets));
  state.SetItemsProcessed(state.iterations() * logits.size());
}

void softmax_plain_loop(benchmark::State& state) {
  const auto logits = scores<float>(logits_of(state));
  const Index classes = state.range(0);
  const Index positions = state.range(1) * state.range(1);
  Tensor<float> gradient(logits.shape());
  const Index count = logits.size() / classes;
  const float scale = 1 / static_cast<float>(count);
  for (auto _ : state) {
    double sum = 0;
    for (Index i = 0; i < count; ++i) {
      const Index first = i / positions * classes * positions + i % positions;
      const float* const s = logits.data() + first;
      float* const g = gradient.data() + first;
      float largest = *s;
      for (Index c = 1; c < classes; ++c) largest = std::max(largest, s[c * positions]);
      float total = 0;
      for (Index c = 0; c < classes; ++c) {
        total += g[c * positions] = std::exp(s[c * positions] - largest);
      }
      for (Index c = 0; c < classes; ++c) g[c * positions] *= scale / total;
      const Index label = i % classes;
      g[label * positions] -= scale;
      sum += static_cast<double>(std::log(total) + largest - s[label * positions]);
    }
    benchmark::DoNotOptimize(sum);
    benchmark::DoNotOptimize(gradient.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * logits.size());
}

BENCHMARK(softmax_of_labels)->Args({10, 1})->Args({1000, 1})->Args({21, 128});
BENCHMARK(softmax_plain_loop)->Args({10, 1})->Args({1000, 1})->Args({21, 128});
BENCHMARK_CAPTURE(softmax_of_distributions, plain, SoftmaxCrossEntropy<float>())
    ->Args({10, 1})
    ->Args({21, 128});
BENCHMARK_CAPTURE(softmax_of_distributions, smoothed,
                  SoftmaxCrossEntropy<float>({.label_smoothing = 0.1}))
    ->Args({10, 1})
    ->Args({21, 128});
BENCHMARK_CAPTURE(softmax_of_distributions, kullback_leibler, KullbackLeibler<float>())
    ->Args({10, 1})
    ->Args({21, 128});

}  // namespace
}  // namespace dlfs
