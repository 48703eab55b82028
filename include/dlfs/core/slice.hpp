#pragma once

#include <algorithm>
#include <concepts>
#include <optional>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A range of positions along one axis, as Python's `start:stop:step`.
///
/// Negative positions count from the end; what is left out reaches to the end in the direction
/// of the step.
struct Slice {
  std::optional<Index> start{};
  std::optional<Index> stop{};
  Index step = 1;
};

/// Python's `:`, a whole axis.
inline constexpr Slice all{};

/// Python's `...`: as many whole axes as the other subscripts leave over.
struct Ellipsis {};
inline constexpr Ellipsis ellipsis{};

/// NumPy's `newaxis`: an axis of extent 1 that was not there.
struct NewAxis {};
inline constexpr NewAxis new_axis{};

/// What may stand between the brackets: `x(Slice{1, 5}, -1, ellipsis, new_axis)`.
class Subscript {
 public:
  enum class Kind { position, range, other_axes, added_axis };

  constexpr Subscript(std::integral auto position)
      : kind_(Kind::position), range_{static_cast<Index>(position), {}} {}
  constexpr Subscript(Slice range) : kind_(Kind::range), range_(range) {}
  constexpr Subscript(Ellipsis) : kind_(Kind::other_axes) {}
  constexpr Subscript(NewAxis) : kind_(Kind::added_axis) {}

  constexpr Kind kind() const { return kind_; }
  /// Of a position.
  constexpr Index position() const { return *range_.start; }
  /// Of a range.
  constexpr Slice range() const { return range_; }

 private:
  Kind kind_;
  Slice range_{};
};

/// Subscripts of a part. Positions alone name an element.
template <class... X>
concept PartSubscripts = (std::convertible_to<X, Subscript> && ...) && !(std::integral<X> && ...);

namespace detail {

/// The positions `first`, `first + step`... that a slice names.
struct Positions {
  Index first;
  Index count;
  Index step;
};

/// What the slice names on an axis of an extent, clamped as Python does; `first` is 0 where it
/// names nothing. @throws ValueError for a step of 0.
constexpr Positions positions_of(const Slice& slice, Index extent) {
  if (slice.step == 0) throw ValueError("slice: the step cannot be 0");
  const bool forward = slice.step > 0;
  // A step past the end selects one entry, however long it is; shorter, it cannot overflow.
  const Index longest = std::max<Index>(extent, 1);
  const Index step = std::clamp(slice.step, -longest, longest);
  const Index lowest = forward ? 0 : -1;
  const Index highest = forward ? extent : extent - 1;
  const auto clamp = [&](std::optional<Index> position, Index otherwise) {
    if (!position) return otherwise;
    return std::clamp(*position < 0 ? *position + extent : *position, lowest, highest);
  };
  const Index start = clamp(slice.start, forward ? lowest : highest);
  const Index stop = clamp(slice.stop, forward ? highest : lowest);
  const Index distance = forward ? stop - start : start - stop;
  if (distance <= 0) return {0, 0, step};
  return {start, (distance - 1) / (forward ? step : -step) + 1, step};
}

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
