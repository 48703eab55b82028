#include "dlfs/tensor/reduce.hpp"

#include <benchmark/benchmark.h>

#include "dlfs/tensor/reference/reduce.hpp"

namespace dlfs {
namespace {

void count_traffic(benchmark::State& state, Index elements) {
  state.SetBytesProcessed(state.iterations() * elements * Index{sizeof(float)});
}

void sum_dlfs(benchmark::State& state) {
  const auto x = ones<float>({state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(sum(x));
  count_traffic(state, x.size());
}
void sum_eigen(benchmark::State& state) {
  const auto x = ones<float>({state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(as_array(x).sum());
  count_traffic(state, x.size());
}

void sum_rows_dlfs(benchmark::State& state) {
  const auto x = ones<float>({state.range(0), state.range(1)});
  Tensor<float> out({state.range(1)});
  for (auto _ : state) {
    sum_rows(x, out);
    benchmark::ClobberMemory();
  }
  count_traffic(state, x.size());
}
void sum_rows_eigen(benchmark::State& state) {
  const auto x = ones<float>({state.range(0), state.range(1)});
  Tensor<float> out({1, state.range(1)});
  for (auto _ : state) {
    as_matrix(out).row(0) = as_matrix(x).colwise().sum();
    benchmark::ClobberMemory();
  }
  count_traffic(state, x.size());
}
void sum_rows_reference(benchmark::State& state) {
  const auto x = ones<float>({state.range(0), state.range(1)});
  for (auto _ : state) benchmark::DoNotOptimize(reference::sum_rows(x));
  count_traffic(state, x.size());
}

BENCHMARK(sum_dlfs)->Arg(2 << 10)->Arg(64 << 10)->Arg(16 << 20);
BENCHMARK(sum_eigen)->Arg(2 << 10)->Arg(64 << 10)->Arg(16 << 20);
BENCHMARK(sum_rows_dlfs)->Args({100, 10})->Args({100, 100})->Args({1000, 1000});
BENCHMARK(sum_rows_eigen)->Args({100, 10})->Args({100, 100})->Args({1000, 1000});
BENCHMARK(sum_rows_reference)->Args({100, 10})->Args({100, 100})->Args({1000, 1000});

}  // namespace
}  // namespace dlfs
