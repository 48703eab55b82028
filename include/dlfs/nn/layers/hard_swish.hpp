#pragma once

#include <concepts>

#include "dlfs/functional/hard_activation.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Swish with the piecewise linear sigmoid, y = x min(max(x + 3, 0), 6) / 6, for any shape.
/// Source: Howard et al., "Searching for MobileNetV3" (2019).
template <std::floating_point T>
class HardSwish {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "hard swish", .keeps_input = true, .is_elementwise = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { hard_swish(pass.x, pass.y); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    hard_swish_backward(pass.x, pass.dy, pass.dx);
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
