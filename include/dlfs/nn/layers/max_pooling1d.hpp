#pragma once

#include <concepts>

#include "dlfs/conv/window1d.hpp"
#include "dlfs/nn/layers/max_pooling.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The largest value of each window of a sequence: x (N, C, L) -> y (N, C, OL). MaxPooling of
/// images of one row, with the same gradient, padding and saved taps.
template <std::floating_point T>
class MaxPooling1d {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError like Window2d::check, or for a window of more than 2^16 taps.
  explicit MaxPooling1d(const Window1d& window) : pooling_(window.in_image()), window_(window) {}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("kernel", window_.kernel);
    visit("stride", window_.stride, 1);
    visit("padding", window_.padding, 0);
    visit("dilation", window_.dilation, 1);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "max pooling 1d", .takes_maximum = true};
  }

  /// @throws ShapeError unless x is (N, C, L) and the window fits.
  Shape output_shape(const Shape& x) const {
    const Shape images = detail::as_images(x, traits().kind);
    return detail::as_sequences(pooling_shape(images, window_.in_image(), traits().kind));
  }

  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const {
    return pooling_.saved_bytes(detail::as_images(x, traits().kind));
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    ForwardPass<T> images = pass;
    images.x = detail::as_images(pass.x);
    images.y = detail::as_images(pass.y);
    pooling_.forward(images);
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    BackwardPass<T> images = pass;
    images.dy = detail::as_images(pass.dy);
    images.dx = detail::as_images(pass.dx);
    pooling_.backward(images);
  }

 private:
  MaxPooling<T> pooling_;
  Window1d window_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
