#pragma once

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::conv {

/// Images at equal distance, or one group of their channels. Each channel is dense.
template <class T>
struct Images {
  T* data;
  Index stride;  // distance from one image to the next, in elements
  Index channels;
  Index height;
  Index width;

  Index plane() const { return height * width; }
  T* channel(Index image, Index c) const { return data + image * stride + c * plane(); }
};

}  // namespace dlfs::conv
DLFS_STRICT_MATH_END
