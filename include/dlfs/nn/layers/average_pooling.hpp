#pragma once

#include <concepts>

#include "dlfs/conv/pooling.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of AveragePooling beside its window, with PyTorch's names.
struct AveragePoolingOptions {
  /// Whether OH and OW are rounded up: the last window may end outside of the image.
  bool ceil_mode = false;
  /// Whether padding counts as zeros. If not, a mean is that of the pixels in the image.
  bool count_include_pad = true;
};

/// The mean of each window: x (N, C, H, W) -> y (N, C, OH, OW). Padding counts as zeros.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 7.3.
template <std::floating_point T>
class AveragePooling {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError like Window2d::check.
  explicit AveragePooling(const Window2d& window, const AveragePoolingOptions& options = {})
      : window_(window), options_(options) {
    window.check(traits().kind);
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("kernel", window_.kernel);
    visit("stride", window_.stride, 1);
    visit("padding", window_.padding, 0);
    visit("dilation", window_.dilation, 1);
    visit("ceil_mode", options_.ceil_mode, false);
    visit("count_include_pad", options_.count_include_pad, true);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "average pooling"}; }

  /// @throws ShapeError unless x is (N, C, H, W) and the window fits.
  Shape output_shape(const Shape& x) const {
    return options_.ceil_mode ? rounded_up_pooling_shape(x, window_, traits().kind)
                              : pooling_shape(x, window_, traits().kind);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    average_pooling(pass.x, window_, pass.y, options_.count_include_pad);
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    average_pooling_backward(pass.dy, window_, pass.dx, options_.count_include_pad);
  }

 private:
  Window2d window_;
  AveragePoolingOptions options_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
