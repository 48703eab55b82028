#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>

#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/same_shapes.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The product of several inputs of one shape, element by element, y = x1 x2 ...: each x (N, ...)
/// -> y (N, ...).
template <std::floating_point T>
class Multiply {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "multiply", .keeps_input = true, .is_elementwise = true};
  }

  /// @throws ShapeError unless all inputs have the same shape.
  Shape output_shape(std::span<const Shape> x) const {
    return detail::expect_same_shapes(traits().kind, x);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    multiply_others(pass.inputs, 0, pass.x.data(), pass.y);
  }

  /// Writes pass.dxs where they are wanted: dy times all other inputs.
  void backward(const BackwardPass<T>& pass) const {
    for (std::size_t i = 0; i < pass.dxs.size(); ++i) {
      if (pass.dxs[i].data() == nullptr) continue;
      multiply_others(pass.inputs, i, pass.dy.data(), pass.dxs[i]);
    }
  }

 private:
  /// y = factor times all inputs but one.
  static void multiply_others(std::span<const TensorView<const T>> inputs, std::size_t left_out,
                              const T* factor, const TensorView<T>& y) {
    std::copy_n(factor, y.size(), y.data());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (i == left_out) continue;
      simd::map([]<class V>(const V& x, V& product) { product = product * x; }, y.size(),
                inputs[i].data(), y.data());
    }
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
