#pragma once

#include <cmath>
#include <cstdint>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/math/simd/kernels.hpp"
#include "dlfs/math/simd/vector_math.hpp"

namespace dlfs {

namespace detail {

inline void check_scores(const Shape& scores, const Shape& gradient) {
  if (scores.rank() != 2 || scores.size() == 0) {
    throw ShapeError("softmax cross entropy: expected scores of shape (N, C), got ", scores);
  }
  if (gradient != scores) {
    throw ShapeError("softmax cross entropy: expected a gradient of shape ", scores,
                     ", as the scores, got ", gradient);
  }
}

/// log(softmax(s)) = s - largest - log_sum. The two are kept apart, since their sum would lose the
/// digits of a small loss to large scores.
template <class T>
struct SoftmaxRow {
  T largest;
  T log_sum;
};

/// Writes p = softmax(s).
template <class T>
SoftmaxRow<T> softmax_row(ArrayMap<const T> s, ArrayMap<T> p) {
  const T largest = s.maxCoeff();
  simd::map([=]<class V>(const V& score, V& power) { simd::exp<V>(score - largest, power); },
            s.size(), s.data(), p.data());
  const T sum = p.sum();
  p *= T(1) / sum;
  return {largest, std::log(sum)};
}

}  // namespace detail

/// Softmax and cross entropy in one: returns the mean over the batch of -log(softmax(scores)) at
/// the label, and writes its gradient (softmax(scores) - one_hot(labels)) / N.
///
///   scores (N, C)   labels (N)   dscores (N, C)
///
/// The logarithm is taken of the sum of exponentials, so nothing is added to keep it finite.
/// @throws ShapeError for other shapes, ValueError for a label outside [0, C).
template <AnyTensor X>
Element<X> softmax_cross_entropy(const X& scores, TensorView<const std::int32_t> labels,
                                 TensorView<Element<X>> dscores) {
  using T = Element<X>;
  const auto s = const_view(scores);
  detail::check_scores(s.shape(), dscores.shape());
  const Index samples = s.extent(0);
  const Index classes = s.extent(1);
  if (labels.shape() != Shape{samples}) {
    throw ShapeError("softmax cross entropy: expected labels of shape (", samples, ",) for scores ",
                     s.shape(), ", got ", labels.shape());
  }
  const T scale = T(1) / static_cast<T>(samples);
  double loss = 0;
  for (Index n = 0; n < samples; ++n) {
    const std::int32_t label = labels(n);
    if (label < 0 || label >= classes) {
      throw ValueError("softmax cross entropy: label ", label, " of sample ", n, " is not in 0..",
                       classes - 1);
    }
    const auto row = as_array(s[n]);
    auto gradient = as_array(dscores[n]);
    const auto [largest, log_sum] = detail::softmax_row<T>(row, gradient);
    loss += static_cast<double>(log_sum - (row(label) - largest));
    gradient(label) -= T(1);
    gradient *= scale;
  }
  return static_cast<T>(loss / static_cast<double>(samples));
}

/// The same for targets (N, C) that are a distribution over the classes, such as one-hot rows:
/// the mean of -sum(targets * log(softmax(scores))).
/// @throws ShapeError unless all three have the same shape.
template <AnyTensor X>
Element<X> softmax_cross_entropy(const X& scores, TensorView<const Element<X>> targets,
                                 TensorView<Element<X>> dscores) {
  using T = Element<X>;
  const auto s = const_view(scores);
  detail::check_scores(s.shape(), dscores.shape());
  const Index samples = s.extent(0);
  if (targets.shape() != s.shape()) {
    throw ShapeError("softmax cross entropy: expected targets of shape ", s.shape(),
                     ", as the scores, got ", targets.shape());
  }
  const T scale = T(1) / static_cast<T>(samples);
  double loss = 0;
  for (Index n = 0; n < samples; ++n) {
    const auto row = as_array(s[n]);
    const auto target = as_array(targets[n]);
    auto gradient = as_array(dscores[n]);
    const auto [largest, log_sum] = detail::softmax_row<T>(row, gradient);
    const T total = target.sum();
    loss += static_cast<double>(total * log_sum - (target * (row - largest)).sum());
    gradient = (gradient * total - target) * scale;
  }
  return static_cast<T>(loss / static_cast<double>(samples));
}

}  // namespace dlfs
