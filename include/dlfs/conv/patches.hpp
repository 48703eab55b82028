#pragma once

#include <algorithm>

#include "dlfs/conv/correlation.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::conv {

/// The layout of a copy of the image rows that a band of positions sees, padded, with the channels
/// innermost. The pixels under neighbouring taps of a row are then dense and fill vectors.
struct PatchLayout {
  Index channels;
  WindowAxis y;
  WindowAxis x;
  Index width;   // positions in x
  Index row;     // elements of a row of pixels
  Index height;  // rows of pixels

  PatchLayout(Index channels_, WindowAxis y_, WindowAxis x_, Index positions_y, Index positions_x)
      : channels(channels_),
        y(y_),
        x(x_),
        width(positions_x),
        row(((positions_x - 1) * x_.stride + x_.span() + 1) * channels_),
        height((positions_y - 1) * y_.stride + y_.span() + 1) {}

  Index size() const { return row * height; }
};

/// Fills the rows of one image, for positions in y from `top` on.
template <class T>
void copy_channels_last(const Kernels<T>& kernels, const PatchLayout& layout,
                        Images<const T> images, Index image, Index top, T* to) {
  const Index first_column = std::max<Index>(0, layout.x.first);
  const Index pixels = layout.row / layout.channels;
  const Index columns = std::min(images.width, layout.x.first + pixels) - first_column;
  const Index left = first_column - layout.x.first;
  for (Index i = 0; i < layout.height; ++i, to += layout.row) {
    const Index row = layout.y.first + top * layout.y.stride + i;
    if (row < 0 || row >= images.height || columns <= 0) {
      std::fill_n(to, layout.row, T(0));
      continue;
    }
    std::fill_n(to, left * layout.channels, T(0));
    const T* const from = images.channel(image, 0) + row * images.width + first_column;
    if (layout.channels == 1) {
      std::copy_n(from, columns, to + left);
    } else {
      kernels.transpose(layout.channels, columns, from, images.plane(), to + left * layout.channels,
                        layout.channels);
    }
    std::fill(to + (left + columns) * layout.channels, to + layout.row, T(0));
  }
}

}  // namespace dlfs::conv
DLFS_STRICT_MATH_END
