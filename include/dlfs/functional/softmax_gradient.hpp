#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>

#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/functional/layer_normalization.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"
#include "dlfs/tensor/elementwise.hpp"

// The gradients of softmax and log_softmax along the last axis, and how a layer puts the classes of
// (N, C, ...) there. The kernels run on the calling thread, on contiguous views (R, C).

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Calls f(first, rows, sums) for as many rows at a time as stay in a cache: sums[i] is that of
/// `term` over row i of the operands.
template <class T, class Term, class F, class... In>
void for_sums_of_rows(const Term& term, const TensorView<T>& dx, const F& f, const In*... in) {
  const Index columns = dx.extent(1);
  if (dx.empty()) return;
  const Index most_rows = rows_together(dx.extent(0), columns);
  const Scratch<T> sums(most_rows);
  for (Index first = 0; first < dx.extent(0); first += most_rows) {
    const Index rows = std::min(most_rows, dx.extent(0) - first);
    simd::add_up_columns(term, rows, columns, std::array{sums.data()},
                         simd::Operand<T>{in + first * columns, 1, columns}...);
    f(first * columns, rows, simd::Operand<T>{sums.data(), 0, 1});
  }
}

/// dx = y (dy - the sum of dy y over the row).
template <std::floating_point T>
void softmax_backward(TensorView<const T> y, TensorView<const T> dy, TensorView<T> dx) {
  const Index columns = y.extent(1);
  const auto add_product = []<class V>(const V& probability, const V& gradient, V& sum) {
    simd::multiply_add(probability, gradient, sum, sum);
  };
  const auto formula = []<class V>(const V& probability, const V& gradient, const V& mean, V& out) {
    out = probability * (gradient - mean);
  };
  for_sums_of_rows(
      add_product, dx,
      [&](Index at, Index rows, const simd::Operand<T>& means) {
        simd::apply<T>(formula, rows, columns, dx.data() + at, columns,
                       simd::Operand<T>{y.data() + at, 1, columns},
                       simd::Operand<T>{dy.data() + at, 1, columns}, means);
      },
      y.data(), dy.data());
}

/// dx = dy - exp(y) times the sum of dy over the row.
template <std::floating_point T>
void log_softmax_backward(TensorView<const T> y, TensorView<const T> dy, TensorView<T> dx) {
  const Index columns = y.extent(1);
  const auto formula = []<class V>(const V& logarithm, const V& gradient, const V& sum, V& out) {
    V probability;
    simd::exp(logarithm, probability);
    simd::multiply_add<V>(-probability, sum, gradient, out);
  };
  for_sums_of_rows(
      simd::AddTo(), dx,
      [&](Index at, Index rows, const simd::Operand<T>& sums) {
        simd::apply<T>(formula, rows, columns, dx.data() + at, columns,
                       simd::Operand<T>{y.data() + at, 1, columns},
                       simd::Operand<T>{dy.data() + at, 1, columns}, sums);
      },
      dy.data());
}

/// Calls f(in..., out) with views (N, C) of (N, C), or, for each sample of (N, C, ...), with copies
/// that have the classes in the last axis.
template <std::floating_point T, class F, std::same_as<TensorView<const T>>... In>
void with_classes_last(const F& f, const TensorView<T>& out, const In&... in) {
  if (out.empty()) return;
  const Index classes = out.extent(1);
  const Index pixels = out.size() / (out.extent(0) * classes);
  if (pixels == 1) {
    const Shape rows{out.extent(0), classes};
    return f(in.reshape(rows)..., out.reshape(rows));
  }
  const Shape sample{classes, pixels};
  const Shape rows{pixels, classes};
  const Scratch<T> memory(Index{sizeof...(In) + 1} * rows.size());
  const TensorView<T> result(memory.data(), rows);
  for (Index n = 0; n < out.extent(0); ++n) {
    Index copies = 0;
    const auto copy_of = [&](const TensorView<const T>& x) {
      const TensorView<T> copy(memory.data() + ++copies * rows.size(), rows);
      assign(copy, TensorView<const T>(x.data() + n * rows.size(), sample).transpose());
      return TensorView<const T>(copy);
    };
    const std::array<TensorView<const T>, sizeof...(In)> operands{copy_of(in)...};
    std::apply([&](const auto&... x) { f(x..., result); }, operands);
    const TensorView<T> to = TensorView<T>(out.data() + n * rows.size(), sample).transpose();
    assign(to, result);
  }
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
