#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <type_traits>
#include <vector>

#include "dlfs/core/expect.hpp"
#include "dlfs/core/pairwise.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/data/source.hpp"
#include "dlfs/net/neural_network.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Logits (N, C, ...) and labels (N, ...) as a list of positions, each with C numbers and a label:
/// the samples, or every place in them.
template <class T>
class LabelledLogits {
 public:
  /// @throws ShapeError unless there is a label for each position, or if views with more axes than
  /// (N, C) and (N) are not contiguous; ValueError without a position.
  LabelledLogits(std::string_view metric, const TensorView<const T>& logits,
                 const TensorView<const std::int32_t>& labels)
      : metric_(metric) {
    if (logits.rank() < 2 || labels.shape() != shape_of_labels(logits.shape())) {
      throw ShapeError(metric, ": expected logits (N, C, ...) and labels (N, ...), got ",
                       logits.shape(), " and ", labels.shape());
    }
    if (logits.empty()) throw ValueError(metric, ": there is no sample");
    if (logits.rank() > 2) {
      expect_dense(metric, "logits", logits);
      expect_dense(metric, "labels", labels);
    }
    logits_ = logits.data();
    labels_ = labels.data();
    label_stride_ = labels.stride(labels.rank() - 1);
    count_ = labels.size();
    classes_ = logits.extent(1);
    sample_stride_ = logits.stride(0);
    class_stride_ = logits.stride(1);
    places_ = count_ / logits.extent(0);
  }

  Index count() const { return count_; }
  Index classes() const { return classes_; }

  T logit(Index position, Index c) const {
    return logits_[position / places_ * sample_stride_ + position % places_ + c * class_stride_];
  }
  std::int32_t label(Index position) const { return labels_[position * label_stride_]; }

  /// @throws ValueError unless the position's label is in [0, C).
  Index expect_label(Index position) const {
    const Index label = this->label(position);
    if (label >= 0 && label < classes_) return label;
    throw ValueError(metric_, ": label ", label, " of sample ", position / places_,
                     " is not in 0..", classes_ - 1);
  }

  /// How many labels are the class with the position's largest logit.
  Index right() const {
    Index right = 0;
    for (Index i = 0; i < count_; ++i) right += guess(i) == label(i) ? 1 : 0;
    return right;
  }

  /// The class with a position's largest logit: the first of equals, or the first NaN.
  Index guess(Index position) const {
    Index best = 0;
    for (Index c = 1; c < classes_; ++c) {
      const T largest = logit(position, best);
      const bool loses = logit(position, c) <= largest || largest != largest;
      if (!loses) best = c;
    }
    return best;
  }

 private:
  static Shape shape_of_labels(const Shape& logits) {
    Shape shape{logits[0]};
    for (int axis = 2; axis < logits.rank(); ++axis) shape.push_back(logits[axis]);
    return shape;
  }

  std::string_view metric_;
  const T* logits_;
  const std::int32_t* labels_;
  Index label_stride_;
  Index count_;
  Index classes_;
  Index sample_stride_;
  Index class_stride_;
  Index places_;  // positions in a sample
};

inline Index classes_of(std::string_view metric, const Tensor<Index>& confusion) {
  if (confusion.rank() == 2 && confusion.extent(0) == confusion.extent(1)) {
    return confusion.extent(0);
  }
  throw ShapeError(metric, ": expected a confusion matrix (C, C), got ", confusion.shape());
}

template <class T>
void expect_pair(std::string_view metric, const Tensor<T>& y, const Tensor<T>& t) {
  if (y.shape() != t.shape() || y.rank() == 0) {
    throw ShapeError(metric, ": expected outputs and targets of one shape (N, ...), got ",
                     y.shape(), " and ", t.shape());
  }
  if (y.empty()) throw ValueError(metric, ": there is no sample");
}

}  // namespace detail

// A Trainer computes any of these functions of (outputs, targets) after each epoch; see
// Trainer::metric. Logits have any number of axes after the classes; each place of a sample has a
// label of its own.

/// The fraction of labels (N, ...) that are the class of the largest of the logits (N, C, ...).
/// @throws ShapeError for other shapes, ValueError if there is no sample.
template <AnyTensor X>
double accuracy(const X& logits, TensorArg<std::int32_t> labels) {
  const detail::LabelledLogits positions("accuracy", const_view(logits), labels);
  return static_cast<double>(positions.right()) / static_cast<double>(positions.count());
}

/// The fraction of a dataset's first `samples` that a network classifies correctly.
/// @throws ShapeError if the dataset does not fit or is smaller, ValueError for no samples.
template <std::floating_point T>
double accuracy(const NeuralNetwork<T>& network, const Dataset<T>& dataset, Index samples) {
  dataset.check("accuracy");
  return accuracy(network.predict(dataset.inputs.rows(0, samples)),
                  dataset.targets.rows(0, samples));
}

/// The same for the whole dataset.
template <std::floating_point T>
double accuracy(const NeuralNetwork<T>& network, const Dataset<T>& dataset) {
  return accuracy(network, dataset, dataset.size());
}

/// The same for another source, such as a ByteDataset, of which a batch at a time is in memory.
/// @throws ShapeError if a batch does not fit, ValueError for no samples; what the source throws.
template <std::floating_point T>
double accuracy(const NeuralNetwork<T>& network,
                std::type_identity_t<detail::SourceRef<T, Labels>> source) {
  constexpr Index most = 1000;  // samples of a batch
  Dataset<T> batch;
  std::vector<Index> samples;
  Index right = 0, count = 0;
  for (Index first = 0; first < source.size(); first += most) {
    samples.resize(static_cast<std::size_t>(std::min(most, source.size() - first)));
    std::iota(samples.begin(), samples.end(), first);
    source.take(samples, batch);
    const Tensor<T> logits = network.predict(batch.inputs);
    const detail::LabelledLogits positions("accuracy", logits.view(), batch.targets);
    right += positions.right();
    count += positions.count();
  }
  if (count == 0) throw ValueError("accuracy: there is no sample");
  return static_cast<double>(right) / static_cast<double>(count);
}

