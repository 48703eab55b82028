#pragma once

#include <concepts>

#include "dlfs/nn/layer.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// x (N, ...) -> y (N, D): one row of numbers for each sample.
template <std::floating_point T>
class Flatten {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "flatten"}; }

  /// @throws ShapeError if x has rank 0.
  Shape output_shape(const Shape& x) const {
    if (x.rank() == 0) throw ShapeError("flatten: expected x of shape (N, ...), got ()");
    return {x[0], x.axes(1, x.rank()).size()};
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { assign(pass.y, pass.x.reshape(pass.y.shape())); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    assign(pass.dx, pass.dy.reshape(pass.dx.shape()));
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
