#pragma once

#include <concepts>
#include <string_view>

#include "dlfs/conv/upsampling.hpp"
#include "dlfs/core/option.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Upsampling.
struct UpsamplingOptions {
  Size2d factor = 2;                                     ///< of the height and of the width
  Interpolation interpolation = Interpolation::nearest;  ///< what stands between the pixels

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    for (const Index along : {factor.height, factor.width}) {
      detail::expect_option("upsampling", "factor", along, detail::between(1, 1 << 15));
    }
  }
};

/// Enlarges images by whole factors, x (N, C, H, W) -> y (N, C, H FH, W FW). Bilinear interpolation
/// is that of PyTorch with align_corners=False.
template <std::floating_point T>
class Upsampling {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless the factors are in [1, 2^15].
  explicit Upsampling(const UpsamplingOptions& options) : options_(detail::checked(options)) {}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("factor", options_.factor);
    visit("interpolation",
          options_.interpolation == Interpolation::nearest ? std::string_view("nearest")
                                                           : std::string_view("bilinear"),
          "nearest");
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "upsampling"}; }

  /// @throws ShapeError unless x is (N, C, H, W).
  Shape output_shape(const Shape& x) const {
    if (x.rank() != 4) {
      throw ShapeError(traits().kind, ": expected x of shape (N, C, H, W), got ", x);
    }
    return {x[0], x[1], detail::checked_product(traits().kind, x[2], options_.factor.height),
            detail::checked_product(traits().kind, x[3], options_.factor.width)};
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    if (options_.interpolation == Interpolation::bilinear) {
      detail::interpolate_pixels<T>(pass.x, options_.factor, pass.y);
    } else {
      detail::repeat_pixels<T>(pass.x, options_.factor, pass.y);
    }
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    if (options_.interpolation == Interpolation::bilinear) {
      detail::interpolate_pixels_backward<T>(pass.dy, options_.factor, pass.dx);
    } else {
      detail::repeat_pixels_backward<T>(pass.dy, options_.factor, pass.dx);
    }
  }

 private:
  UpsamplingOptions options_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
