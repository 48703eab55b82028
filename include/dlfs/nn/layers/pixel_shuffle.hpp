#pragma once

#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Enlarges images by a factor r: r^2 channels become the r by r pixels of one.
///
///   x (N, C r^2, H, W)   y (N, C, H r, W r)   y[n, c, h r + i, w r + j] = x[n, c r^2 + i r + j, h,
///   w]
///
/// Source: Shi et al., "Real-time single image and video super-resolution using an efficient
/// sub-pixel convolutional neural network" (2016).
template <std::floating_point T>
class PixelShuffle {
 public:
  using Scalar = T;  ///< the element type

  /// @param factor r. @throws ValueError unless it is in [1, 2^15].
  explicit PixelShuffle(Index factor) : factor_(factor) {
    detail::expect_option(traits().kind, "the factor", factor, detail::between(1, 1 << 15));
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const { visit("factor", factor_); }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "pixel shuffle"}; }

  /// @throws ShapeError unless x is (N, C r^2, H, W).
  Shape output_shape(const Shape& x) const {
    const Index pixels = factor_ * factor_;
    if (x.rank() != 4 || x[1] == 0 || x[1] % pixels != 0) {
      throw ShapeError(traits().kind, ": expected x of shape (N, C, H, W) with a multiple of ",
                       pixels, " channels, got ", x);
    }
    return {x[0], x[1] / pixels, detail::checked_product(traits().kind, x[2], factor_),
            detail::checked_product(traits().kind, x[3], factor_)};
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    const TensorView<T> y = by_block(pass.y);
    assign(y, by_channel(pass.x));
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    const TensorView<T> dx = by_channel(pass.dx);
    assign(dx, by_block(pass.dy));
  }

 private:
  /// The small images as (N, C, H, r, W, r).
  template <class U>
  TensorView<U> by_channel(const TensorView<U>& x) const {
    const Shape& s = x.shape();
    return x.reshape(Shape{s[0], s[1] / (factor_ * factor_), factor_, factor_, s[2], s[3]})
        .transpose({0, 1, 4, 2, 5, 3});
  }

  /// The large images as (N, C, H, r, W, r).
  template <class U>
  TensorView<U> by_block(const TensorView<U>& y) const {
    const Shape& s = y.shape();
    return y.reshape(Shape{s[0], s[1], s[2] / factor_, factor_, s[3] / factor_, factor_});
  }

  Index factor_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
