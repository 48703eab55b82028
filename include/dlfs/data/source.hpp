#pragma once

#include <concepts>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>

#include "dlfs/data/dataset.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Where training samples come from: memory, files, or a computation.
///
///   size() const                  the number of samples, N
///   take(samples, batch) const    writes the samples of these numbers, each in [0, N), into a
///                                 Dataset<T, Targets>. Several threads may call it at once
///
/// A Dataset is a source.
template <class S, class T, class Targets>
concept DataSource = requires(const S& source, std::span<const Index> samples,
                              Dataset<T, Targets>& batch) {
  { source.size() } -> std::convertible_to<Index>;
  source.take(samples, batch);
};

/// A source whose samples are computed, or read from wherever a function finds them.
///
///   FunctionSource<float> source(1'000'000, [&](std::span<const Index> samples, auto& batch) {
///     batch.inputs.resize({std::ssize(samples), 1, 28, 28});  ...
///   });
template <class T, class Targets = Labels>
class FunctionSource {
 public:
  /// Writes the samples of these numbers into the batch.
  using Take = std::function<void(std::span<const Index>, Dataset<T, Targets>&)>;

  /// @throws ValueError for a negative size or an empty function.
  FunctionSource(Index size, Take take) : size_(size), take_(std::move(take)) {
    if (size < 0 || !take_) {
      throw ValueError("function source: expected a size of at least 0 and a function, got ", size,
                       take_ ? "" : " and no function");
    }
  }

  /// The number of samples.
  Index size() const { return size_; }
  /// Calls the function.
  void take(std::span<const Index> samples, Dataset<T, Targets>& batch) const {
    take_(samples, batch);
  }

 private:
  Index size_;
  Take take_;
};

namespace detail {

/// Refers to a source of any type, which must outlive it.
template <class T, class Targets>
class SourceRef {
 public:
  using Batch = Dataset<T, Targets>;

  template <class S>
    requires(!std::same_as<S, SourceRef> && DataSource<S, T, Targets>)
  SourceRef(const S& source)
      : source_(&source),
        size_([](const void* s) -> Index { return static_cast<const S*>(s)->size(); }),
        take_([](const void* s, std::span<const Index> samples, Batch& batch) {
          static_cast<const S*>(s)->take(samples, batch);
        }) {
    if constexpr (std::same_as<S, Batch>) in_memory_ = &source;
  }

  Index size() const { return size_(source_); }

  /// @throws ShapeError unless the batch has a target for each of the samples.
  void take(std::span<const Index> samples, Batch& batch) const {
    take_(source_, samples, batch);
    if (in_memory_ != nullptr) return;
    batch.check("source");
    if (batch.size() == std::ssize(samples)) return;
    throw ShapeError("source: expected a batch of ", samples.size(), " samples, got inputs ",
                     batch.inputs.shape());
  }

  /// The source itself if it is a Dataset, else null.
  const Batch* in_memory() const { return in_memory_; }

 private:
  const void* source_;
  Index (*size_)(const void*);
  void (*take_)(const void*, std::span<const Index>, Batch&);
  const Batch* in_memory_ = nullptr;
};

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
