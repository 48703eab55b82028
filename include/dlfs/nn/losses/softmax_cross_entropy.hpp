#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

#include "dlfs/functional/cross_entropy.hpp"
#include "dlfs/nn/labels.hpp"
#include "dlfs/nn/loss.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {
/// The compiler's error for labels in a std::vector, or of 64 bits, shows this name.
struct labels_are_int32_from_range_or_cast_makes_them;
}  // namespace detail

/// The loss of a classifier: cross entropy of softmax(logits), mean over the batch.
///
///   logits (N, C)   targets: labels (N), or a distribution over the classes (N, C)
///
/// The gradient, (softmax(logits) - targets) / N, is computed together with the loss.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 5.6.3, without its log(y + 1e-7).
template <std::floating_point T>
class SoftmaxCrossEntropy {
 public:
  using Scalar = T;  ///< the element type
  /// Its name in checkpoints and messages.
  static constexpr std::string_view kind = "softmax cross entropy";

  /// Whether the labels fit logits of this shape. An error names sample n as `samples[n]`, if they
  /// are given. @throws ShapeError for other shapes, ValueError for a label outside [0, C).
  void check(const Shape& logits, const Labels& labels, std::span<const Index> samples = {}) const {
    if (logits.rank() != 2 || labels.shape() != Shape{logits[0]}) {
      throw ShapeError(kind, ": expected logits (N, C) and labels (N), got ", logits, " and ",
                       labels.shape());
    }
    for (Index n = 0; n < labels.size(); ++n) {
      const std::int32_t label = labels.data()[n];
      if (label >= 0 && label < logits[1]) continue;
      const Index sample = samples.empty() ? n : samples[static_cast<std::size_t>(n)];
      throw ValueError(kind, ": label ", label, " of sample ", sample, " is not in 0..",
                       logits[1] - 1);
    }
  }

  /// @throws ShapeError for other shapes, ValueError for a label outside [0, C).
  T forward(const Tensor<T>& logits, const Labels& labels) {
    dlogits_.resize(logits.shape());
    return softmax_cross_entropy(logits, labels, dlogits_);
  }
  /// @throws ShapeError unless targets are shaped like the logits.
  T forward(const Tensor<T>& logits, const Tensor<T>& targets) {
    dlogits_.resize(logits.shape());
    return softmax_cross_entropy(logits, targets, dlogits_);
  }
  template <class Targets, class Reason = detail::labels_are_int32_from_range_or_cast_makes_them>
  void forward(const Tensor<T>&, const Targets&) = delete;

  /// The gradient with respect to the output, valid until the next `forward`.
  const Tensor<T>& backward() const& { return dlogits_; }
  const Tensor<T>& backward() const&& = delete;

 private:
  Tensor<T> dlogits_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
