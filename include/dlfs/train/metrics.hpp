#pragma once

#include <concepts>
#include <string_view>

#include "dlfs/data/dataset.hpp"
#include "dlfs/net/sequential.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

template <class T>
void expect_logits(std::string_view metric, TensorView<const T> logits,
                   TensorView<const std::int32_t> labels) {
  if (logits.rank() != 2 || labels.shape() != Shape{logits.extent(0)}) {
    throw ShapeError(metric, ": expected logits (N, C) and labels (N), got ", logits.shape(),
                     " and ", labels.shape());
  }
  if (logits.empty()) throw ValueError(metric, ": there is no sample");
}

/// The class with the largest of sample n's logits (N, C): the first of equals, or the first NaN.
template <class T>
Index guess(TensorView<const T> logits, Index n) {
  const auto logit = [&](Index c) {
    return logits.data()[n * logits.stride(0) + c * logits.stride(1)];
  };
  Index best = 0;
  for (Index c = 1; c < logits.extent(1); ++c) {
    const bool loses = logit(c) <= logit(best) || logit(best) != logit(best);
    if (!loses) best = c;
  }
  return best;
}

}  // namespace detail

/// The fraction of rows of logits (N, C) whose largest entry is at the label (N).
/// @throws ShapeError for other shapes, ValueError if there is no sample.
template <AnyTensor X>
double accuracy(const X& logits, TensorArg<std::int32_t> labels) {
  const auto s = const_view(logits);
  detail::expect_logits("accuracy", s, labels);
  Index right = 0;
  for (Index n = 0; n < labels.size(); ++n) right += detail::guess(s, n) == labels(n) ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

/// The fraction of a dataset's first `samples` that a network classifies correctly.
/// @throws ShapeError if the dataset does not fit or is smaller, ValueError for no samples.
template <std::floating_point T>
double accuracy(const Sequential<T>& network, const Dataset<T>& dataset, Index samples) {
  dataset.check("accuracy");
  return accuracy(network.predict(dataset.inputs.rows(0, samples)),
                  dataset.targets.rows(0, samples));
}

/// The same for the whole dataset.
template <std::floating_point T>
double accuracy(const Sequential<T>& network, const Dataset<T>& dataset) {
  return accuracy(network, dataset, dataset.size());
}

/// The fraction of rows of logits (N, C) in which fewer than k entries are ranked before the
/// label's (N). Larger entries are ranked first, and equal ones by their index. If an entry or the
/// label's is NaN, the entry counts as ranked before it.
/// @throws ShapeError for other shapes; ValueError if there is no sample, k is less than 1, or a
/// label is not in [0, C).
template <AnyTensor X>
double top_k_accuracy(const X& logits, TensorArg<std::int32_t> labels, Index k) {
  const auto s = const_view(logits);
  detail::expect_logits("top-k accuracy", s, labels);
  if (k < 1) throw ValueError("top-k accuracy: expected k of at least 1, got ", k);
  Index right = 0;
  for (Index n = 0; n < s.extent(0); ++n) {
    const Index label = labels(n);
    if (label < 0 || label >= s.extent(1)) {
      throw ValueError("top-k accuracy: label ", label, " of sample ", n, " is not in 0..",
                       s.extent(1) - 1);
    }
    Index better = 0;
    for (Index c = 0; c < s.extent(1); ++c) {
      const bool is_behind = s(n, c) < s(n, label) || (s(n, c) == s(n, label) && c >= label);
      better += is_behind ? 0 : 1;
    }
    right += better < k ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

/// The counts (C, C) of each pair of label and predicted class. The row is the label; the column is
/// the class with the largest of the logits (N, C).
/// @throws ShapeError for other shapes; ValueError without a sample, or for a label not in [0, C).
template <AnyTensor X>
Tensor<Index> confusion_matrix(const X& logits, TensorArg<std::int32_t> labels) {
  const auto s = const_view(logits);
  detail::expect_logits("confusion matrix", s, labels);
  const Index classes = s.extent(1);
  Tensor<Index> counts({classes, classes});
  for (Index n = 0; n < labels.size(); ++n) {
    if (labels(n) < 0 || labels(n) >= classes) {
      throw ValueError("confusion matrix: label ", labels(n), " of sample ", n, " is not in 0..",
                       classes - 1);
    }
    ++counts(labels(n), detail::guess(s, n));
  }
  return counts;
}

/// Precision and recall of each class, both (C). Precision is the fraction of the samples predicted
/// as the class that belong to it. Recall is the fraction of the samples of the class that are
/// predicted as it. Each is NaN for a class without such samples.
struct PrecisionRecall {
  Tensor<double> precision;  ///< of each class
  Tensor<double> recall;     ///< of each class
};

/// From a confusion matrix (C, C). @throws ShapeError unless it is square.
inline PrecisionRecall precision_recall(const Tensor<Index>& confusion) {
  if (confusion.rank() != 2 || confusion.extent(0) != confusion.extent(1)) {
    throw ShapeError("precision and recall: expected a confusion matrix (C, C), got ",
                     confusion.shape());
  }
  const Index classes = confusion.extent(0);
  PrecisionRecall result{Tensor<double>({classes}), Tensor<double>({classes})};
  for (Index c = 0; c < classes; ++c) {
    double named = 0;
    double occurring = 0;
    for (Index other = 0; other < classes; ++other) {
      named += static_cast<double>(confusion(other, c));
      occurring += static_cast<double>(confusion(c, other));
    }
    const auto right = static_cast<double>(confusion(c, c));
    result.precision(c) = right / named;
    result.recall(c) = right / occurring;
  }
  return result;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
