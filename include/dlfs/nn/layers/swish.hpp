#pragma once

#include <concepts>

#include "dlfs/functional/activation.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Swish, also called SiLU: y = x s with s = 1 / (1 + exp(-x)), for any shape;
/// dx = dy s (1 + x (1 - s)).
/// Source: Ramachandran, Zoph, Le, "Searching for Activation Functions", 2017 (beta = 1).
template <std::floating_point T>
class Swish {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "swish", .keeps_input = true, .is_elementwise = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { swish(pass.x, pass.y); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const { swish_backward(pass.x, pass.dy, pass.dx); }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
