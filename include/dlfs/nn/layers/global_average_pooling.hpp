#pragma once

#include <concepts>

#include "dlfs/conv/pooling.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The mean of each channel: x (N, C, H, W) -> y (N, C), for any image size.
/// Source: Lin, Chen, Yan, "Network in network" (2014).
template <std::floating_point T>
class GlobalAveragePooling {
 public:
  using Scalar = T;  ///< the element type

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "global average pooling"}; }

  /// @throws ShapeError unless x is (N, C, H, W) with at least one pixel.
  Shape output_shape(const Shape& x) const {
    if (x.rank() != 4 || x[2] == 0 || x[3] == 0) {
      throw ShapeError(traits().kind, ": expected x of shape (N, C, H, W), got ", x);
    }
    return x.axes(0, 2);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    average_pooling(pass.x, whole_image(pass.x.shape()), as_pixels(pass.y));
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    average_pooling_backward(as_pixels(pass.dy), whole_image(pass.x.shape()), pass.dx);
  }

 private:
  static Window2d whole_image(const Shape& x) { return {.kernel = {x[2], x[3]}, .stride = 1}; }

  /// (N, C) reshaped to (N, C, 1, 1).
  template <class U>
  static TensorView<U> as_pixels(TensorView<U> y) {
    return y.reshape(Shape{y.extent(0), y.extent(1), 1, 1});
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
