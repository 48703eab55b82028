#pragma once

#include <concepts>

#include "dlfs/conv/adaptive_pooling.hpp"
#include "dlfs/core/option.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Average pooling of images of any size to one size: x (N, C, H, W) -> y (N, C, OH, OW).
///
/// Row i of y is the mean of the rows from i H / OH, rounded down, to (i + 1) H / OH, rounded up;
/// columns likewise. `GlobalAveragePooling` is the case of one pixel.
/// Source: He et al., "Spatial pyramid pooling in deep convolutional networks" (2014).
template <std::floating_point T>
class AdaptiveAveragePooling {
 public:
  using Scalar = T;  ///< the element type

  /// @param size OH and OW. @throws ValueError unless both are in [1, 2^30].
  explicit AdaptiveAveragePooling(Size2d size) : size_(size) {
    for (const Index extent : {size.height, size.width}) {
      detail::expect_option(traits().kind, "a size", extent, detail::between(1, Index{1} << 30));
    }
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const { visit("size", size_); }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "adaptive average pooling"}; }

  /// @throws ShapeError unless x is (N, C, H, W) with at least one pixel.
  Shape output_shape(const Shape& x) const {
    if (x.rank() != 4 || x[2] == 0 || x[3] == 0) {
      throw ShapeError(traits().kind, ": expected x of shape (N, C, H, W), got ", x);
    }
    return {x[0], x[1], size_.height, size_.width};
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    detail::adaptive_average_pooling<T>(pass.x, pass.y);
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    detail::adaptive_average_pooling_backward<T>(pass.dy, pass.dx);
  }

 private:
  Size2d size_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
