#include "dlfs/tensor/indexing.hpp"

#include <algorithm>

#include <benchmark/benchmark.h>

#include "dlfs/core/rng.hpp"

namespace dlfs {
namespace {

Tensor<Index> random_indices(Index count, Index bound) {
  Rng rng(1);
  Tensor<Index> indices({count});
  for (Index& index : indices) index = rng.below(bound);
  return indices;
}

void count_items(benchmark::State& state, Index items) {
  state.SetItemsProcessed(state.iterations() * items);
}

constexpr Index rows = 10'000;  // images of 28 by 28, of which 1000 are taken
constexpr Index width = 784;
constexpr Index taken = 1000;

void take_rows_dlfs(benchmark::State& state) {
  const auto x = ones<float>({rows, width});
  const auto indices = random_indices(taken, rows);
  for (auto _ : state) benchmark::DoNotOptimize(take(x, indices, 0));
  count_items(state, taken * width);
}
void take_rows_memcpy(benchmark::State& state) {
  const auto x = ones<float>({rows, width});
  const auto indices = random_indices(taken, rows);
  for (auto _ : state) {
    auto out = Tensor<float>::uninitialized({taken, width});
    for (Index i = 0; i < taken; ++i) {
      std::copy_n(x.data() + indices(i) * width, width, out.data() + i * width);
    }
    benchmark::DoNotOptimize(out);
  }
  count_items(state, taken * width);
}

void take_columns_dlfs(benchmark::State& state) {
  const auto x = ones<float>({1000, 1000});
  const auto indices = random_indices(1000, 1000);
  for (auto _ : state) benchmark::DoNotOptimize(take(x, indices, 1));
  count_items(state, x.size());
}
void take_columns_loop(benchmark::State& state) {
  const auto x = ones<float>({1000, 1000});
  const auto indices = random_indices(1000, 1000);
  for (auto _ : state) {
    auto out = Tensor<float>::uninitialized({1000, 1000});
    for (Index i = 0; i < 1000; ++i) {
      for (Index j = 0; j < 1000; ++j) {
        out.data()[i * 1000 + j] = x.data()[i * 1000 + indices.data()[j]];
      }
    }
    benchmark::DoNotOptimize(out);
  }
  count_items(state, x.size());
}

void place_dlfs(benchmark::State& state) {
  Rng rng(1);
  auto x = random_normal<float>({1000, 1000}, rng);
  const auto mask = x > 0;
  for (auto _ : state) {
    index_put(x, mask, 0);
    benchmark::ClobberMemory();
  }
  count_items(state, x.size());
}
void place_loop(benchmark::State& state) {
  Rng rng(1);
  auto x = random_normal<float>({1000, 1000}, rng);
  const auto mask = x > 0;
  for (auto _ : state) {
    for (Index i = 0; i < x.size(); ++i) {
      if (mask.data()[i]) x.data()[i] = 0;
    }
    benchmark::ClobberMemory();
  }
  count_items(state, x.size());
}

void assign_strided_dlfs(benchmark::State& state) {
  auto x = ones<float>({1000, 1000});
  const auto values = ones<float>({1000, 500});
  for (auto _ : state) {
    assign(x(all, Slice{.step = 2}), values);
    benchmark::ClobberMemory();
  }
  count_items(state, values.size());
}
void assign_strided_eigen(benchmark::State& state) {
  auto x = ones<float>({1000, 1000});
  const auto values = ones<float>({1000, 500});
  for (auto _ : state) {
    as_matrix(x)(Eigen::all, Eigen::seq(0, 998, 2)) = as_matrix(values);
    benchmark::ClobberMemory();
  }
  count_items(state, values.size());
}

BENCHMARK(take_rows_dlfs);
BENCHMARK(take_rows_memcpy);
BENCHMARK(take_columns_dlfs);
BENCHMARK(take_columns_loop);
BENCHMARK(place_dlfs);
BENCHMARK(place_loop);
BENCHMARK(assign_strided_dlfs);
BENCHMARK(assign_strided_eigen);

}  // namespace
}  // namespace dlfs
