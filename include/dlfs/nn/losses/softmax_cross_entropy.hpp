#pragma once

#include <concepts>
#include <string_view>

#include "dlfs/math/cross_entropy.hpp"
#include "dlfs/nn/labels.hpp"
#include "dlfs/nn/loss.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {
/// What compilers say of labels in a std::vector, or of 64 bits.
struct labels_are_int32_from_range_or_cast_makes_them;
}  // namespace detail

/// The loss of a classifier: cross entropy of softmax(scores), mean over the batch.
///
///   scores (N, C)   targets: labels (N), or a distribution over the classes (N, C)
///
/// The gradient, (softmax(scores) - targets) / N, is computed along with the loss.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 5.6.3, without its log(y + 1e-7).
template <std::floating_point T>
class SoftmaxCrossEntropy {
 public:
  using Scalar = T;
  static constexpr std::string_view kind = "softmax cross entropy";

  /// @throws ShapeError for other shapes, ValueError for a label outside [0, C).
  T forward(const Tensor<T>& scores, const Labels& labels) {
    dscores_.resize(scores.shape());
    return softmax_cross_entropy(scores, labels, dscores_);
  }
  /// @throws ShapeError unless targets are shaped like the scores.
  T forward(const Tensor<T>& scores, const Tensor<T>& targets) {
    dscores_.resize(scores.shape());
    return softmax_cross_entropy(scores, targets, dscores_);
  }
  template <class Targets, class Reason = detail::labels_are_int32_from_range_or_cast_makes_them>
  void forward(const Tensor<T>&, const Targets&) = delete;

  const Tensor<T>& backward() const& { return dscores_; }
  const Tensor<T>& backward() const&& = delete;

 private:
  Tensor<T> dscores_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
