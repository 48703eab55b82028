// The convolutions of SimpleConvNet (section 7.5), DeepConvNet (section 8.1), ResNet-50 and VGG-16
// on one thread, in FLOP per second of the plain sum: Winograd's algorithm may exceed the machine's
// peak, which Peak measures. The baselines are oneDNN, where it is installed, in its own layouts,
// by either algorithm (OMP_NUM_THREADS=1 keeps it to one thread), and the reference twins.
#include "dlfs/conv/convolution.hpp"

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "conv/onednn_convolution.hpp"
#include "dlfs/conv/reference/convolution.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/rng.hpp"
#include "fma_peak.hpp"

namespace {

using namespace dlfs;
using bench::Pass;

/// Square images and windows.
struct Layer {
  const char* name;
  Index samples;
  Index channels;
  Index filters;
  Index extent;
  Index kernel;
  Index padding;
  Index stride = 1;

  Window2d window() const { return {.kernel = kernel, .stride = stride, .padding = padding}; }
  Shape x() const { return {samples, channels, extent, extent}; }
  Shape weight() const { return {filters, channels, kernel, kernel}; }
  Shape y() const { return convolution_shape(x(), weight(), window(), 1); }

  void report(benchmark::State& state) const {
    const Index multiplications = y().size() * channels * kernel * kernel;
    state.counters["FLOP"] = benchmark::Counter(2.0 * static_cast<double>(multiplications),
                                                benchmark::Counter::kIsIterationInvariantRate);
  }
};

constexpr Layer layers[] = {
    {"simple/conv1", 100, 1, 30, 28, 5, 0},
    {"deep/conv1", 100, 1, 16, 28, 3, 1},
    {"deep/conv2", 100, 16, 16, 28, 3, 1},
    {"deep/conv3", 100, 16, 32, 14, 3, 1},
    {"deep/conv4", 100, 32, 32, 14, 3, 2},
    {"deep/conv5", 100, 32, 64, 8, 3, 1},
    {"deep/conv6", 100, 64, 64, 8, 3, 1},
    {"resnet/7x7_s2_3_64_224", 4, 3, 64, 224, 7, 3, 2},
    {"resnet/1x1_64_64_56", 4, 64, 64, 56, 1, 0},
    {"resnet/3x3_64_64_56", 4, 64, 64, 56, 3, 1},
    {"resnet/1x1_64_256_56", 4, 64, 256, 56, 1, 0},
    {"resnet/1x1_256_64_56", 4, 256, 64, 56, 1, 0},
    {"resnet/3x3_s2_128_128_56", 4, 128, 128, 56, 3, 1, 2},
    {"resnet/3x3_128_128_28", 4, 128, 128, 28, 3, 1},
    {"resnet/1x1_128_512_28", 4, 128, 512, 28, 1, 0},
    {"resnet/1x1_s2_256_512_56", 4, 256, 512, 56, 1, 0, 2},
    {"resnet/3x3_256_256_14", 4, 256, 256, 14, 3, 1},
    {"resnet/1x1_1024_256_14", 4, 1024, 256, 14, 1, 0},
    {"resnet/3x3_512_512_7", 4, 512, 512, 7, 3, 1},
    {"resnet/1x1_512_2048_7", 4, 512, 2048, 7, 1, 0},
    {"resnet/1x1_2048_512_7", 4, 2048, 512, 7, 1, 0},
    {"vgg/3_64_224", 1, 3, 64, 224, 3, 1},
    {"vgg/64_64_224", 1, 64, 64, 224, 3, 1},
    {"vgg/64_128_112", 1, 64, 128, 112, 3, 1},
    {"vgg/128_128_112", 1, 128, 128, 112, 3, 1},
    {"vgg/128_256_56", 1, 128, 256, 56, 3, 1},
    {"vgg/256_256_56", 1, 256, 256, 56, 3, 1},
    {"vgg/256_512_28", 1, 256, 512, 28, 3, 1},
    {"vgg/512_512_28", 1, 512, 512, 28, 3, 1},
    {"vgg/512_512_14", 1, 512, 512, 14, 3, 1},
};

struct Operands {
  Tensor<float> x, weight, bias, y;

