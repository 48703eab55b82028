#pragma once

#include <type_traits>
#include <utility>

#include "dlfs/core/tensor.hpp"

// Views of x whose axes are moved, dropped or added, by NumPy's names. Like the member functions
// that return views, they allow writing if x does, and refuse an expiring tensor. Each throws
// ShapeError for an axis that does not exist.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

template <class T>
TensorView<T> view_of(TensorView<T> x) {
  return x;
}
template <class T>
TensorView<T> view_of(Tensor<T>& x) {
  return x;
}
template <class T>
TensorView<const T> view_of(const Tensor<T>& x) {
  return x;
}
template <class T>
TensorView<const T> view_of(const Tensor<T>&& expiring) = delete;

template <class X>
concept Viewable = requires(X&& x) {
  view_of(std::forward<X>(x));
};

/// Axis i of the result is axis `source_of(i)` of x.
template <class T, class SourceOf>
TensorView<T> reorder_axes(TensorView<T> x, const SourceOf& source_of) {
  Layout layout;
  for (int axis = 0; axis < x.rank(); ++axis) {
    layout.push_back(x.extent(source_of(axis)), x.stride(source_of(axis)));
  }
  return {x.data(), layout.shape, layout.strides};
}

/// x without the axes for which `is_dropped(axis)` is true.
template <class T, class IsDropped>
TensorView<T> drop_axes(TensorView<T> x, const IsDropped& is_dropped) {
  Layout layout;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!is_dropped(axis)) layout.push_back(x.extent(axis), x.stride(axis));
  }
  return {x.data(), layout.shape, layout.strides};
}

}  // namespace detail

/// Swaps two axes.
template <detail::Viewable X>
auto swap_axes(X&& x, int first, int second) {
  const auto view = detail::view_of(std::forward<X>(x));
  first = view.shape().normalize_axis(first);
  second = view.shape().normalize_axis(second);
  return detail::reorder_axes(view, [&](int axis) {
    return axis == first ? second : axis == second ? first : axis;
  });
}

/// Moves one axis to another position; the others keep their order.
template <detail::Viewable X>
auto move_axis(X&& x, int from, int to) {
  const auto view = detail::view_of(std::forward<X>(x));
  from = view.shape().normalize_axis(from);
  to = view.shape().normalize_axis(to);
  return detail::reorder_axes(view, [&](int axis) {
    const int other = axis < to ? axis : axis - 1;  // its index among the axes that do not move
    return axis == to ? from : other < from ? other : other + 1;
  });
}

/// Removes the axes of extent 1.
template <detail::Viewable X>
auto squeeze(X&& x) {
  const auto view = detail::view_of(std::forward<X>(x));
  return detail::drop_axes(view, [&](int axis) { return view.extent(axis) == 1; });
}
/// Removes one axis. @throws ShapeError unless its extent is 1.
template <detail::Viewable X>
auto squeeze(X&& x, int axis) {
  const auto view = detail::view_of(std::forward<X>(x));
  if (view.extent(axis) != 1) {
    throw ShapeError("squeeze: axis ", axis, " of the shape ", view.shape(),
                     " has not one entry, but ", view.extent(axis));
  }
  const int squeezed = view.shape().normalize_axis(axis);
  return detail::drop_axes(view, [&](int other) { return other == squeezed; });
}

/// Adds an axis of extent 1, which is axis `axis` of the result.
template <detail::Viewable X>
auto expand_dims(X&& x, int axis) {
  const auto view = detail::view_of(std::forward<X>(x));
  const int added = axis < 0 ? axis + view.rank() + 1 : axis;
  if (added < 0 || added > view.rank()) {
    throw ShapeError("expand_dims: axis ", axis, " is out of range for one axis more than ",
                     view.shape());
  }
  Layout layout;
  for (int other = 0; other <= view.rank(); ++other) {
    if (other == added) layout.push_back(1, 0);
    if (other < view.rank()) layout.push_back(view.extent(other), view.stride(other));
  }
  return std::remove_const_t<decltype(view)>(view.data(), layout.shape, layout.strides);
}

/// All elements along one axis. @throws ShapeError like reshape, if they would have to be copied.
template <detail::Viewable X>
auto ravel(X&& x) {
  return detail::view_of(std::forward<X>(x)).reshape({-1});
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
