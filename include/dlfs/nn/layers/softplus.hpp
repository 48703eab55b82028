#pragma once

#include <concepts>

#include "dlfs/functional/activation.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Softplus, a smooth ReLU: y = log(1 + exp(x)), for any shape; dx = dy (1 - exp(-y)).
/// Source: Dugas and others, "Incorporating Second-Order Functional Knowledge for Better Option
/// Pricing", 2001.
template <std::floating_point T>
class Softplus {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "softplus", .keeps_output = true, .is_monotone = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { softplus(pass.x, pass.y); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const { softplus_backward(pass.y, pass.dy, pass.dx); }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
