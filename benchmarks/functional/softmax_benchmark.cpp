#include "dlfs/functional/softmax.hpp"

#include <benchmark/benchmark.h>

#include "dlfs/functional/reference/softmax.hpp"

namespace dlfs {
namespace {

void softmax_dlfs(benchmark::State& state) {
  const auto x = ones<float>({state.range(0), state.range(1)});
  Tensor<float> y(x.shape());
  for (auto _ : state) {
    softmax(x, y);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * x.size());
}

void softmax_eigen(benchmark::State& state) {
  const auto x = ones<float>({state.range(0), state.range(1)});
  Tensor<float> y(x.shape());
  for (auto _ : state) {
    auto out = as_matrix(y).array();
    out = (as_matrix(x).array().colwise() - as_matrix(x).array().rowwise().maxCoeff().eval()).exp();
    out.colwise() /= out.rowwise().sum().eval();
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * x.size());
}

void softmax_reference(benchmark::State& state) {
  const auto x = ones<float>({state.range(0), state.range(1)});
  for (auto _ : state) benchmark::DoNotOptimize(reference::softmax(x));
  state.SetItemsProcessed(state.iterations() * x.size());
}

BENCHMARK(softmax_dlfs)->Args({100, 10})->Args({1000, 1000});
BENCHMARK(softmax_eigen)->Args({100, 10})->Args({1000, 1000});
BENCHMARK(softmax_reference)->Args({100, 10})->Args({1000, 1000});

}  // namespace
}  // namespace dlfs
