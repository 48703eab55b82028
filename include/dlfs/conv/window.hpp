#pragma once

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A height and a width; one number stands for both.
struct Size2d {
  Index height = 1;  ///< number of rows
  Index width = 1;   ///< number of columns

  constexpr Size2d() = default;
  ///@{
  /// The same in both directions, or each by itself.
  constexpr Size2d(Index both) : height(both), width(both) {}
  constexpr Size2d(Index h, Index w) : height(h), width(w) {}
  ///@}
  /// Whether both are the same.
  friend constexpr bool operator==(const Size2d&, const Size2d&) = default;
};

/// The window that a convolution or a pooling slides over an image.
struct Window2d {
  Size2d kernel{1};    ///< height and width of the window
  Size2d stride{1};    ///< distance of neighbouring windows, in pixels
  Size2d padding{0};   ///< rows and columns added on each side
  Size2d dilation{1};  ///< distance between neighbouring taps

  /// @throws ValueError, naming the operation, for a kernel, stride or dilation below 1, a negative
  /// padding, or any of them above 2^30.
  constexpr void check(std::string_view operation) const {
    expect_limits("height", kernel.height, stride.height, padding.height, dilation.height,
                  operation);
    expect_limits("width", kernel.width, stride.width, padding.width, dilation.width, operation);
  }

  /// The number of positions of the window in an image, for height and width:
  /// (extent + 2 padding - dilation (kernel - 1) - 1) / stride + 1.
  /// @throws ShapeError, naming the operation, if the window does not fit; ValueError for a kernel,
  /// stride or dilation below 1, a negative padding, or any of them above 2^30.
  constexpr Size2d output_size(Size2d image, std::string_view operation) const {
    return {along("height", image.height, kernel.height, stride.height, padding.height,
                  dilation.height, operation),
            along("width", image.width, kernel.width, stride.width, padding.width, dilation.width,
                  operation)};
  }

  /// The size of the image in which the window has the given positions, plus `more` rows and
  /// columns at the end: (positions - 1) stride + dilation (kernel - 1) + 1 + more - 2 padding.
  /// @throws like output_size; ShapeError if the size is not positive.
  constexpr Size2d input_size(Size2d positions, Size2d more, std::string_view operation) const {
    return {back_along("height", positions.height, more.height, kernel.height, stride.height,
                       padding.height, dilation.height, operation),
            back_along("width", positions.width, more.width, kernel.width, stride.width,
                       padding.width, dilation.width, operation)};
  }

 private:
  static constexpr Index back_along(std::string_view axis, Index positions, Index more,
                                    Index kernel, Index stride, Index padding, Index dilation,
                                    std::string_view operation) {
    expect_limits(axis, kernel, stride, padding, dilation, operation);
    const Index reach = dilation * (kernel - 1) + 1;
    if (positions < 1 || more < 0) {
      throw ShapeError(operation, ": expected at least 1 position along the ", axis,
                       " and at least 0 more, got ", positions, " and ", more);
    }
    const Index steps = detail::checked_product(operation, positions - 1, stride);
    const Index extent =
        detail::checked_sum(operation, detail::checked_sum(operation, steps, reach), more);
    if (extent <= 2 * padding) {
      throw ShapeError(operation, ": a padding of ", padding, " leaves nothing of a ", axis, " of ",
                       extent);
    }
    return extent - 2 * padding;
  }

  static constexpr void expect_limits(std::string_view axis, Index kernel, Index stride,
                                      Index padding, Index dilation, std::string_view operation) {
    if (kernel < 1 || stride < 1 || dilation < 1 || padding < 0) {
      throw ValueError(operation, ": expected kernel, stride and dilation of at least 1 and ",
                       "padding of at least 0 along the ", axis, ", got ", kernel, ", ", stride,
                       ", ", dilation, " and ", padding);
    }
    constexpr Index most = Index{1} << 30;  // with more, the sums below could overflow
    if (kernel > most || stride > most || dilation > most || padding > most) {
      throw ValueError(operation, ": expected kernel, stride, dilation and padding of at ", "most ",
                       most, " along the ", axis, ", got ", kernel, ", ", stride, ", ", dilation,
                       " and ", padding);
    }
  }

  static constexpr Index along(std::string_view axis, Index extent, Index kernel, Index stride,
                               Index padding, Index dilation, std::string_view operation) {
    expect_limits(axis, kernel, stride, padding, dilation, operation);
    const Index reach = dilation * (kernel - 1) + 1;
    const Index padded = detail::checked_sum(operation, extent, 2 * padding);
    if (padded < reach) {
      throw ShapeError(operation, ": a window of ", axis, " ", reach,
                       " does not fit into an image of ", axis, " ", extent, " with padding ",
                       padding);
    }
    return (padded - reach) / stride + 1;
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
