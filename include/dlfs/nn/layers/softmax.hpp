#pragma once

#include <concepts>

#include "dlfs/functional/softmax.hpp"
#include "dlfs/functional/softmax_gradient.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Softmax along axis 1, y = exp(x) / sum of exp(x): probabilities from logits (N, C, ...).
///
/// dx = y (dy - the sum of dy y). A network that ends in SoftmaxCrossEntropy does without: that
/// loss takes logits.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 3.5.
template <std::floating_point T>
class Softmax {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "softmax", .keeps_output = true}; }

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
    detail::with_classes_last<T>([](const auto& x, const auto& y) { softmax(x, y); }, pass.y,
                                 pass.x);
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    detail::with_classes_last<T>([](const auto& y, const auto& dy,
                                    const auto& dx) { detail::softmax_backward<T>(y, dy, dx); },
                                 pass.dx, pass.y, pass.dy);
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