  explicit Operands(const Layer& layer) {
    set_thread_count(1);
    Rng rng(1);
    x = random_normal<float>(layer.x(), rng);
    weight = random_normal<float>(layer.weight(), rng);
    bias = random_normal<float>({layer.filters}, rng);
    y = random_normal<float>(layer.y(), rng);
  }
};

void forward(benchmark::State& state, const Layer& layer) {
  Operands operands(layer);
  for (auto _ : state) {
    convolution(operands.x, operands.weight, operands.bias, layer.window(), 1, operands.y);
    benchmark::ClobberMemory();
  }
  layer.report(state);
}

void backward_input(benchmark::State& state, const Layer& layer) {
  Operands operands(layer);
  for (auto _ : state) {
    convolution_backward_input(operands.y, operands.weight, layer.window(), 1, operands.x);
    benchmark::ClobberMemory();
  }
  layer.report(state);
}

void backward_weights(benchmark::State& state, const Layer& layer) {
  Operands operands(layer);
  for (auto _ : state) {
    convolution_backward_weights(operands.x, operands.y, layer.window(), 1, operands.weight,
                                 operands.bias);
    benchmark::ClobberMemory();
  }
  layer.report(state);
}

/// The reference twins take long, so they have few samples of a small layer.
constexpr Layer reference_layer{"reference", 2, 16, 16, 28, 3, 1};

void forward_reference(benchmark::State& state) {
  const Operands operands(reference_layer);
  for (auto _ : state) {
    benchmark::DoNotOptimize(reference::convolution(operands.x, operands.weight, operands.bias,
                                                    reference_layer.window(), 1));
  }
  reference_layer.report(state);
}
BENCHMARK(forward_reference);

void backward_input_reference(benchmark::State& state) {
  const Operands operands(reference_layer);
  for (auto _ : state) {
    benchmark::DoNotOptimize(reference::convolution_backward_input(
        operands.y, operands.weight, reference_layer.window(), 1, reference_layer.x()));
  }
  reference_layer.report(state);
}
BENCHMARK(backward_input_reference);

void backward_weights_reference(benchmark::State& state) {
  const Operands operands(reference_layer);
  for (auto _ : state) {
    benchmark::DoNotOptimize(reference::convolution_backward_weight(operands.x, operands.y,
                                                                    reference_layer.window(), 1));
    benchmark::DoNotOptimize(reference::convolution_backward_bias(operands.y));
  }
  reference_layer.report(state);
}
BENCHMARK(backward_weights_reference);

void peak(benchmark::State& state) {
  const bench::FmaPeak peak;
  for (auto _ : state) peak.run();
  state.counters["FLOP"] =
      benchmark::Counter(peak.flop(), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(peak);

using Run = void (*)(benchmark::State&, const Layer&);

#if defined(DLFS_HAS_ONEDNN)
template <Pass pass>
void onednn(benchmark::State& state, const Layer& layer, dnnl::algorithm algorithm) {
  try {
    bench::OnednnConvolution convolution(pass, algorithm, layer.x(), layer.weight(),
                                         layer.window());
    for (auto _ : state) convolution.run();
    layer.report(state);
  } catch (const dnnl::error&) {
    state.SkipWithError("oneDNN does not have the algorithm for this layer");
  }
}
template <Pass pass>
void onednn_direct(benchmark::State& state, const Layer& layer) {
  onednn<pass>(state, layer, dnnl::algorithm::convolution_direct);
}
template <Pass pass>
void onednn_winograd(benchmark::State& state, const Layer& layer) {
  onednn<pass>(state, layer, dnnl::algorithm::convolution_winograd);
}
#endif

void add(const Layer& layer, const std::string& pass, Run run) {
  benchmark::RegisterBenchmark((layer.name + ("/" + pass)).c_str(), run, layer)
      ->Unit(benchmark::kMillisecond);
}

/// A pass beside its baselines, so that they are measured one after the other.
template <Pass pass>
void add_pass(const Layer& layer, const std::string& name, Run run) {
  add(layer, name, run);
#if defined(DLFS_HAS_ONEDNN)
  add(layer, name + "/onednn_direct", onednn_direct<pass>);
  if (layer.kernel == 3 && layer.stride == 1) {
    add(layer, name + "/onednn_winograd", onednn_winograd<pass>);
  }
#endif
}

const bool are_registered = [] {
  for (const Layer& layer : layers) {
    add_pass<Pass::forward>(layer, "forward", forward);
    add_pass<Pass::backward_input>(layer, "backward_input", backward_input);
    add_pass<Pass::backward_weights>(layer, "backward_weights", backward_weights);
  }
  return true;
}();

}  // namespace
