#pragma once

#include <concepts>

#include "dlfs/nn/layer.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// y = x, for any shape: the output activation of a regression, and a placeholder.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 3.5.
template <std::floating_point T>
class Identity {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "identity", .is_elementwise = true}; }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { assign(pass.y, pass.x); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const { assign(pass.dx, pass.dy); }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
