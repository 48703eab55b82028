#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "dlfs/core/axes.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "dlfs/tensor/indexing.hpp"

// Functions that join tensors or divide them, with NumPy's names. All throw ShapeError for an axis
// that does not exist.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The parts one after another along an axis; their other extents must be equal.
///
///   concatenate<double>({a, b, c}, 1)
///
/// @throws ShapeError that names the part that does not fit; ValueError for no parts.
template <class T>
Tensor<T> concatenate(std::span<const TensorView<const T>> parts, int axis = 0) {
  if (parts.empty()) throw ValueError("concatenate: there are no parts");
  const Shape& first = parts.front().shape();
  axis = first.normalize_axis(axis);
  Index extent = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Shape& shape = parts[i].shape();
    if (shape.rank() != first.rank() || shape.with(axis, first[axis]) != first) {
      throw ShapeError("concatenate: part ", i, " of shape ", shape,
                       " does not fit to the first, of shape ", first, ", along axis ", axis);
    }
    extent = detail::checked_sum("concatenate", extent, shape[axis]);
  }
  auto out = Tensor<T>::uninitialized(first.with(axis, extent));
  Index position = 0;
  for (const auto& part : parts) {
    const Index end = position + part.extent(axis);
    assign(out.slice(axis, {position, end}), part);
    position = end;
  }
  return out;
}
///@{
/// The same for a list of tensors.
template <class T>
Tensor<T> concatenate(std::initializer_list<TensorArg<T>> parts, int axis = 0) {
  const std::vector<TensorView<const T>> views(parts.begin(), parts.end());
  return concatenate<T>(std::span<const TensorView<const T>>(views), axis);
}
template <class T>
Tensor<T> concatenate(const std::vector<Tensor<T>>& parts, int axis = 0) {
  const std::vector<TensorView<const T>> views(parts.begin(), parts.end());
  return concatenate<T>(std::span<const TensorView<const T>>(views), axis);
}
///@}

/// Joins tensors of one shape along a new axis. @throws like concatenate.
template <class T>
Tensor<T> stack(std::span<const TensorView<const T>> parts, int axis = 0) {
  std::vector<TensorView<const T>> slabs;
  for (const auto& part : parts) slabs.push_back(expand_dims(part, axis));
  return concatenate<T>(std::span<const TensorView<const T>>(slabs), axis);
}
///@{
/// The same for a list of tensors.
template <class T>
Tensor<T> stack(std::initializer_list<TensorArg<T>> parts, int axis = 0) {
  const std::vector<TensorView<const T>> views(parts.begin(), parts.end());
  return stack<T>(std::span<const TensorView<const T>>(views), axis);
}
template <class T>
Tensor<T> stack(const std::vector<Tensor<T>>& parts, int axis = 0) {
  const std::vector<TensorView<const T>> views(parts.begin(), parts.end());
  return stack<T>(std::span<const TensorView<const T>>(views), axis);
}
///@}

/// Views of equal parts along an axis.
/// @throws ShapeError unless its extent is a multiple of `count`.
template <detail::Viewable X>
auto split(X&& x, Index count, int axis = 0) {
  const auto view = detail::view_of(std::forward<X>(x));
  const Index extent = view.extent(axis);
  if (count < 1 || extent % count != 0) {
    throw ShapeError("split: axis ", axis, " of the shape ", view.shape(), " has no ", count,
                     " equal parts");
  }
  std::vector<std::remove_const_t<decltype(view)>> parts;
  const Index step = extent / count;
  for (Index i = 0; i < count; ++i) {
    parts.push_back(view.slice(axis, {i * step, (i + 1) * step}));
  }
  return parts;
}
/// Views of the parts between positions along an axis. Positions are clamped like those of a slice.
template <detail::Viewable X>
auto split(X&& x, std::initializer_list<Index> positions, int axis = 0) {
  const auto view = detail::view_of(std::forward<X>(x));
  std::vector<std::remove_const_t<decltype(view)>> parts;
  Index begin = 0;
  for (Index position : positions) {
    parts.push_back(view.slice(axis, {begin, position}));
    begin = position;
  }
  parts.push_back(view.slice(axis, {begin, {}}));
  return parts;
}

/// A view of x with an axis in reverse order.
template <detail::Viewable X>
auto flip(X&& x, int axis) {
  return detail::view_of(std::forward<X>(x)).slice(axis, {.step = -1});
}

