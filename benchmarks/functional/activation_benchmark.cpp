#include "dlfs/functional/activation.hpp"

#include <benchmark/benchmark.h>

#include "dlfs/functional/reference/activation.hpp"

namespace dlfs {
namespace {

Tensor<float> alternating(Index size) {
  Tensor<float> x({size});
  for (Index i = 0; i < size; ++i) x(i) = i % 2 == 0 ? 0.5f : -0.5f;
  return x;
}

template <class Kernel>
void run_forward(benchmark::State& state, const Kernel& kernel) {
  const auto x = alternating(state.range(0));
  Tensor<float> y(x.shape());
  for (auto _ : state) {
    kernel(x, y);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 2 * x.size() * Index{sizeof(float)});
}

template <class Kernel>
void run_backward(benchmark::State& state, const Kernel& kernel) {
  const auto y = alternating(state.range(0));
  Tensor<float> dx(y.shape());
  for (auto _ : state) {
    kernel(y, y, dx);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 3 * y.size() * Index{sizeof(float)});
}

void relu_dlfs(benchmark::State& state) {
  run_forward(state, [](const auto& x, auto& y) { relu(x, y); });
}
void relu_eigen(benchmark::State& state) {
  run_forward(state, [](const auto& x, auto& y) { as_array(y) = as_array(x).cwiseMax(0.0f); });
}
void relu_reference(benchmark::State& state) {
  run_forward(state, [](const auto& x, auto& y) { reference::relu(x, y); });
}
void relu_backward_dlfs(benchmark::State& state) {
  run_backward(state, [](const auto& y, const auto& dy, auto& dx) { relu_backward(y, dy, dx); });
}
void relu_backward_eigen(benchmark::State& state) {
  run_backward(state, [](const auto& y, const auto& dy, auto& dx) {
    as_array(dx) = (as_array(y) > 0.0f).select(as_array(dy), 0.0f);
  });
}
void sigmoid_dlfs(benchmark::State& state) {
  run_forward(state, [](const auto& x, auto& y) { sigmoid(x, y); });
}
void sigmoid_eigen(benchmark::State& state) {
  run_forward(state, [](const auto& x, auto& y) { as_array(y) = as_array(x).logistic(); });
}
void sigmoid_reference(benchmark::State& state) {
  run_forward(state, [](const auto& x, auto& y) { reference::sigmoid(x, y); });
}

// In the first-level cache, in the second, and in memory.
void sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(2 << 10)->Arg(64 << 10)->Arg(16 << 20);
}
BENCHMARK(relu_dlfs)->Apply(sizes);
BENCHMARK(relu_eigen)->Apply(sizes);
BENCHMARK(relu_reference)->Apply(sizes);
BENCHMARK(relu_backward_dlfs)->Apply(sizes);
BENCHMARK(relu_backward_eigen)->Apply(sizes);
BENCHMARK(sigmoid_dlfs)->Apply(sizes);
BENCHMARK(sigmoid_eigen)->Apply(sizes);
BENCHMARK(sigmoid_reference)->Apply(sizes);

}  // namespace
}  // namespace dlfs
