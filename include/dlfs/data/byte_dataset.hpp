#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

#include "dlfs/data/dataset.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Samples of bytes, such as pictures, and their labels: a source for training that takes a quarter
/// of the memory of a Dataset<float>. A batch is made of numbers of any type.
///
///   inputs (N, ...)   targets (N)
struct ByteDataset {
  Tensor<std::uint8_t> inputs;  ///< samples along the first axis
  Labels targets;               ///< one for each sample

  /// The number of samples, N. @throws ShapeError if the inputs have no axis.
  Index size() const { return inputs.extent(0); }

  /// @throws ShapeError, naming the operation, unless there is one label for each sample.
  void check(std::string_view operation) const {
    if (inputs.rank() > 0 && targets.shape() == Shape{inputs.extent(0)}) return;
    throw ShapeError(operation, ": expected one label for each input, got inputs ", inputs.shape(),
                     " and targets ", targets.shape());
  }

  /// Writes the chosen samples, byte / 255, into `batch`, whose memory is used again.
  /// @throws ShapeError for an index out of range, or unless there is one label for each sample.
  template <std::floating_point T>
  void take(std::span<const Index> samples, Dataset<T>& batch) const {
    check("take");
    batch.inputs.resize(inputs.shape().with(0, std::ssize(samples)));
    const Index sample_size = inputs.shape().axes(1, inputs.rank()).size();
    T* out = batch.inputs.data();
    for (const Index index : samples) {
      const Index sample = inputs.shape().normalize_index(0, index);
      const std::uint8_t* const bytes = inputs.data() + sample * sample_size;
      out = std::transform(bytes, bytes + sample_size, out, number_of<T>);
    }
    dlfs::take(targets, samples, batch.targets);
    batch.weights.resize({0});
  }

  /// All samples as numbers.
  /// @throws ShapeError unless there is one label for each sample.
  template <std::floating_point T>
  Dataset<T> numbers() const {
    check("numbers");
    Dataset<T> result{Tensor<T>::uninitialized(inputs.shape()), targets};
    std::transform(inputs.begin(), inputs.end(), result.inputs.begin(), number_of<T>);
    return result;
  }

 private:
  template <class T>
  static T number_of(std::uint8_t byte) {
    return static_cast<T>(byte) / 255;
  }
};

/// A copy of the samples [first, last).
/// @throws ShapeError unless 0 <= first <= last <= N, or unless there is one label for each sample.
inline ByteDataset slice(const ByteDataset& dataset, Index first, Index last) {
  dataset.check("slice");
  return {detail::copy_of_rows(dataset.inputs, first, last),
          detail::copy_of_rows(dataset.targets, first, last)};
}

/// Samples to train with, and others to test with.
struct ByteDatasets {
  ByteDataset train;  ///< to train with
  ByteDataset test;   ///< to test with
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
