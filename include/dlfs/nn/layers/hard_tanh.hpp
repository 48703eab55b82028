#pragma once

#include <concepts>

#include "dlfs/functional/hard_activation.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Piecewise linear tanh, y = min(max(x, -1), 1), for any shape; dx = dy where -1 < x < 1, else 0.
template <std::floating_point T>
class HardTanh {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "hard tanh", .keeps_output = true, .is_monotone = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { hard_tanh(pass.x, pass.y); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const { hard_tanh_backward(pass.y, pass.dy, pass.dx); }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
