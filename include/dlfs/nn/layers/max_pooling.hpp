#pragma once

#include <concepts>
#include <cstdint>

#include "dlfs/conv/pooling.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of MaxPooling beside its window.
struct MaxPoolingOptions {
  /// Whether OH and OW are rounded up, as in PyTorch: the last window may end outside of the image.
  bool ceil_mode = false;
};

/// The largest value of each window: x (N, C, H, W) -> y (N, C, OH, OW).
///
/// The padding is never the maximum. The gradient goes only to the largest pixel of a window, the
/// first of equal ones. Saves the tap of the maximum, 2 bytes for each element of y.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 7.4.4.
template <std::floating_point T>
class MaxPooling {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError like Window2d::check, or for a window of more than 2^16 taps.
  explicit MaxPooling(const Window2d& window, const MaxPoolingOptions& options = {})
      : window_(window), options_(options) {
    window.check(traits().kind);
    detail::expect_few_taps(window, traits().kind);
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("kernel", window_.kernel);
    visit("stride", window_.stride, 1);
    visit("padding", window_.padding, 0);
    visit("dilation", window_.dilation, 1);
    visit("ceil_mode", options_.ceil_mode, false);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "max pooling", .takes_maximum = true}; }

  /// @throws ShapeError unless x is (N, C, H, W) and the window fits.
  Shape output_shape(const Shape& x) const {
    return options_.ceil_mode ? rounded_up_pooling_shape(x, window_, traits().kind)
                              : pooling_shape(x, window_, traits().kind);
  }

  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const {
    return output_shape(x).size() * static_cast<Index>(sizeof(std::uint16_t));
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    max_pooling(pass.x, window_, pass.y, detail::elements_at<std::uint16_t>(pass.saved));
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    max_pooling_backward(pass.dy, detail::elements_at<std::uint16_t>(pass.saved), window_, pass.dx);
  }

 private:
  Window2d window_;
  MaxPoolingOptions options_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
