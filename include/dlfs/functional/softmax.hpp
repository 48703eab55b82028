#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "dlfs/core/element.hpp"
#include "dlfs/core/expect.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"
#include "dlfs/tensor/elementwise.hpp"

// Softmax and related functions along the last axis. Each row's largest logit is subtracted first,
// so that no logit overflows, however large it is. Half types are computed in float.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// One row of exponentials: exps[j] = exp(logits[j] - max), and their sum.
template <class T>
struct ExpRow {
  Index index;
  Index size;
  const T* logits;
  const Accumulator<T>* exps;
  Accumulator<T> max;
  Accumulator<T> sum;
};

/// Calls `finish(row)` for every row of x. It processes as many rows at a time as fit in the
/// first-level cache, so that each logit is read from memory once, and short rows fill vectors
/// together.
template <class T, class Finish>
void for_each_exp_row(const TensorView<const T>& x, Finish finish) {
  using A = Accumulator<T>;
  constexpr Index cached_elements = 4096;
  const Index columns = x.extent(-1);
  if (x.empty()) return;
  const Index rows = x.size() / columns;
  const Index block = std::clamp<Index>(cached_elements / columns, 1, rows);
  const Scratch<A> exps(block * columns);
  const Scratch<A> maxima(block);
  const Scratch<A> sums(block);

  for (Index first = 0; first < rows; first += block) {
    const Index count = std::min(block, rows - first);
    const auto logits = [&](Index i) { return x.data() + (first + i) * columns; };
    const auto row = [&](Index i) { return exps.data() + i * columns; };
    for (Index i = 0; i < count; ++i) {
      const A max = maxima[i] = simd::fold<A>(Maximum(), columns, logits(i));
      simd::map([max]<class V>(const V& logit, V& below) { below = logit - max; }, columns,
                logits(i), row(i));
    }
    simd::map([]<class V>(V& logit) { simd::exp(V(logit), logit); }, count * columns, exps.data());
    simd::add_up_columns(simd::AddTo(), count, columns, std::array{sums.data()},
                         simd::Operand<A>{exps.data(), 1, columns});
    for (Index i = 0; i < count; ++i) {
      finish(ExpRow<T>{first + i, columns, logits(i), row(i), maxima[i], sums[i]});
    }
  }
}

/// Calls `finish(row, out_row)` for every row of x and of `out`, which has the shape of x.
template <class T, class Finish>
void softmax_like(std::string_view operation, const TensorView<const T>& x,
                  const TensorView<T>& out, Finish finish) {
  if (x.rank() == 0) throw ShapeError(operation, ": expected at least rank 1, got ()");
  expect_dense(operation, "x", x, x.shape());
  expect_dense(operation, "out", out, x.shape());
  expect_same_or_apart(operation, "out", out, "x", x);
  const Index columns = x.extent(-1);
  for_each_exp_row(x, [&](const ExpRow<T>& row) { finish(row, out.data() + row.index * columns); });
}

}  // namespace detail

/// out = exp(x) / sum(exp(x)) along the last axis, for contiguous views. `out` may be x itself.
/// @throws ShapeError for rank 0, different shapes or non-contiguous views.
template <detail::RealTensor X>
void softmax(const X& x, TensorView<Element<X>> out) {
  using T = Element<X>;
  detail::softmax_like<T>("softmax", x, out, [](const auto& row, T* out_row) {
    const auto scale = 1 / row.sum;
    simd::map([scale]<class V>(const V& e, V& y) { y = e * scale; }, row.size, row.exps, out_row);
  });
}

/// out = x - log(sum(exp(x))) along the last axis, for contiguous views. `out` may be x itself.
/// @throws ShapeError for rank 0, different shapes or non-contiguous views.
template <detail::RealTensor X>
void log_softmax(const X& x, TensorView<Element<X>> out) {
  using T = Element<X>;
  detail::softmax_like<T>("log_softmax", x, out, [](const auto& row, T* out_row) {
    const auto max = row.max;
    const auto log_sum = std::log(row.sum);
    // In this order: max + log(sum) would lose the digits of a small logarithm.
    simd::map([=]<class V>(const V& logit, V& y) { y = (logit - max) - log_sum; }, row.size,
              row.logits, out_row);
  });
}

/// out = log(sum(exp(x))) along the last axis of a contiguous x. `out` does not have that axis.
/// @throws ShapeError for rank 0, other shapes or non-contiguous views, ValueError for empty rows.
template <detail::RealTensor X>
void log_sum_exp(const X& x, TensorView<Element<X>> out) {
  using T = Element<X>;
  const TensorView<const T> in = x;
  if (in.rank() == 0) throw ShapeError("log_sum_exp: expected at least rank 1, got ()");
  detail::expect_dense("log_sum_exp", "x", in, in.shape());
  detail::expect_dense("log_sum_exp", "out", out, in.shape().axes(0, in.rank() - 1));
  detail::expect_apart("log_sum_exp", "out", out, "x", in);
  if (in.empty() && !out.empty()) {
    throw ValueError("log_sum_exp: no elements along the last axis of ", in.shape());
  }
  detail::for_each_exp_row<T>(in, [&](const auto& row) {
    // If the maximum is infinite, inf - inf has made the sum NaN.
    out.data()[row.index] =
        static_cast<T>(detail::is_finite(row.max) ? row.max + std::log(row.sum) : row.max);
  });
}

/// exp(x) / sum(exp(x)) along the last axis. @throws ShapeError for rank 0.
template <detail::RealTensor X>
Tensor<Element<X>> softmax(const X& x) {
  auto y = copy(x);
  softmax(y, y.view());
  return y;
}

/// x - log(sum(exp(x))) along the last axis. @throws ShapeError for rank 0.
template <detail::RealTensor X>
Tensor<Element<X>> log_softmax(const X& x) {
  auto y = copy(x);
  log_softmax(y, y.view());
  return y;
}

/// log(sum(exp(x))) along the last axis, which the result does not have.
/// @throws ShapeError for rank 0, ValueError for empty rows.
template <detail::RealTensor X>
Tensor<Element<X>> log_sum_exp(const X& x) {
  using T = Element<X>;
  if (x.rank() == 0) throw ShapeError("log_sum_exp: expected at least rank 1, got ()");
  auto out = Tensor<T>::uninitialized(x.shape().axes(0, x.rank() - 1));
  if (const_view(x).is_contiguous()) {
    log_sum_exp(x, out.view());
  } else {
    log_sum_exp(copy(x), out.view());
  }
  return out;
}

template <AnyTensor X>
  requires(!RealElement<Element<X>>)
DLFS_REFUSED("softmax: expected real numbers; cast<float>(x) makes them")
void softmax(const X&);
template <AnyTensor X>
  requires(!RealElement<Element<X>>)
DLFS_REFUSED("log_softmax: expected real numbers; cast<float>(x) makes them")
void log_softmax(const X&);
template <AnyTensor X>
  requires(!RealElement<Element<X>>)
DLFS_REFUSED("log_sum_exp: expected real numbers; cast<float>(x) makes them")
void log_sum_exp(const X&);

}  // namespace dlfs
DLFS_STRICT_MATH_END
