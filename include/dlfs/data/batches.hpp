#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>

#include "dlfs/core/rng.hpp"
#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Chooses the samples of every mini-batch.
///
/// The batches of an epoch depend only on the seed and the epoch's number, so a resumed training
/// sees the same batches as an uninterrupted one. After construction nothing is allocated.
///
///     for (Index epoch = 0; epoch < epochs; ++epoch) {
///       sampler.begin_epoch(epoch);
///       for (Index i = 0; i < sampler.batch_count(); ++i) {
///         take(dataset, sampler.batch(i), batch);
class BatchSampler {
 public:
  /// The way in which an epoch's batches are drawn from N samples.
  enum class Sampling {
    without_replacement,  // every sample once, in random order; the last batch may be smaller
    with_replacement,  // N / B batches of B samples, each drawn from all: the book's choice(N, B)
  };

  /// Starts at epoch 0.
  /// @throws ValueError unless there is at least one sample and a batch holds at least one.
  BatchSampler(Index sample_count, Index batch_size, const Rng& rng,
               Sampling sampling = Sampling::without_replacement)
      : sample_count_(sample_count), batch_size_(batch_size), rng_(rng), sampling_(sampling) {
    if (sample_count < 1 || batch_size < 1) {
      throw ValueError("BatchSampler: expected at least one sample and a batch size of at ",
                       "least 1, got ", sample_count, " samples and batch size ", batch_size);
    }
    if (sampling == Sampling::without_replacement) {
      batch_count_ = (sample_count - 1) / batch_size + 1;
      indices_.resize({sample_count});
    } else {
      batch_count_ = std::max<Index>(1, sample_count / batch_size);
      indices_.resize({batch_count_ * batch_size});
    }
    begin_epoch(0);
  }

  /// The number of batches in an epoch.
  Index batch_count() const { return batch_count_; }

  /// Draws the batches of an epoch. @throws ValueError if its number is negative.
  void begin_epoch(Index epoch) {
    if (epoch < 0) throw ValueError("BatchSampler: epoch ", epoch, " is negative");
    Rng rng = rng_.stream(static_cast<std::uint64_t>(epoch));
    if (sampling_ == Sampling::without_replacement) {
      std::iota(indices_.begin(), indices_.end(), Index{0});
      std::span<Index> order(indices_.begin(), indices_.end());
      rng.shuffle(order);
    } else {
      for (Index& index : indices_) index = rng.below(sample_count_);
    }
  }

  /// The samples of the epoch's i-th batch; valid until the next epoch begins.
  /// @throws ValueError unless 0 <= i < batch_count().
  std::span<const Index> batch(Index i) const& {
    if (i < 0 || i >= batch_count_ || indices_.empty()) {
      throw ValueError("BatchSampler: batch ", i, " of an epoch of ",
                       indices_.empty() ? 0 : batch_count_);
    }
    const Index first = i * batch_size_;
    const Index count = std::min(batch_size_, indices_.size() - first);
    return {indices_.data() + first, static_cast<std::size_t>(count)};
  }
  std::span<const Index> batch(Index i) const&& = delete;

 private:
  Index sample_count_;
  Index batch_size_;
  Index batch_count_ = 0;
  Rng rng_;
  Sampling sampling_;
  Tensor<Index> indices_;  // samples of the current epoch, batch after batch
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
