#pragma once

#include <concepts>

#include "dlfs/functional/softmax.hpp"
#include "dlfs/functional/softmax_gradient.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The logarithm of softmax along axis 1, y = x - log(sum of exp(x)), for logits (N, C, ...);
/// dx = dy - exp(y) times the sum of dy.
template <std::floating_point T>
class LogSoftmax {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "log softmax", .keeps_output = true}; }

  /// @throws ShapeError unless x is (N, C, ...).
  Shape output_shape(const Shape& x) const {
    if (x.rank() < 2) {
      throw ShapeError(traits().kind, ": expected x of shape (N, C, ...), got ", x);
    }
    return x;
  }

  /// @throws ValueError for steps along axis 1.
  int step_axis(const Shape&, int axis) const {
    return detail::steps_not_along(traits().kind, 1, axis);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    detail::with_classes_last<T>([](const auto& x, const auto& y) { log_softmax(x, y); }, pass.y,
                                 pass.x);
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    detail::with_classes_last<T>([](const auto& y, const auto& dy,
                                    const auto& dx) { detail::log_softmax_backward<T>(y, dy, dx); },
                                 pass.dx, pass.y, pass.dy);
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
