#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/functional/cross_entropy.hpp"
#include "dlfs/nn/loss.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The divergence of target distributions from softmax(logits), as in distillation: the mean over
/// the batch of sum(t (log t - log softmax(logits))), where 0 log 0 = 0.
///
///   logits, t (N, C) or (N, C, ...)   gradient (softmax(logits) - t) / N
///
/// The targets are probabilities, not their logarithms. All positions of a sample are added up.
/// With sample weights (N), each sample's loss is multiplied by its weight; the divisor is N. A
/// weight of 0 leaves the sample out. Source: Kullback and Leibler, "On Information and
/// Sufficiency", 1951.
template <std::floating_point T>
class KullbackLeibler {
 public:
  using Scalar = T;  ///< the element type
  /// Its name in checkpoints and messages.
  static constexpr std::string_view kind = "Kullback-Leibler divergence";

  /// Whether the targets fit an output of this shape.
  /// @throws ShapeError unless they have its shape, (N, C, ...), which is not empty.
  void check(const Shape& logits, const Tensor<T>& targets, std::span<const Index> = {}) const {
    detail::expect_soft_targets(kind, logits, targets.shape());
  }

  /// The loss; sample_weights are (N), or empty for weights of 1.
  /// @throws ShapeError as `check` does, or for weights of another shape.
  T forward(const Tensor<T>& logits, const Tensor<T>& targets,
            const Tensor<T>& sample_weights = {}) {
    dlogits_.resize(logits.shape());
    return kullback_leibler(logits, targets, dlogits_, sample_weights);
  }
  /// Does not compile; the message says what to write instead.
  template <class... Others>
  DLFS_REFUSED(
      "Kullback-Leibler divergence compares tensors of the network's element type; the targets are "
      "distributions over the classes, not labels")
  void forward(const Others&...);

  /// The gradient with respect to the output, valid until the next `forward`.
  const Tensor<T>& backward() const& { return dlogits_; }
  const Tensor<T>& backward() const&& = delete;

 private:
  Tensor<T> dlogits_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
