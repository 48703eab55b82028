#pragma once

#include "dlfs/conv/window.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::reference {

/// A position in an image or in the padding around it.
struct Pixel {
  Index row = 0;
  Index column = 0;

  bool is_inside(Size2d image) const {
    return 0 <= row && row < image.height && 0 <= column && column < image.width;
  }
};

/// The pixel under tap (k, l) of the window at position (i, j).
inline Pixel pixel_under_tap(const Window2d& window, Index i, Index j, Index k, Index l) {
  return {i * window.stride.height - window.padding.height + k * window.dilation.height,
          j * window.stride.width - window.padding.width + l * window.dilation.width};
}

}  // namespace dlfs::reference
DLFS_STRICT_MATH_END