/// The fraction of labels (N, ...) before which fewer than k of the logits (N, C, ...) are ranked.
/// Larger entries are ranked first, and equal ones by their index. If an entry or the label's is
/// NaN, the entry counts as ranked before it.
/// @throws ShapeError for other shapes; ValueError if there is no sample, k is less than 1, or a
/// label is not in [0, C).
template <AnyTensor X>
double top_k_accuracy(const X& logits, TensorArg<std::int32_t> labels, Index k) {
  const detail::LabelledLogits positions("top-k accuracy", const_view(logits), labels);
  if (k < 1) throw ValueError("top-k accuracy: expected k of at least 1, got ", k);
  Index right = 0;
  for (Index i = 0; i < positions.count(); ++i) {
    const Index label = positions.expect_label(i);
    const auto own = positions.logit(i, label);
    Index better = 0;
    for (Index c = 0; c < positions.classes(); ++c) {
      const auto other = positions.logit(i, c);
      const bool is_behind = other < own || (other == own && c >= label);
      better += is_behind ? 0 : 1;
    }
    right += better < k ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(positions.count());
}

/// The counts (C, C) of each pair of label and predicted class. The row is the label; the column is
/// the class with the largest of the logits (N, C, ...).
/// @throws ShapeError for other shapes; ValueError without a sample, or for a label not in [0, C).
template <AnyTensor X>
Tensor<Index> confusion_matrix(const X& logits, TensorArg<std::int32_t> labels) {
  const detail::LabelledLogits positions("confusion matrix", const_view(logits), labels);
  Tensor<Index> counts({positions.classes(), positions.classes()});
  for (Index i = 0; i < positions.count(); ++i) {
    ++counts(positions.expect_label(i), positions.guess(i));
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
  const Index classes = detail::classes_of("precision and recall", confusion);
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

/// Intersection over union of each class (C), from a confusion matrix (C, C): the samples of the
/// class that were predicted as it, over those that belong to it or were predicted as it. NaN for a
/// class without either. Also named the Jaccard index.
/// @throws ShapeError unless the matrix is square.
inline Tensor<double> intersection_over_union(const Tensor<Index>& confusion) {
  Tensor<double> result({detail::classes_of("intersection over union", confusion)});
  for (Index c = 0; c < result.size(); ++c) {
    double others = 0;
    for (Index other = 0; other < result.size(); ++other) {
      if (other == c) continue;
      others += static_cast<double>(confusion(other, c));
      others += static_cast<double>(confusion(c, other));
    }
    const auto right = static_cast<double>(confusion(c, c));
    result(c) = right / (right + others);
  }
  return result;
}

/// The fraction of outputs, logits of any shape, that are above 0 where the target of the same
/// place is above 0.5, and only there: for several labels of one sample.
/// @throws ShapeError unless both have one shape, ValueError if they are empty.
template <std::floating_point T>
double binary_accuracy(const Tensor<T>& logits, const Tensor<T>& targets) {
  detail::expect_pair("binary accuracy", logits, targets);
  Index right = 0;
  for (Index i = 0; i < logits.size(); ++i) {
    right += (logits.data()[i] > 0) == (targets.data()[i] > T(0.5)) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(logits.size());
}

/// The mean of |y - t| over all elements.
/// @throws ShapeError unless both have one shape, ValueError if they are empty.
template <std::floating_point T>
double mean_absolute_error(const Tensor<T>& y, const Tensor<T>& t) {
  detail::expect_pair("mean absolute error", y, t);
  const auto sum = detail::sum_pairwise<double>(0, y.size(), [&](Index i) {
    return std::abs(static_cast<double>(y.data()[i]) - static_cast<double>(t.data()[i]));
  });
  return sum / static_cast<double>(y.size());
}

/// The coefficient of determination, 1 - sum((y - t)^2) / sum((t - mean(t))^2), as the mean over
/// the columns of y and t (N, ...). A perfect prediction gives 1, and the mean of the targets 0. A
/// column whose targets are all equal counts 1 if the prediction is exact, else 0.
/// @throws ShapeError unless both have one shape, ValueError if they are empty.
template <std::floating_point T>
double r2_score(const Tensor<T>& y, const Tensor<T>& t) {
  detail::expect_pair("r2 score", y, t);
  const Index rows = y.extent(0);
  const Index columns = y.size() / rows;
  const auto score = [&](Index column) {
    const auto sum = [&](const auto& of_row) {
      return detail::sum_pairwise<double>(
          0, rows, [&](Index row) { return of_row(row * columns + column); });
    };
    const auto target = [&](Index i) { return static_cast<double>(t.data()[i]); };
    const auto square = [](double d) { return detail::rounded(d * d); };
    const double mean = sum(target) / static_cast<double>(rows);
    const double rest = sum([&](Index i) { return square(y.data()[i] - target(i)); });
    const double total = sum([&](Index i) { return square(target(i) - mean); });
    if (total > 0) return 1 - rest / total;
    return rest == 0 ? 1.0 : 0.0;
  };
  return detail::sum_pairwise<double>(0, columns, score) / static_cast<double>(columns);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
