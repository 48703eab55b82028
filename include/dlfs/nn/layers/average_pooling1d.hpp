#pragma once

#include <concepts>

#include "dlfs/conv/pooling.hpp"
#include "dlfs/conv/window1d.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The mean of each window of a sequence: x (N, C, L) -> y (N, C, OL). Padding counts as zeros.
template <std::floating_point T>
class AveragePooling1d {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError like Window2d::check.
  explicit AveragePooling1d(const Window1d& window) : window_(window) {
    window.check(traits().kind);
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("kernel", window_.kernel);
    visit("stride", window_.stride, 1);
    visit("padding", window_.padding, 0);
    visit("dilation", window_.dilation, 1);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "average pooling 1d"}; }

  /// @throws ShapeError unless x is (N, C, L) and the window fits.
  Shape output_shape(const Shape& x) const {
    const Shape images = detail::as_images(x, traits().kind);
    return detail::as_sequences(pooling_shape(images, window_.in_image(), traits().kind));
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    average_pooling(detail::as_images(pass.x), window_.in_image(), detail::as_images(pass.y));
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    average_pooling_backward(detail::as_images(pass.dy), window_.in_image(),
                             detail::as_images(pass.dx));
  }

 private:
  Window1d window_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
