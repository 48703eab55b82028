#pragma once

#include <concepts>

#include "dlfs/functional/activation.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Logistic function, y = 1 / (1 + exp(-x)), for any shape; dx = dy y (1 - y).
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 5.5.2.
template <std::floating_point T>
class Sigmoid {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "sigmoid", .keeps_output = true, .is_monotone = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { forward_rows(detail::dense_rows(pass)); }
  /// Writes rows.y.
  void forward_rows(const DenseRows<T>& rows) const {
    simd::map(detail::sigmoid_of, rows.rows * rows.x_size, rows.x, rows.y);
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const { sigmoid_backward(pass.y, pass.dy, pass.dx); }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
