#pragma once

#include "dlfs/conv/window.hpp"
#include "dlfs/core/index_range.hpp"
#include "dlfs/core/scratch.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// A window at one position of an image. Its tap in row kh and column kw is the element
/// `corner + kh * row_step + kw * column_step`, counted from the first element of all images. Only
/// the taps of `rows` and `columns` are inside the image.
struct PlacedWindow {
  Index corner;
  Index row_step;
  Index column_step;
  IndexRange rows;
  IndexRange columns;

  Index at(Index kh, Index kw) const { return corner + kh * row_step + kw * column_step; }
};

/// All positions of a window in images of one size. Placing a window takes divisions, so it is done
/// once for all images.
class WindowPlacements {
 public:
  WindowPlacements(Size2d image, Size2d out, const Window2d& window)
      : image_(image), out_(out), window_(window), rows_(out.height), columns_(out.width) {
    for (Index oh = 0; oh < out.height; ++oh) {
      rows_[oh] = range_inside(top(oh), window.dilation.height, window.kernel.height, image.height);
    }
    for (Index ow = 0; ow < out.width; ++ow) {
      columns_[ow] =
          range_inside(left(ow), window.dilation.width, window.kernel.width, image.width);
    }
  }

  /// Calls `visit(placed)` for each position in each image, in row-major order.
  template <class Visit>
  void for_each(Index images, Visit&& visit) const {
    const Index row_step = window_.dilation.height * image_.width;
    for (Index image = 0; image < images; ++image) {
      for (Index oh = 0; oh < out_.height; ++oh) {
        for (Index ow = 0; ow < out_.width; ++ow) {
          const Index corner = (image * image_.height + top(oh)) * image_.width + left(ow);
          visit(PlacedWindow{corner, row_step, window_.dilation.width, rows_[oh], columns_[ow]});
        }
      }
    }
  }

 private:
  Index top(Index oh) const { return oh * window_.stride.height - window_.padding.height; }
  Index left(Index ow) const { return ow * window_.stride.width - window_.padding.width; }

  Size2d image_;
  Size2d out_;
  Window2d window_;
  Scratch<IndexRange> rows_;
  Scratch<IndexRange> columns_;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
