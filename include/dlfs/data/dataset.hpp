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
template <class T, class Targets = Labels>
struct Dataset {
  Tensor<T> inputs;  ///< samples along the first axis
  Targets targets;   ///< one for each sample

  /// The number of samples, N. @throws ShapeError if the inputs have no axis.
  Index size() const { return inputs.extent(0); }

  /// @throws ShapeError, naming the operation, unless there is one target for each input.
  void check(std::string_view operation) const {
    const bool matches =
        inputs.rank() > 0 && targets.rank() > 0 && inputs.extent(0) == targets.extent(0);
    if (matches) return;
    throw ShapeError(operation, ": expected one target for each input, got inputs ", inputs.shape(),
                     " and targets ", targets.shape());
  }
};

/// A copy of the samples [first, last) as a dataset.
/// @throws ShapeError unless 0 <= first <= last <= N.
template <class T, class Targets>
Dataset<T, Targets> slice(const Dataset<T, Targets>& dataset, Index first, Index last) {
  const auto copy_rows = [&](const auto& tensor) {
    const auto rows = tensor.rows(first, last);
    return Tensor(rows.shape(), std::span(rows.data(), static_cast<std::size_t>(rows.size())));
  };
  dataset.check("slice");
  return {copy_rows(dataset.inputs), copy_rows(dataset.targets)};
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

/// Copies the chosen samples, both inputs and targets.
/// @throws ShapeError for an index out of range, or unless there is one target for each input.
template <class T, class Targets>
void take(const Dataset<T, Targets>& dataset, std::span<const Index> indices,
          Dataset<T, Targets>& batch) {
  dataset.check("take");
  take(dataset.inputs, indices, batch.inputs);
  take(dataset.targets, indices, batch.targets);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
