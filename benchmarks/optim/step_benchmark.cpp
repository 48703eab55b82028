// One step of each optimizer on one thread, in bytes of parameters, gradients and state that are
// read and written per second; the baselines are the formulas on raw Eigen, which makes a pass over
// memory for each statement, and a copy.
#include <algorithm>
#include <array>
#include <cmath>

#include <benchmark/benchmark.h>

#include <dlfs/dlfs.hpp>

namespace dlfs {
namespace {

Parameter<float> parameter(Index size) {
  Rng rng(1);
  Parameter<float> result("w", random_normal<float>({size}, rng));
  result.gradient = random_normal<float>({size}, rng);
  return result;
}

void count_traffic(benchmark::State& state, Index reads_and_writes) {
  state.SetBytesProcessed(state.iterations() * state.range(0) * reads_and_writes *
                          Index{sizeof(float)});
}

template <class O, Index reads_and_writes>
void step(benchmark::State& state) {
  set_thread_count(1);
  auto w = parameter(state.range(0));
  std::array<Parameter<float>*, 1> parameters{&w};
  O optimizer;
  optimizer.step(parameters);  // takes its memory
  for (auto _ : state) {
    optimizer.step(parameters);
    benchmark::ClobberMemory();
  }
  count_traffic(state, reads_and_writes);
}

void sgd_dlfs(benchmark::State& state) { step<Sgd<float>, 3>(state); }
void momentum_dlfs(benchmark::State& state) { step<Momentum<float>, 5>(state); }
void adam_dlfs(benchmark::State& state) { step<Adam<float>, 7>(state); }

void sgd_eigen(benchmark::State& state) {
  auto w = parameter(state.range(0));
  for (auto _ : state) {
    as_array(w.value) -= 0.01f * as_array(w.gradient);
    benchmark::ClobberMemory();
  }
  count_traffic(state, 3);
}

void momentum_eigen(benchmark::State& state) {
  auto w = parameter(state.range(0));
  Tensor<float> v(w.value.shape());
  for (auto _ : state) {
    as_array(v) = 0.9f * as_array(v) - 0.01f * as_array(w.gradient);
    as_array(w.value) += as_array(v);
    benchmark::ClobberMemory();
  }
  count_traffic(state, 5);
}

void adam_eigen(benchmark::State& state) {
  auto w = parameter(state.range(0));
  Tensor<float> first(w.value.shape()), second(w.value.shape());
  auto m = as_array(first), v = as_array(second), dw = as_array(w.gradient);
  for (auto _ : state) {
    m += 0.1f * (dw - m);
    v += 0.001f * (dw.square() - v);
    as_array(w.value) -= 0.001f * m / (v.sqrt() + 1e-7f);
    benchmark::ClobberMemory();
  }
  count_traffic(state, 7);
}

void copy(benchmark::State& state) {
  const Tensor<float> x({state.range(0)});
  Tensor<float> y(x.shape());
  for (auto _ : state) {
    std::copy(x.begin(), x.end(), y.begin());
    benchmark::ClobberMemory();
  }
  count_traffic(state, 2);
}

// In the first-level cache, in the second, the parameters of SimpleConvNet, and in memory.
void sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(1 << 10)->Arg(32 << 10)->Arg(433890)->Arg(16 << 20);
}
BENCHMARK(copy)->Apply(sizes);
BENCHMARK(sgd_dlfs)->Apply(sizes);
BENCHMARK(sgd_eigen)->Apply(sizes);
BENCHMARK(momentum_dlfs)->Apply(sizes);
BENCHMARK(momentum_eigen)->Apply(sizes);
BENCHMARK(adam_dlfs)->Apply(sizes);
BENCHMARK(adam_eigen)->Apply(sizes);

}  // namespace
}  // namespace dlfs
