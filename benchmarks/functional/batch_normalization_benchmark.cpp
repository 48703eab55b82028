// Batch normalisation of x (N, F, S) on one thread, as rows of features (S = 1) and as planes: the
// statistics of a batch, its normalisation, and the gradients. The baselines are Eigen, feature by
// feature, and the reference twins.
#include "dlfs/functional/batch_normalization.hpp"

#include <benchmark/benchmark.h>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/functional/reference/batch_normalization.hpp"

namespace dlfs {
namespace {

struct Operands {
  Tensor<float> x, y, dy, dx, mean, variance, gamma, beta, dgamma, dbeta;

  explicit Operands(const Shape& shape) : y(shape), dx(shape) {
    set_thread_count(1);
    Rng rng(1);
    x = random_normal<float>(shape, rng);
    dy = random_normal<float>(shape, rng);
    for (Tensor<float>* each : {&mean, &variance, &gamma, &beta, &dgamma, &dbeta}) {
      *each = random_uniform<float>({shape[1]}, rng, 0.5f, 1.5f);
    }
  }

  NormalizedBy<float> by() const { return {mean, variance, gamma}; }

  /// The numbers of a feature: N rows of S.
  auto of_feature(const Tensor<float>& numbers, Index f) const {
    using Matrix = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Index size = x.extent(2);
    return Eigen::Map<Matrix, 0, Eigen::OuterStride<>>(
        const_cast<float*>(numbers.data()) + f * size, x.extent(0), size,
        Eigen::OuterStride<>(x.extent(1) * size));
  }
};

template <class Run>
void measure(benchmark::State& state, const Run& run) {
  Operands operands({state.range(0), state.range(1), state.range(2)});
  for (auto _ : state) {
    run(operands);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * operands.x.size());
}

void statistics_dlfs(benchmark::State& state) {
  measure(state, [](Operands& o) { batch_statistics(o.x, o.mean, o.variance); });
}
void statistics_eigen(benchmark::State& state) {
  measure(state, [](Operands& o) {
    for (Index f = 0; f < o.mean.size(); ++f) {
      const auto x = o.of_feature(o.x, f);
      o.mean(f) = x.mean();
      o.variance(f) = (x - o.mean(f)).square().mean();
    }
  });
}
void statistics_reference(benchmark::State& state) {
  measure(state, [](Operands& o) { benchmark::DoNotOptimize(reference::batch_statistics(o.x)); });
}

void forward_dlfs(benchmark::State& state) {
  measure(state, [](Operands& o) { batch_normalization(o.x, o.by(), o.beta, o.y); });
}
void forward_eigen(benchmark::State& state) {
  measure(state, [](Operands& o) {
    for (Index f = 0; f < o.mean.size(); ++f) {
      o.of_feature(o.y, f) =
          (o.of_feature(o.x, f) - o.mean(f)) * (o.gamma(f) * o.variance(f)) + o.beta(f);
    }
  });
}

void backward_dlfs(benchmark::State& state) {
  measure(state, [](Operands& o) {
    batch_normalization_backward(o.x, o.dy, o.by(), BatchStatistics::of_the_batch, o.dgamma,
                                 o.dbeta, Store::overwrite, o.dx);
  });
}
void backward_eigen(benchmark::State& state) {
  measure(state, [](Operands& o) {
    const float count = static_cast<float>(o.x.extent(0) * o.x.extent(2));
    for (Index f = 0; f < o.mean.size(); ++f) {
      const auto x = o.of_feature(o.x, f);
      const auto dy = o.of_feature(o.dy, f);
      o.dbeta(f) = dy.sum();
      o.dgamma(f) = (dy * (x - o.mean(f))).sum() * o.variance(f);
      const float slope = o.dgamma(f) * o.variance(f) / count;
      o.of_feature(o.dx, f) =
          (dy - o.dbeta(f) / count - (x - o.mean(f)) * slope) * (o.gamma(f) * o.variance(f));
    }
  });
}

void shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({100, 100, 1})->Args({100, 512, 4})->Args({100, 64, 64})->Args({32, 64, 3136});
}
BENCHMARK(statistics_dlfs)->Apply(shapes);
BENCHMARK(statistics_eigen)->Apply(shapes);
BENCHMARK(statistics_reference)->Args({100, 100, 1});
BENCHMARK(forward_dlfs)->Apply(shapes);
BENCHMARK(forward_eigen)->Apply(shapes);
BENCHMARK(backward_dlfs)->Apply(shapes);
BENCHMARK(backward_eigen)->Apply(shapes);

}  // namespace
}  // namespace dlfs
