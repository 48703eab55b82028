#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/elementwise_loss.hpp"
#include "dlfs/nn/loss.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Huber.
struct HuberOptions {
  double delta = 1;  ///< the error up to which the loss is quadratic

  /// @throws ValueError, naming the option that is out of its range.
  void check() const { detail::expect_option("Huber loss", "delta", delta, detail::above(0)); }
};

/// The loss of a regression that is quadratic for small errors and linear for outliers: the mean of
/// d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with d = y - t.
///
///   y, t (N, ...)   gradient: d, limited to [-delta, delta], / size
///
/// With sample weights (N), each element's loss is multiplied by its sample's weight; the divisor
/// is the same. A weight of 0 leaves the sample out. Source: Huber, "Robust Estimation of a
/// Location Parameter", 1964.
template <std::floating_point T>
class Huber {
 public:
  using Scalar = T;  ///< the element type
  /// Its name in checkpoints and messages.
  static constexpr std::string_view kind = "Huber loss";

  Huber() : Huber(HuberOptions{}) {}
  /// @throws ValueError unless delta is above 0.
  explicit Huber(const HuberOptions& options)
      : formula_{static_cast<T>(detail::checked(options).delta)} {}

  /// Whether the targets fit an output of shape y.
  /// @throws ShapeError unless they have its shape, or if there are no elements.
  void check(const Shape& y, const Tensor<T>& t, std::span<const Index> = {}) const {
    detail::expect_targets(kind, y, t.shape());
  }

  /// The loss; sample_weights are (N), or empty for weights of 1.
  /// @throws ShapeError as `check` does, or for weights of another shape.
  T forward(const Tensor<T>& y, const Tensor<T>& t, const Tensor<T>& sample_weights = {}) {
    check(y.shape(), t);
    detail::expect_sample_weights(kind, y.shape(), sample_weights.shape());
    return detail::mean_of_formula(formula_, y, t, sample_weights, dy_);
  }
  /// Does not compile; the message says what to write instead.
  template <class... Others>
  DLFS_REFUSED(
      "Huber loss compares tensors of the network's element type: cast<float>(targets) makes them "
      "of "
      "labels or doubles")
  void forward(const Others&...);

  /// The gradient with respect to the output, valid until the next `forward`.
  const Tensor<T>& backward() const& { return dy_; }
  const Tensor<T>& backward() const&& = delete;

 private:
  detail::HuberFormula<T> formula_;
  Tensor<T> dy_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
