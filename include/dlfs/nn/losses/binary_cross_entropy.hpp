#pragma once

#include <concepts>
#include <span>
#include <string_view>
#include <utility>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/elementwise_loss.hpp"
#include "dlfs/nn/loss.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of BinaryCrossEntropy.
template <std::floating_point T>
struct BinaryCrossEntropyOptions {
  /// Weights (C) of positive targets along axis 1, one number for all, or empty for 1.
  Tensor<T> pos_weight{};

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    for (const T weight : pos_weight) {
      detail::expect_option("binary cross entropy", "pos_weight", static_cast<double>(weight),
                            detail::at_least(0));
    }
  }
};

/// The loss of independent yes-or-no answers, such as several labels of one sample: the mean over
/// all elements of -w t log p - (1 - t) log(1 - p) with p = sigmoid(logit), where w is the weight
/// of positive targets.
///
///   logits, t (N), (N, C) or (N, C, ...)   gradient ((1 - t) p - w t (1 - p)) / size
///
/// Targets are 0, 1 or probabilities. A logit may be infinite: the loss is then infinite, or 0 if
/// the target agrees.
///
/// With sample weights (N), each element's loss is multiplied by its sample's weight; the divisor
/// is the same. A weight of 0 leaves the sample out.
template <std::floating_point T>
class BinaryCrossEntropy {
 public:
  using Scalar = T;  ///< the element type
  /// Its name in checkpoints and messages.
  static constexpr std::string_view kind = "binary cross entropy";

  BinaryCrossEntropy() = default;
  /// With weights of positive targets, which `check` and `forward` compare with the output.
  /// @throws ValueError unless they are at least 0.
  explicit BinaryCrossEntropy(BinaryCrossEntropyOptions<T> options)
      : pos_weight_((options.check(), std::move(options.pos_weight))) {}

  /// Whether the targets fit an output of shape y.
  /// @throws ShapeError unless they have its shape, and there are C weights of positive targets,
  /// one or none, or if there are no elements.
  void check(const Shape& y, const Tensor<T>& t, std::span<const Index> = {}) const {
    detail::expect_targets(kind, y, t.shape());
    const Index count = pos_weight_.size();
    const bool fits = pos_weight_.rank() == 1 && (count < 2 || (y.rank() > 1 && count == y[1]));
    if (fits) return;
    throw ShapeError(kind, ": expected pos_weight of shape (C,) for an output (N, C, ...), got ",
                     pos_weight_.shape(), " for ", y);
  }

  /// The loss; sample_weights are (N), or empty for weights of 1.
  /// @throws ShapeError as `check` does, or for weights of another shape.
  T forward(const Tensor<T>& logits, const Tensor<T>& t, const Tensor<T>& sample_weights = {}) {
    check(logits.shape(), t);
    detail::expect_sample_weights(kind, logits.shape(), sample_weights.shape());
    const detail::BinaryCrossEntropyFormula formula;
    if (pos_weight_.empty()) {
      return detail::mean_of_formula(formula, logits, t, sample_weights, dy_);
    }
    const Index run = logits.rank() > 1 ? logits.shape().axes(2, logits.rank()).size() : 1;
    const detail::AlongAxis<T> pos_weights{pos_weight_.data(), pos_weight_.size(), run};
    const T scale = T(1) / static_cast<T>(logits.size());
    dy_.resize(logits.shape());
    const auto sum_of = [&](Index first, Index count, const T* weights) {
      const Scratch<T> of_elements(count);
      pos_weights.write(first, count, of_elements.data());
      return detail::sum_of_formula(formula, scale, count, weights, dy_.data() + first,
                                    logits.data() + first, t.data() + first, of_elements.data());
    };
    return detail::mean_over_blocks(logits, sample_weights, sum_of);
  }
  /// Does not compile; the message says what to write instead.
  template <class... Others>
  DLFS_REFUSED(
      "binary cross entropy compares tensors of the network's element type: cast<float>(targets) "
      "makes them of "
      "labels or doubles")
  void forward(const Others&...);

  /// The gradient with respect to the output, valid until the next `forward`.
  const Tensor<T>& backward() const& { return dy_; }
  const Tensor<T>& backward() const&& = delete;

 private:
  Tensor<T> pos_weight_;
  Tensor<T> dy_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
