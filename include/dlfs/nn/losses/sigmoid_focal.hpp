#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string_view>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/elementwise_loss.hpp"
#include "dlfs/nn/loss.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of SigmoidFocal.
struct SigmoidFocalOptions {
  /// Weight of positive targets; that of negative ones is 1 - alpha. std::nullopt: both have 1.
  std::optional<double> alpha = 0.25;
  double gamma = 2;  ///< how much less easy examples count; 0 is the binary cross entropy

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("sigmoid focal loss", "alpha", alpha.value_or(0), detail::between(0, 1));
    detail::expect_option("sigmoid focal loss", "gamma", gamma, detail::at_least(0));
  }
};

/// Binary cross entropy in which examples that are classified well count less, for detectors and
/// other tasks where negatives are many and easy. The mean over all elements of
///
///   alpha (1 - p)^gamma (-log p)          for t = 1, where p = sigmoid(logit),
///   (1 - alpha) p^gamma (-log(1 - p))     for t = 0; targets between them mix both.
///
///   logits, t (N, ...)
///
/// With sample weights (N), each element's loss is multiplied by its sample's weight; the divisor
/// is the same. A weight of 0 leaves the sample out. Source: Lin et al., "Focal Loss for Dense
/// Object Detection", 2017.
template <std::floating_point T>
class SigmoidFocal {
 public:
  using Scalar = T;  ///< the element type
  /// Its name in checkpoints and messages.
  static constexpr std::string_view kind = "sigmoid focal loss";

  SigmoidFocal() : SigmoidFocal(SigmoidFocalOptions{}) {}
  /// @throws ValueError unless alpha is in [0, 1] and gamma at least 0.
  explicit SigmoidFocal(const SigmoidFocalOptions& options)
      : formula_{static_cast<T>(detail::checked(options).gamma),
                 static_cast<T>(options.alpha.value_or(1)),
                 static_cast<T>(options.alpha ? 1 - *options.alpha : 1)} {}

  /// Whether the targets fit an output of shape y.
  /// @throws ShapeError unless they have its shape, or if there are no elements.
  void check(const Shape& y, const Tensor<T>& t, std::span<const Index> = {}) const {
    detail::expect_targets(kind, y, t.shape());
  }

  /// The loss; sample_weights are (N), or empty for weights of 1.
  /// @throws ShapeError as `check` does, or for weights of another shape.
  T forward(const Tensor<T>& logits, const Tensor<T>& t, const Tensor<T>& sample_weights = {}) {
    check(logits.shape(), t);
    detail::expect_sample_weights(kind, logits.shape(), sample_weights.shape());
    return detail::mean_of_formula(formula_, logits, t, sample_weights, dy_);
  }
  /// Does not compile; the message says what to write instead.
  template <class... Others>
  DLFS_REFUSED(
      "sigmoid focal loss compares tensors of the network's element type: cast<float>(targets) "
      "makes them of "
      "labels or doubles")
  void forward(const Others&...);

  /// The gradient with respect to the output, valid until the next `forward`.
  const Tensor<T>& backward() const& { return dy_; }
  const Tensor<T>& backward() const&& = delete;

 private:
  detail::SigmoidFocalFormula<T> formula_;
  Tensor<T> dy_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
