#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "dlfs/core/overlap.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/nn/labels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Samples and their targets; the first axis of both counts the samples.
///
///   inputs (N, ...)   targets (N, ...): labels (N) for a classifier, any tensor for a regression
///   weights (N)       factor of each sample's loss; empty: all are 1
template <class T, class Targets = Labels>
struct Dataset {
  Tensor<T> inputs;     ///< samples along the first axis
  Targets targets;      ///< one for each sample
  Tensor<T> weights{};  ///< one for each sample, or none

  /// The number of samples, N. @throws ShapeError if the inputs have no axis.
  Index size() const { return inputs.extent(0); }

  /// @throws ShapeError, naming the operation, unless there is one target for each input, and one
  /// weight or no weights at all.
  void check(std::string_view operation) const {
    const bool matches =
        inputs.rank() > 0 && targets.rank() > 0 && inputs.extent(0) == targets.extent(0);
    if (!matches) {
      throw ShapeError(operation, ": expected one target for each input, got inputs ",
                       inputs.shape(), " and targets ", targets.shape());
    }
    if (weights.empty() || weights.shape() == Shape{size()}) return;
    throw ShapeError(operation, ": expected one weight for each of ", size(), " samples, got ",
                     weights.shape());
  }

  /// Copies the chosen samples into `batch`, whose memory is used again.
  /// @throws ShapeError for an index out of range, or unless there is one target for each input.
  void take(std::span<const Index> samples, Dataset& batch) const;
};

namespace detail {

template <class T>
Tensor<T> copy_of_rows(const Tensor<T>& x, Index first, Index last) {
  const auto rows = x.rows(first, last);
  return {rows.shape(), std::span(rows.data(), static_cast<std::size_t>(rows.size()))};
}

}  // namespace detail

/// A copy of the samples [first, last) as a dataset.
/// @throws ShapeError unless 0 <= first <= last <= N.
template <class T, class Targets>
Dataset<T, Targets> slice(const Dataset<T, Targets>& dataset, Index first, Index last) {
  dataset.check("slice");
  Dataset<T, Targets> part{detail::copy_of_rows(dataset.inputs, first, last),
                           detail::copy_of_rows(dataset.targets, first, last)};
  if (!dataset.weights.empty()) part.weights = detail::copy_of_rows(dataset.weights, first, last);
  return part;
}

/// Copies the chosen entries of the first axis, in the order of `indices`; negative indices count
/// from the end. `batch` reuses its memory, so batches of an earlier size do not allocate.
///
///   x (N, ...)   indices (B)   batch (B, ...)
///
/// @throws ShapeError for an index out of range.
template <class T>
void take(const Tensor<T>& x, std::span<const Index> indices, Tensor<T>& batch) {
  detail::expect_apart("take", "the batch", std::as_const(batch).view(), "x", x.view());
  batch.resize(x.shape().with(0, static_cast<Index>(indices.size())));
  const Index entry_size = x.shape().axes(1, x.rank()).size();
  T* out = batch.data();
  for (Index index : indices) {
    const Index entry = x.shape().normalize_index(0, index);
    out = std::copy_n(x.data() + entry * entry_size, entry_size, out);
  }
}

template <class T, class Targets>
void Dataset<T, Targets>::take(std::span<const Index> samples, Dataset& batch) const {
  check("take");
  dlfs::take(inputs, samples, batch.inputs);
  dlfs::take(targets, samples, batch.targets);
  if (weights.empty()) {
    batch.weights.resize({0});
  } else {
    dlfs::take(weights, samples, batch.weights);
  }
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
