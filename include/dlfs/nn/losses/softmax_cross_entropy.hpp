#pragma once

#include <concepts>
#include <span>
#include <string_view>
#include <utility>

#include "dlfs/functional/cross_entropy.hpp"
#include "dlfs/nn/labels.hpp"
#include "dlfs/nn/loss.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The loss of a classifier: cross entropy of softmax(logits), mean over the batch.
///
///   logits (N, C)        labels (N), or a distribution over the classes (N, C)
///   logits (N, C, ...)   labels (N, ...), or distributions (N, C, ...): a class for each position,
///                        such as a pixel; mean over all of them
///
/// The gradient, (softmax(logits) - targets) / number of positions, is computed together with the
/// loss. Options, see SoftmaxCrossEntropyOptions:
///
/// - Class weights: labels make a weighted mean, whose divisor is the sum of the weights of the
///   labels. Distributions are divided by the number of positions.
/// - ignore_index: labels that do not count. If no label counts, the loss and the gradient are 0.
/// - label_smoothing: a target t becomes (1 - label_smoothing) t + label_smoothing / C.
///
/// With sample weights (N), each position's loss is multiplied by its sample's weight; the divisor
/// is the same. A weight of 0 leaves the sample out.
///
/// A logit of -inf masks its class, which gets no part of the smoothing. If the class is a target,
/// the loss is infinite.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 5.6.3, without its log(y + 1e-7);
/// label smoothing: Szegedy et al., "Rethinking the Inception Architecture", 2015, section 7.
template <std::floating_point T>
class SoftmaxCrossEntropy {
 public:
  using Scalar = T;  ///< the element type
  /// Its name in checkpoints and messages.
  static constexpr std::string_view kind = "softmax cross entropy";

  SoftmaxCrossEntropy() = default;
  /// @throws ValueError unless label_smoothing is in [0, 1] and the class weights are at least 0.
  explicit SoftmaxCrossEntropy(SoftmaxCrossEntropyOptions<T> options)
      : options_(std::move(options)) {
    options_.check();
  }

  ///@{
  /// Whether the targets fit an output of this shape. An error names sample n of the labels as
  /// `samples[n]`, if they are given.
  /// @throws ShapeError for other shapes, or class weights that are not (C); ValueError for a label
  /// outside [0, C) that is not ignored, or distributions with an ignore_index.
  void check(const Shape& logits, const Labels& labels, std::span<const Index> samples = {}) const {
    detail::expect_labels(kind, logits, labels, options_.ignore_index, samples);
    detail::expect_class_weights(kind, logits, options_.class_weights.shape());
  }
  void check(const Shape& logits, const Tensor<T>& targets, std::span<const Index> = {}) const {
    detail::expect_soft_targets(kind, logits, targets.shape());
    detail::expect_class_weights(kind, logits, options_.class_weights.shape());
    detail::expect_no_ignore_index(kind, options_.ignore_index);
  }
  ///@}

  ///@{
  /// The loss; sample_weights are (N), or empty for weights of 1.
  /// @throws ShapeError, ValueError as `check` does; ShapeError for weights of another shape.
  T forward(const Tensor<T>& logits, const Labels& labels, const Tensor<T>& sample_weights = {}) {
    dlogits_.resize(logits.shape());
    return softmax_cross_entropy(logits, labels, dlogits_, options_, sample_weights);
  }
  T forward(const Tensor<T>& logits, const Tensor<T>& targets,
            const Tensor<T>& sample_weights = {}) {
    dlogits_.resize(logits.shape());
    return softmax_cross_entropy(logits, targets, dlogits_, options_, sample_weights);
  }
  ///@}
  /// Does not compile; the message says what to write instead.
  template <class... Others>
  DLFS_REFUSED(
      "softmax cross entropy compares logits with Labels, which are int32 (from_range or cast "
      "makes them), or with a Tensor of the network's element type")
  void forward(const Others&...);

  /// The gradient with respect to the output, valid until the next `forward`.
  const Tensor<T>& backward() const& { return dlogits_; }
  const Tensor<T>& backward() const&& = delete;

 private:
  SoftmaxCrossEntropyOptions<T> options_;
  Tensor<T> dlogits_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
