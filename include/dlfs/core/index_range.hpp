#pragma once

#include <algorithm>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The integers [begin, end).
struct IndexRange {
  Index begin = 0;
  Index end = 0;

  constexpr bool empty() const { return begin == end; }
  constexpr bool contains(Index i) const { return begin <= i && i < end; }
};

/// The i in [0, count) for which `first + i * step` lies in [0, extent), or {0, 0} if there are
/// none. Used in two ways. With a tap's position in the first window and the stride: the windows
/// whose tap is inside the image. With a window's corner and the dilation: the taps of the window
/// that are inside the image.
constexpr IndexRange range_inside(Index first, Index step, Index count, Index extent) {
  if (first >= extent) return {};
  const Index begin = first < 0 ? (step - 1 - first) / step : 0;
  const Index end = std::min(count, (extent - 1 - first) / step + 1);
  return begin < end ? IndexRange{begin, end} : IndexRange{};
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
