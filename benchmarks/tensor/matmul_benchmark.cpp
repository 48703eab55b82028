#include "dlfs/tensor/matmul.hpp"

#include <utility>

#include <benchmark/benchmark.h>
#if defined(DLFS_BENCHMARK_OPENBLAS)
#include <cblas.h>
#endif

#include "dlfs/core/eigen.hpp"
#include "dlfs/tensor/reference/matmul.hpp"

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
  set_thread_count(1);  // as the baselines have
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

#if defined(DLFS_BENCHMARK_OPENBLAS)
// To be fair: OPENBLAS_NUM_THREADS=1, and OPENBLAS_CORETYPE=SkylakeX where it does not know the
// processor.
template <Order order>
void matmul_openblas(benchmark::State& state) {
  const Index m = state.range(0), k = state.range(1), n = state.range(2);
  const auto a = ones<float>(order == left_transposed ? Shape{k, m} : Shape{m, k});
  const auto b = ones<float>(order == right_transposed ? Shape{n, k} : Shape{k, n});
  Tensor<float> out({m, n});
  const auto size = [](Index extent) { return static_cast<blasint>(extent); };
  for (auto _ : state) {
    if (m == 1 && order == plain) {
      cblas_sgemv(CblasRowMajor, CblasTrans, size(k), size(n), 1, b.data(), size(n), a.data(), 1, 0,
                  out.data(), 1);
    } else {
      cblas_sgemm(CblasRowMajor, order == left_transposed ? CblasTrans : CblasNoTrans,
                  order == right_transposed ? CblasTrans : CblasNoTrans, size(m), size(n), size(k),
                  1, a.data(), size(a.extent(1)), b.data(), size(b.extent(1)), 0, out.data(),
                  size(n));
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_flop(state);
}
#endif

void matmul_reference(benchmark::State& state) {
  const auto a = ones<float>({state.range(0), state.range(1)});
  const auto b = ones<float>({state.range(1), state.range(2)});
  for (auto _ : state) benchmark::DoNotOptimize(reference::matmul(a, b));
  count_flop(state);
}

void squares(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"M", "K", "N"})->UseRealTime();
  for (const Index n : {256, 512, 1024, 2048}) bench->Args({n, n, n});
}

// The affine layers of the book's networks, at batch 1 and 100: x W is (batch, in) (in, out).
template <Order order>
void affine(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"M", "K", "N"})->UseRealTime();
  for (const Index batch : {1, 100}) {
    if (batch == 1 && order != plain) continue;
    for (const auto& [in, out] : {std::pair<Index, Index>(784, 100),
                                  {100, 100},
                                  {100, 10},
                                  {4320, 100},
                                  {1024, 50},
                                  {50, 10}}) {
      if (order == plain) bench->Args({batch, in, out});
      if (order == left_transposed) bench->Args({in, batch, out});
      if (order == right_transposed) bench->Args({batch, out, in});
    }
  }
}

BENCHMARK(matmul_dlfs<plain>)->Apply(squares)->Apply(affine<plain>);
BENCHMARK(matmul_dlfs<left_transposed>)->Apply(affine<left_transposed>);
BENCHMARK(matmul_dlfs<right_transposed>)->Apply(affine<right_transposed>);
BENCHMARK(matmul_eigen<plain>)->Apply(squares)->Apply(affine<plain>);
BENCHMARK(matmul_eigen<left_transposed>)->Apply(affine<left_transposed>);
BENCHMARK(matmul_eigen<right_transposed>)->Apply(affine<right_transposed>);
#if defined(DLFS_BENCHMARK_OPENBLAS)
BENCHMARK(matmul_openblas<plain>)->Apply(squares)->Apply(affine<plain>);
BENCHMARK(matmul_openblas<left_transposed>)->Apply(affine<left_transposed>);
BENCHMARK(matmul_openblas<right_transposed>)->Apply(affine<right_transposed>);
#endif
BENCHMARK(matmul_reference)->Args({256, 256, 256})->Args({100, 784, 100})->UseRealTime();

}  // namespace
}  // namespace dlfs
