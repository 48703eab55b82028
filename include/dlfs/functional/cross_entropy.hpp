#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>

#include "dlfs/core/expect.hpp"
#include "dlfs/core/pairwise.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

template <class T>
void check_logits(TensorView<const T> logits, TensorView<T> gradient) {
  constexpr std::string_view name = "softmax cross entropy";
  if (logits.rank() != 2 || logits.empty()) {
    throw ShapeError(name, ": expected logits of shape (N, C), got ", logits.shape());
  }
  expect_dense(name, "logits", logits);
  expect_dense(name, "the gradient", gradient, logits.shape());
  expect_apart(name, "the gradient", gradient, "logits", logits);
}

/// log(softmax(s)) = s - largest - log_sum. The two numbers are separate, because their sum would
/// lose the digits of a small loss beside large logits.
template <class T>
struct SoftmaxRow {
  T largest;
  T log_sum;
};

template <class T, class LossOf>
T mean_over_samples(Index samples, const LossOf& loss_of) {
  const auto sum = sum_pairwise<double>(0, samples, loss_of);
  return static_cast<T>(sum / static_cast<double>(samples));
}

/// Writes p = softmax(s).
template <class T>
SoftmaxRow<T> softmax_row(Index classes, const T* s, T* p) {
  const T largest = simd::fold<T>(Maximum(), classes, s);
  simd::map([=]<class V>(const V& logit, V& power) { simd::exp<V>(logit - largest, power); },
            classes, s, p);
  const T sum = sum_pairwise<T>(0, classes, [p](Index c) { return p[c]; });
  const T scale = T(1) / sum;
  for (Index c = 0; c < classes; ++c) p[c] *= scale;
  return {largest, std::log(sum)};
}

}  // namespace detail

/// Softmax and cross entropy in one function. Returns the mean over the batch of
/// -log(softmax(logits)) at the label, and writes its gradient,
/// (softmax(logits) - one_hot(labels)) / N.
///
///   logits (N, C)   labels (N)   dlogits (N, C)
///
/// The logarithm is that of the sum of exponentials, so no constant is needed to keep it finite.
/// @throws ShapeError for other shapes or non-contiguous views, ValueError for a label that is not
/// in [0, C).
template <AnyTensor X>
  requires(std::floating_point<Element<X>>)
Element<X> softmax_cross_entropy(const X& logits, TensorArg<std::int32_t> labels,
                                 TensorView<Element<X>> dlogits) {
  using T = Element<X>;
  const auto s = const_view(logits);
  detail::check_logits(s, dlogits);
  const Index samples = s.extent(0);
  const Index classes = s.extent(1);
  if (labels.shape() != Shape{samples}) {
    throw ShapeError("softmax cross entropy: expected labels of shape (", samples, ",) for logits ",
                     s.shape(), ", got ", labels.shape());
  }
  const T scale = T(1) / static_cast<T>(samples);
  const auto loss_of = [&](Index n) {
    const std::int32_t label = labels(n);
    if (label < 0 || label >= classes) {
      throw ValueError("softmax cross entropy: label ", label, " of sample ", n, " is not in 0..",
                       classes - 1);
    }
    const T* const row = s.data() + n * classes;
    T* const gradient = dlogits.data() + n * classes;
    const auto [largest, log_sum] = detail::softmax_row(classes, row, gradient);
    gradient[label] -= T(1);
    for (Index c = 0; c < classes; ++c) gradient[c] *= scale;
    return static_cast<double>(log_sum - (row[label] - largest));
  };
  return detail::mean_over_samples<T>(samples, loss_of);
}

/// The same for targets (N, C) that are a distribution over the classes, such as one-hot rows:
/// the mean of -sum(targets * log(softmax(logits))).
/// @throws ShapeError unless all three have the same shape and are contiguous.
template <AnyTensor X>
  requires(std::floating_point<Element<X>>)
Element<X> softmax_cross_entropy(const X& logits, TensorArg<Element<X>> targets,
                                 TensorView<Element<X>> dlogits) {
  using T = Element<X>;
  const auto s = const_view(logits);
  detail::check_logits(s, dlogits);
  detail::expect_dense("softmax cross entropy", "targets", targets, s.shape());
  detail::expect_apart("softmax cross entropy", "the gradient", dlogits, "targets", targets);
  const Index samples = s.extent(0);
  const Index classes = s.extent(1);
  const T scale = T(1) / static_cast<T>(samples);
  const auto loss_of = [&](Index n) {
    const T* const row = s.data() + n * classes;
    const T* const target = targets.data() + n * classes;
    T* const gradient = dlogits.data() + n * classes;
    const auto [largest_logit, log_sum] = detail::softmax_row(classes, row, gradient);
    const T largest = largest_logit;  // clang 14 cannot capture a structured binding
    const T total = detail::sum_pairwise<T>(0, classes, [=](Index c) { return target[c]; });
    const T weighted = detail::sum_pairwise<T>(
        0, classes, [=](Index c) { return detail::rounded(target[c] * (row[c] - largest)); });
    for (Index c = 0; c < classes; ++c)
      gradient[c] = (detail::rounded(gradient[c] * total) - target[c]) * scale;
    return static_cast<double>(detail::rounded(total * log_sum) - weighted);
  };
  return detail::mean_over_samples<T>(samples, loss_of);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
