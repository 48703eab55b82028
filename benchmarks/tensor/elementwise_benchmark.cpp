#include "dlfs/tensor/elementwise.hpp"

#include <benchmark/benchmark.h>

namespace dlfs {
namespace {

void count_traffic(benchmark::State& state, Index elements) {
  state.SetBytesProcessed(state.iterations() * elements * Index{sizeof(float)});
}

void add_dlfs(benchmark::State& state) {
  auto x = ones<float>({state.range(0)});
  const auto y = ones<float>({state.range(0)});
  for (auto _ : state) {
    x += y;
    benchmark::ClobberMemory();
  }
  count_traffic(state, 3 * x.size());
}

void add_eigen(benchmark::State& state) {
  auto x = ones<float>({state.range(0)});
  const auto y = ones<float>({state.range(0)});
  for (auto _ : state) {
    as_array(x) += as_array(y);
    benchmark::ClobberMemory();
  }
  count_traffic(state, 3 * x.size());
}

// A bias beside its batch: (N, M) + (M).
void add_row_dlfs(benchmark::State& state) {
  auto x = ones<float>({state.range(0), state.range(1)});
  const auto row = ones<float>({state.range(1)});
  for (auto _ : state) {
    x += row;
    benchmark::ClobberMemory();
  }
  count_traffic(state, 2 * x.size());
}

void add_row_eigen(benchmark::State& state) {
  auto x = ones<float>({state.range(0), state.range(1)});
  const auto row = ones<float>({1, state.range(1)});
  for (auto _ : state) {
    as_matrix(x).rowwise() += as_matrix(row).row(0);
    benchmark::ClobberMemory();
  }
  count_traffic(state, 2 * x.size());
}

// In the first-level cache, in the second, and in memory.
void sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(2 << 10)->Arg(64 << 10)->Arg(16 << 20);
}

BENCHMARK(add_dlfs)->Apply(sizes);
BENCHMARK(add_eigen)->Apply(sizes);
BENCHMARK(add_row_dlfs)->Args({100, 10})->Args({100, 100})->Args({1000, 1000});
BENCHMARK(add_row_eigen)->Args({100, 10})->Args({100, 100})->Args({1000, 1000});

}  // namespace
}  // namespace dlfs