namespace detail {

/// Entries source(0), source(1), ... source(count - 1) of x along an axis.
template <class T, class Source>
Tensor<T> gather_axis(TensorView<const T> x, int axis, Index count, const Source& source) {
  auto indices = Tensor<Index>::uninitialized({count});
  for (Index i = 0; i < count; ++i) indices.data()[i] = source(i);
  return take(x, indices, axis);
}

/// i modulo n, from 0 to n - 1.
constexpr Index wrapped(Index i, Index n) { return (i % n + n) % n; }

/// x with `rank` axes: the missing ones are added in front, with an extent of 1.
template <class T>
Tensor<T> with_rank(TensorView<const T> x, int rank) {
  Shape shape;
  for (int axis = x.rank(); axis < rank; ++axis) shape.push_back(1);
  for (Index extent : x.shape()) shape.push_back(extent);
  return copy(x.broadcast_to(shape));
}

}  // namespace detail

/// x shifted by `shift` along an axis; entries that leave one end enter at the other.
template <AnyTensor X>
Tensor<Element<X>> roll(const X& x, Index shift, int axis) {
  const Index extent = x.extent(axis);
  return detail::gather_axis(const_view(x), axis, extent, [=](Index i) {
    return detail::wrapped(i - detail::wrapped(shift, extent), extent);
  });
}

/// Repeats each entry `count` times along an axis. @throws ValueError for a negative count.
template <AnyTensor X>
Tensor<Element<X>> repeat(const X& x, Index count, int axis) {
  if (count < 0) throw ValueError("repeat: expected a count of at least 0, got ", count);
  return detail::gather_axis(const_view(x), axis,
                             detail::checked_product("repeat", x.extent(axis), count),
                             [=](Index i) { return i / count; });
}

/// Repeats all of x `counts[i]` times along axis i. If x and `counts` differ in length, the missing
/// axes or counts are added in front. @throws ValueError for a negative count.
template <AnyTensor X>
Tensor<Element<X>> tile(const X& x, const Shape& counts) {
  const int rank = std::max(x.rank(), counts.rank());
  auto tiled = detail::with_rank(const_view(x), rank);
  for (int i = 0; i < counts.rank(); ++i) {
    const int axis = rank - counts.rank() + i;
    const Index extent = tiled.extent(axis);
    tiled = detail::gather_axis(const_view(tiled), axis,
                                detail::checked_product("tile", extent, counts[i]),
                                [=](Index k) { return k % extent; });
  }
  return tiled;
}

/// The values that pad adds: a constant, the entry at the edge, or mirror padding with the edge
/// excluded.
enum class PadMode { constant, edge, reflect };

/// The number of entries to add before and after an axis.
struct Padding {
  Index before = 0;  ///< entries before the first one
  Index after = 0;   ///< entries behind the last one
};

/// Adds entries at both ends of each axis of x. A single pair applies to all axes.
///
///   pad(x, {{1, 1}, {2, 2}})           zeros
///   pad(x, {{3, 0}}, PadMode::reflect)
///
/// @throws ShapeError unless there is one pair or one for each axis; ValueError for a negative
/// number, or for an axis without entries to repeat.
template <AnyTensor X>
Tensor<Element<X>> pad(const X& x, std::initializer_list<Padding> widths,
                       PadMode mode = PadMode::constant,
                       std::type_identity_t<Element<X>> value = Element<X>(0)) {
  const int rank = x.rank();
  if (static_cast<int>(widths.size()) != rank && widths.size() != 1) {
    throw ShapeError("pad: ", widths.size(), " pairs of widths for the shape ", x.shape());
  }
  auto padded = copy(x);
  for (int axis = 0; axis < rank; ++axis) {
    const Padding& width = widths.begin()[widths.size() == 1 ? 0 : axis];
    const Index before = width.before, after = width.after;
    if (before < 0 || after < 0) {
      throw ValueError("pad: expected widths of at least 0, got ", before, " and ", after);
    }
    const Index extent = padded.extent(axis);
    const Index new_extent =
        detail::checked_sum("pad", detail::checked_sum("pad", before, extent), after);
    if (mode == PadMode::constant) {
      auto larger = full<Element<X>>(padded.shape().with(axis, new_extent), value);
      assign(larger.slice(axis, {before, before + extent}), padded);
      padded = std::move(larger);
      continue;
    }
    if (extent == 0 && new_extent > 0) {
      throw ValueError("pad: axis ", axis, " of the shape ", x.shape(), " has no entry to repeat");
    }
    padded = detail::gather_axis(const_view(padded), axis, new_extent, [=](Index i) {
      const Index place = i - before;
      if (mode == PadMode::edge || extent == 1) return std::clamp<Index>(place, 0, extent - 1);
      const Index period = 2 * (extent - 1);  // forwards and backwards
      const Index there = detail::wrapped(place, period);
      return there < extent ? there : period - there;
    });
  }
  return padded;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
