#pragma once

#include <concepts>

#include "dlfs/functional/hard_activation.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Piecewise linear sigmoid, y = min(max(x + 3, 0), 6) / 6, for any shape; dx = dy / 6 where
/// -3 < x < 3, else 0.
/// Source: Howard et al., "Searching for MobileNetV3" (2019).
template <std::floating_point T>
class HardSigmoid {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "hard sigmoid", .keeps_output = true, .is_monotone = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { hard_sigmoid(pass.x, pass.y); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    hard_sigmoid_backward(pass.y, pass.dy, pass.dx);
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
