// The pooling of SimpleConvNet (section 7.5), 100 samples of 30 x 24 x 24 on one thread, in bytes
// of x, y and argmax per second; with a window of 2 at stride 2, and with one of 3 at stride 2.
// The baseline of each is its reference twin, on fewer samples; that of the memory is copying x.
#include "dlfs/conv/pooling.hpp"

#include <algorithm>

#include <benchmark/benchmark.h>

#include "dlfs/conv/reference/pooling.hpp"
#include "dlfs/core/rng.hpp"

namespace {

using namespace dlfs;

/// The operands of a pooling with the kernel that the benchmark's argument says.
struct Layer {
  Window2d window;
  Tensor<float> x, y;
  Tensor<std::uint16_t> argmax;

  Layer(const benchmark::State& state, Index samples)
      : window{.kernel = state.range(0), .stride = 2, .padding = state.range(0) == 3} {
    Rng rng(1);
    x = random_normal<float>({samples, 30, 24, 24}, rng);
    y = Tensor<float>(pooling_shape(x.shape(), window, "benchmark"));
    argmax = Tensor<std::uint16_t>(y.shape());
    max_pooling(x, window, y, argmax.data());
  }

  void report(benchmark::State& state, bool with_winners) const {
    const auto bytes = static_cast<Index>(sizeof(float)) * (x.size() + y.size()) +
                       (with_winners ? 2 * y.size() : 0);
    state.SetBytesProcessed(state.iterations() * bytes);
  }
};

constexpr Index batch = 100;
constexpr Index reference_batch = 10;

void CopyImages(benchmark::State& state) {
  Rng rng(1);
  const auto x = random_normal<float>({batch, 30, 24, 24}, rng);
  Tensor<float> y(x.shape());
  for (auto _ : state) {
    std::copy(x.begin(), x.end(), y.begin());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 2 * x.size() *
                          static_cast<std::int64_t>(sizeof(float)));
}
BENCHMARK(CopyImages)->Unit(benchmark::kMicrosecond);

void MaxPooling(benchmark::State& state) {
  Layer layer(state, batch);
  for (auto _ : state) {
    max_pooling(layer.x, layer.window, layer.y, layer.argmax.data());
    benchmark::ClobberMemory();
  }
  layer.report(state, true);
}

void MaxPoolingInference(benchmark::State& state) {
  Layer layer(state, batch);
  for (auto _ : state) {
    max_pooling(layer.x, layer.window, layer.y);
    benchmark::ClobberMemory();
  }
  layer.report(state, false);
}

void MaxPoolingReference(benchmark::State& state) {
  const Layer layer(state, reference_batch);
  for (auto _ : state) benchmark::DoNotOptimize(reference::max_pooling(layer.x, layer.window));
  layer.report(state, true);
}

void MaxPoolingBackward(benchmark::State& state) {
  Layer layer(state, batch);
  for (auto _ : state) {
    max_pooling_backward(layer.y, layer.argmax.data(), layer.window, layer.x);
    benchmark::ClobberMemory();
  }
  layer.report(state, true);
}

void MaxPoolingBackwardReference(benchmark::State& state) {
  const Layer layer(state, reference_batch);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        reference::max_pooling_backward(layer.y, layer.argmax, layer.window, layer.x.shape()));
  }
  layer.report(state, true);
}

void AveragePooling(benchmark::State& state) {
  Layer layer(state, batch);
  for (auto _ : state) {
    average_pooling(layer.x, layer.window, layer.y);
    benchmark::ClobberMemory();
  }
  layer.report(state, false);
}

void AveragePoolingReference(benchmark::State& state) {
  const Layer layer(state, reference_batch);
  for (auto _ : state) benchmark::DoNotOptimize(reference::average_pooling(layer.x, layer.window));
  layer.report(state, false);
}

void AveragePoolingBackward(benchmark::State& state) {
  Layer layer(state, batch);
  for (auto _ : state) {
    average_pooling_backward(layer.y, layer.window, layer.x);
    benchmark::ClobberMemory();
  }
  layer.report(state, false);
}

void AveragePoolingBackwardReference(benchmark::State& state) {
  const Layer layer(state, reference_batch);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        reference::average_pooling_backward(layer.y, layer.window, layer.x.shape()));
  }
  layer.report(state, false);
}

void kernels(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("kernel")->Arg(2)->Arg(3)->Unit(benchmark::kMicrosecond);
}
BENCHMARK(MaxPooling)->Apply(kernels);
BENCHMARK(MaxPoolingInference)->Apply(kernels);
BENCHMARK(MaxPoolingReference)->Apply(kernels);
BENCHMARK(MaxPoolingBackward)->Apply(kernels);
BENCHMARK(MaxPoolingBackwardReference)->Apply(kernels);
BENCHMARK(AveragePooling)->Apply(kernels);
BENCHMARK(AveragePoolingReference)->Apply(kernels);
BENCHMARK(AveragePoolingBackward)->Apply(kernels);
BENCHMARK(AveragePoolingBackwardReference)->Apply(kernels);

}  // namespace
