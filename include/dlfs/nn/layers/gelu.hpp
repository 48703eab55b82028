#pragma once

#include <concepts>

#include "dlfs/functional/activation.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Gaussian error linear unit, y = x P(X <= x) for a standard normal X, for any shape: the exact
/// form, not the approximation by tanh.
/// Source: Hendrycks, Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
template <std::floating_point T>
class Gelu {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "gelu", .keeps_input = true, .is_elementwise = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { gelu(pass.x, pass.y); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const { gelu_backward(pass.x, pass.dy, pass.dx); }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
