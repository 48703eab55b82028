#include "dlfs/math/matmul.hpp"

#include <benchmark/benchmark.h>

#include "dlfs/core/eigen.hpp"
#include "dlfs/math/reference/matmul.hpp"

namespace dlfs {
namespace {

// The three products of an affine layer: x W, x^T dy and dy W^T; each operand is filled with ones.
enum Order { plain, left_transposed, right_transposed };

void count_flop(benchmark::State& state) {
  const auto flop = 2.0 * static_cast<double>(state.range(0)) *
                    static_cast<double>(state.range(1)) * static_cast<double>(state.range(2));
  state.counters["FLOP"] = benchmark::Counter(flop, benchmark::Counter::kIsIterationInvariantRate);
}

template <Order order>
void matmul_dlfs(benchmark::State& state) {
  const Index m = state.range(0), k = state.range(1), n = state.range(2);
  const auto a = ones<float>(order == left_transposed ? Shape{k, m} : Shape{m, k});
  const auto b = ones<float>(order == right_transposed ? Shape{n, k} : Shape{k, n});
  Tensor<float> out({m, n});
  for (auto _ : state) {
    matmul(order == left_transposed ? a.transpose() : a.view(),
           order == right_transposed ? b.transpose() : b.view(), out);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_flop(state);
}

template <Order order>
void matmul_eigen(benchmark::State& state) {
  const Index m = state.range(0), k = state.range(1), n = state.range(2);
  const auto a = ones<float>(order == left_transposed ? Shape{k, m} : Shape{m, k});
  const auto b = ones<float>(order == right_transposed ? Shape{n, k} : Shape{k, n});
  Tensor<float> out({m, n});
  for (auto _ : state) {
    if constexpr (order == left_transposed) {
      as_matrix(out).noalias() = as_matrix(a).transpose() * as_matrix(b);
    } else if constexpr (order == right_transposed) {
      as_matrix(out).noalias() = as_matrix(a) * as_matrix(b).transpose();
    } else {
      as_matrix(out).noalias() = as_matrix(a) * as_matrix(b);
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_flop(state);
}

void matmul_reference(benchmark::State& state) {
  const auto a = ones<float>({state.range(0), state.range(1)});
  const auto b = ones<float>({state.range(1), state.range(2)});
  for (auto _ : state) benchmark::DoNotOptimize(reference::matmul(a, b).data());
  count_flop(state);
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"M", "K", "N"})->UseRealTime();
  bench->Args({256, 256, 256})->Args({512, 512, 512});
  bench->Args({100, 784, 100})->Args({100, 4320, 100});
}

BENCHMARK(matmul_dlfs<plain>)->Apply(shapes);
BENCHMARK(matmul_eigen<plain>)->Apply(shapes);
BENCHMARK(matmul_dlfs<left_transposed>)->Apply(shapes);
BENCHMARK(matmul_eigen<left_transposed>)->Apply(shapes);
BENCHMARK(matmul_dlfs<right_transposed>)->Apply(shapes);
BENCHMARK(matmul_eigen<right_transposed>)->Apply(shapes);
BENCHMARK(matmul_reference)->Args({256, 256, 256})->Args({100, 784, 100})->UseRealTime();

}  // namespace
}  // namespace dlfs
