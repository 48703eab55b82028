#pragma once

#include <algorithm>
#include <concepts>
#include <span>

#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/same_shapes.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/wrap_around.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The sum of several inputs of one shape, y = x1 + x2 + ...: each x (N, ...) -> y (N, ...).
template <std::floating_point T>
class Add {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "add", .is_elementwise = true}; }

  /// @throws ShapeError unless all inputs have the same shape.
  Shape output_shape(std::span<const Shape> x) const {
    return detail::expect_same_shapes(traits().kind, x);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    std::copy_n(pass.x.data(), pass.x.size(), pass.y.data());
    for (const auto& x : pass.inputs.subspan(1)) {
      simd::map(simd::AddTo(), x.size(), x.data(), pass.y.data());
    }
  }

  /// Writes pass.dxs where they are wanted.
  void backward(const BackwardPass<T>& pass) const {
    for (const auto& dx : pass.dxs) {
      if (dx.data() != nullptr) std::copy_n(pass.dy.data(), dx.size(), dx.data());
    }
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
