#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/functional/elementwise_loss.hpp"
#include "dlfs/nn/loss.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The loss of a regression that outliers pull less: the mean of |y - t| over all elements.
///
///   y, t (N, ...)   gradient sign(y - t) / size, which is 0 where they are equal
///
/// With sample weights (N), each element's loss is multiplied by its sample's weight; the divisor
/// is the same. A weight of 0 leaves the sample out.
template <std::floating_point T>
class MeanAbsoluteError {
 public:
  using Scalar = T;  ///< the element type
  /// Its name in checkpoints and messages.
  static constexpr std::string_view kind = "mean absolute error";

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
    return detail::mean_of_formula(detail::AbsoluteErrorFormula(), y, t, sample_weights, dy_);
  }
  /// Does not compile; the message says what to write instead.
  template <class... Others>
  DLFS_REFUSED(
      "mean absolute error compares tensors of the network's element type: cast<float>(targets) "
      "makes them of "
      "labels or doubles")
  void forward(const Others&...);

  /// The gradient with respect to the output, valid until the next `forward`.
  const Tensor<T>& backward() const& { return dy_; }
  const Tensor<T>& backward() const&& = delete;

 private:
  Tensor<T> dy_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
