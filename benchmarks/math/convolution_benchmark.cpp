// The convolutions of SimpleConvNet (section 7.5) and DeepConvNet (section 8.1) on one thread, in
// FLOP per second. The baseline of each is its reference twin, on fewer samples.
#include "dlfs/math/convolution.hpp"

#include <benchmark/benchmark.h>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/math/reference/convolution.hpp"

namespace {

using namespace dlfs;

/// The operands of a layer of C channels, F filters, extent x extent images and so on.
struct Layer {
  Window window;
  Tensor<float> x, weight, bias, y;

  Layer(const benchmark::State& state, Index samples) {
    set_thread_count(1);
    const Index channels = state.range(0);
    const Index filters = state.range(1);
    window = {.kernel = state.range(3), .padding = state.range(4)};
    Rng rng(1);
    x = random_normal<float>({samples, channels, state.range(2), state.range(2)}, rng);
    weight = random_normal<float>({filters, channels, state.range(3), state.range(3)}, rng);
    bias = random_normal<float>({filters}, rng);
    y = random_normal<float>(convolution_shape(x.shape(), weight.shape(), window, 1), rng);
  }

  void report(benchmark::State& state) const {
    const Index multiplications = y.size() * weight.size() / weight.extent(0);
    state.counters["FLOP"] = benchmark::Counter(2.0 * static_cast<double>(multiplications),
                                                benchmark::Counter::kIsIterationInvariantRate);
  }
};

constexpr Index batch = 100;
constexpr Index reference_batch = 2;

void Forward(benchmark::State& state) {
  Layer layer(state, batch);
  for (auto _ : state) {
    convolution(layer.x, layer.weight, layer.bias, layer.window, 1, layer.y);
    benchmark::ClobberMemory();
  }
  layer.report(state);
}

void ForwardReference(benchmark::State& state) {
  const Layer layer(state, reference_batch);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        reference::convolution(layer.x, layer.weight, layer.bias, layer.window, 1));
  }
  layer.report(state);
}

void BackwardInput(benchmark::State& state) {
  Layer layer(state, batch);
  for (auto _ : state) {
    convolution_backward_input(layer.y, layer.weight, layer.window, 1, layer.x);
    benchmark::ClobberMemory();
  }
  layer.report(state);
}

void BackwardInputReference(benchmark::State& state) {
  const Layer layer(state, reference_batch);
  for (auto _ : state) {
    benchmark::DoNotOptimize(reference::convolution_backward_input(
        layer.y, layer.weight, layer.window, 1, layer.x.shape()));
  }
  layer.report(state);
}

void BackwardWeights(benchmark::State& state) {
  Layer layer(state, batch);
  for (auto _ : state) {
    convolution_backward_weights(layer.x, layer.y, layer.window, 1, layer.weight, layer.bias);
    benchmark::ClobberMemory();
  }
  layer.report(state);
}

void BackwardWeightsReference(benchmark::State& state) {
  const Layer layer(state, reference_batch);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        reference::convolution_backward_weight(layer.x, layer.y, layer.window, 1));
    benchmark::DoNotOptimize(reference::convolution_backward_bias(layer.y));
  }
  layer.report(state);
}

void layers(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"C", "F", "extent", "kernel", "padding"});
  benchmark->Unit(benchmark::kMillisecond);
  benchmark->Args({1, 30, 28, 5, 0});  // SimpleConvNet
  benchmark->Args({1, 16, 28, 3, 1});  // and the six of DeepConvNet
  benchmark->Args({16, 16, 28, 3, 1});
  benchmark->Args({16, 32, 14, 3, 1});
  benchmark->Args({32, 32, 14, 3, 2});
  benchmark->Args({32, 64, 8, 3, 1});
  benchmark->Args({64, 64, 8, 3, 1});
}
BENCHMARK(Forward)->Apply(layers);
BENCHMARK(ForwardReference)->Apply(layers);
BENCHMARK(BackwardInput)->Apply(layers);
BENCHMARK(BackwardInputReference)->Apply(layers);
BENCHMARK(BackwardWeights)->Apply(layers);
BENCHMARK(BackwardWeightsReference)->Apply(layers);

}  // namespace
