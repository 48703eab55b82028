#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "dlfs/core/rng.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/nn/labels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of BatchSampler.
struct BatchSamplerOptions {
  /// The way in which an epoch's batches of B are drawn from N samples.
  enum class Sampling {
    without_replacement,  ///< every sample once, in random order
    with_replacement,     ///< N / B batches, each drawn from all: the book's choice(N, B)
    sequential,           ///< every sample once, in the order of the data
  };

  Sampling sampling = Sampling::without_replacement;  ///< how batches are drawn
  bool drop_last = false;  ///< leaves out the samples that would make a smaller last batch
  /// For each sample, a number to which its chance is proportional; empty: all are equal. Only for
  /// sampling with replacement. See balanced_weights.
  Tensor<double> weights{};
};

/// Weights by which each class is drawn equally often: 1 / (samples of the label's class).
///
///   labels (N) -> (N)
///
/// @throws ValueError for a negative label.
inline Tensor<double> balanced_weights(const Labels& labels) {
  std::vector<double> counts;
  for (Index n = 0; n < labels.size(); ++n) {
    const std::int32_t label = labels.data()[n];
    if (label < 0) {
      throw ValueError("balanced_weights: label ", label, " of sample ", n, " is negative");
    }
    const auto c = static_cast<std::size_t>(label);
    if (c >= counts.size()) counts.resize(c + 1);
    ++counts[c];
  }
  Tensor<double> weights(labels.shape());
  for (Index n = 0; n < labels.size(); ++n) {
    weights.data()[n] = 1 / counts[static_cast<std::size_t>(labels.data()[n])];
  }
  return weights;
}

/// Chooses the samples of every mini-batch.
///
/// The batches of an epoch depend only on the seed and the epoch's number, so a resumed training
/// sees the same batches as an uninterrupted one. After construction nothing is allocated.
///
///     for (Index epoch = 0; epoch < epochs; ++epoch) {
///       sampler.begin_epoch(epoch);
///       for (Index i = 0; i < sampler.batch_count(); ++i) {
///         dataset.take(sampler.batch(i), batch);
class BatchSampler {
 public:
  using Sampling = BatchSamplerOptions::Sampling;  ///< how batches are drawn

  /// Starts at epoch 0.
  /// @throws ValueError unless there is at least one sample, a batch holds at least one, and there
  /// is at least one batch; and for weights that are negative, not finite, all 0, of another number
  /// than the samples, or given without replacement.
  BatchSampler(Index sample_count, Index batch_size, const Rng& rng,
               const BatchSamplerOptions& options = {})
      : sample_count_(sample_count),
        batch_size_(batch_size),
        rng_(rng),
        sampling_(options.sampling) {
    if (sample_count < 1 || batch_size < 1) {
      throw ValueError("BatchSampler: expected at least one sample and a batch size of at ",
                       "least 1, got ", sample_count, " samples and batch size ", batch_size);
    }
    const Index whole_batches = sample_count / batch_size;
    if (sampling_ == Sampling::with_replacement) {
      batch_count_ = std::max<Index>(1, whole_batches);
      indices_.resize({batch_count_ * batch_size});
    } else {
      batch_count_ = options.drop_last ? whole_batches : (sample_count - 1) / batch_size + 1;
      indices_.resize({sample_count});
    }
    if (batch_count_ == 0) {
      throw ValueError("BatchSampler: drop_last leaves no batch of ", batch_size, " from ",
                       sample_count, " samples");
    }
    if (!options.weights.empty()) add_up(options.weights);
    begin_epoch(0);
  }

  /// The number of batches in an epoch.
  Index batch_count() const { return batch_count_; }

  /// Draws the batches of an epoch. @throws ValueError if its number is negative.
  void begin_epoch(Index epoch) {
    if (epoch < 0) throw ValueError("BatchSampler: epoch ", epoch, " is negative");
    Rng rng = rng_.stream(static_cast<std::uint64_t>(epoch));
    if (sampling_ == Sampling::with_replacement) {
      for (Index& index : indices_) {
        index = cumulative_weights_.empty() ? rng.below(sample_count_) : draw(rng.uniform());
      }
      return;
    }
    std::iota(indices_.begin(), indices_.end(), Index{0});
    if (sampling_ == Sampling::sequential) return;
    std::span<Index> order(indices_.begin(), indices_.end());
    rng.shuffle(order);
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
  void add_up(const Tensor<double>& weights) {
    if (sampling_ != Sampling::with_replacement) {
      throw ValueError("BatchSampler: weights need sampling with replacement");
    }
    if (weights.shape() != Shape{sample_count_}) {
      throw ValueError("BatchSampler: expected a weight for each of ", sample_count_,
                       " samples, got ", weights.shape());
    }
    cumulative_weights_.resize(weights.shape());
    double sum = 0;
    for (Index n = 0; n < sample_count_; ++n) {
      const double weight = weights(n);
      if (!(weight >= 0) || !detail::is_finite(weight)) {
        throw ValueError("BatchSampler: expected finite weights of at least 0, got ", weight,
                         " for sample ", n);
      }
      cumulative_weights_(n) = sum += weight;
    }
    if (!(sum > 0) || !detail::is_finite(sum)) {
      throw ValueError("BatchSampler: expected weights with a finite sum above 0, got ", sum);
    }
  }

  /// The sample at a fraction in [0, 1) of all weights.
  Index draw(double fraction) const {
    const double* const first = cumulative_weights_.data();
    const double* const last = first + sample_count_;
    const double sum = last[-1];
    const double* found = std::upper_bound(first, last, detail::rounded(fraction * sum));
    // A product that is rounded up to the sum belongs to the last sample with a weight.
    if (found == last) found = std::lower_bound(first, last, sum);
    return found - first;
  }

  Index sample_count_;
  Index batch_size_;
  Index batch_count_ = 0;
  Rng rng_;
  Sampling sampling_;
  Tensor<double> cumulative_weights_;
  Tensor<Index> indices_;  // samples of the current epoch, batch after batch
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
