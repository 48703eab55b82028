#pragma once

#include <algorithm>
#include <concepts>
#include <optional>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A range of positions along one axis, like Python's `start:stop:step`.
///
/// Negative positions count from the end. An omitted `start` or `stop` is the end of the axis in
/// the direction of the step.
struct Slice {
  std::optional<Index> start{};  ///< the first position
  std::optional<Index> stop{};   ///< behind the last position
  Index step = 1;                ///< distance of the positions; may be negative
};

/// Python's `:`, a whole axis.
inline constexpr Slice all{};

/// Python's `...`: all axes that the other subscripts do not name.
struct Ellipsis {};
inline constexpr Ellipsis ellipsis{};  ///< as many whole axes as the other subscripts leave over

/// NumPy's `newaxis`: a new axis of extent 1.
struct NewAxis {};
inline constexpr NewAxis new_axis{};  ///< an axis of extent 1 that was not there

/// One subscript of a tensor: `x(Slice{1, 5}, -1, ellipsis, new_axis)` has four.
class Subscript {
 public:
  /// What a subscript chooses.
  enum class Kind { position, range, other_axes, added_axis };

  ///@{
  /// One subscript, converted from what stands between the brackets.
  constexpr Subscript(std::integral auto position)
      : kind_(Kind::position), range_{static_cast<Index>(position), {}} {}
  constexpr Subscript(Slice range) : kind_(Kind::range), range_(range) {}
  constexpr Subscript(Ellipsis) : kind_(Kind::other_axes) {}
  constexpr Subscript(NewAxis) : kind_(Kind::added_axis) {}
  ///@}

  /// What it chooses.
  constexpr Kind kind() const { return kind_; }
  /// For a position.
  constexpr Index position() const { return *range_.start; }
  /// For a range.
  constexpr Slice range() const { return range_; }

 private:
  Kind kind_;
  Slice range_{};
};

/// Subscripts that name a part of a tensor. Integers alone name an element instead.
template <class... X>
concept PartSubscripts = (std::convertible_to<X, Subscript> && ...) && !(std::integral<X> && ...);

namespace detail {

/// The positions `first`, `first + step`, ... that a slice selects.
struct Positions {
  Index first;
  Index count;
  Index step;
};

/// The positions that a slice selects on an axis, clamped as in Python; `first` is 0 if there are
/// none. @throws ValueError for a step of 0.
constexpr Positions positions_of(const Slice& slice, Index extent) {
  if (slice.step == 0) throw ValueError("slice: the step cannot be 0");
  const bool forward = slice.step > 0;
  // Any step past the end selects one entry. Clamped to the extent, the step cannot overflow.
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
