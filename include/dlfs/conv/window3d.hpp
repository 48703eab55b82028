#pragma once

#include <string_view>

#include "dlfs/conv/window.hpp"
#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Extents along depth, height and width.
struct Size3d {
  Index depth = 1;   ///< number of slices
  Index height = 1;  ///< number of rows
  Index width = 1;   ///< number of columns

  constexpr Size3d() = default;
  ///@{
  /// The same in all directions, or each by itself.
  constexpr Size3d(Index each) : depth(each), height(each), width(each) {}
  constexpr Size3d(Index d, Index h, Index w) : depth(d), height(h), width(w) {}
  ///@}
  /// Whether all are the same.
  friend constexpr bool operator==(const Size3d&, const Size3d&) = default;
};

/// The window that a convolution or a pooling slides over volumes (N, C, D, H, W).
struct Window3d {
  Size3d kernel{1};    ///< depth, height and width of the window
  Size3d stride{1};    ///< distance of neighbouring windows, in voxels
  Size3d padding{0};   ///< slices, rows and columns added on each side
  Size3d dilation{1};  ///< distance between neighbouring taps

  /// The part of the window in a slice.
  constexpr Window2d in_slice() const {
    return {.kernel = {kernel.height, kernel.width},
            .stride = {stride.height, stride.width},
            .padding = {padding.height, padding.width},
            .dilation = {dilation.height, dilation.width}};
  }
  /// The part along the depth, as a window on an image whose rows are the slices.
  constexpr Window2d along_depth() const {
    return {.kernel = {kernel.depth, 1},
            .stride = {stride.depth, 1},
            .padding = {padding.depth, 0},
            .dilation = {dilation.depth, 1}};
  }

  /// @throws ValueError like Window2d::check.
  constexpr void check(std::string_view operation) const {
    in_slice().check(operation);
    along_depth().check(operation);
  }

  /// The number of positions of the window in volumes x (N, C, D, H, W).
  /// @throws ShapeError unless x has five axes and the window fits.
  Size3d output_size(const Shape& x, std::string_view operation) const {
    if (x.rank() != 5) {
      throw ShapeError(operation, ": expected x of shape (N, C, D, H, W), got ", x);
    }
    const Size2d slice = in_slice().output_size({x[3], x[4]}, operation);
    return {along_depth().output_size({x[2], 1}, operation).height, slice.height, slice.width};
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
