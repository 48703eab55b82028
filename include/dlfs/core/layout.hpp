#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "dlfs/core/shape.hpp"
#include "dlfs/core/slice.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The distance between neighbours along each axis, in elements.
using Strides = std::array<Index, max_rank>;

/// The positions of a view's elements relative to its first one: extents and strides. All that
/// TensorView does with its axes is done here, independent of the element type.
struct Layout {
  Shape shape{};      ///< the extents
  Strides strides{};  ///< distances of neighbours along each axis, in elements

  /// The layout of dense row-major memory.
  [[gnu::noinline]] static constexpr Layout dense(const Shape& shape) {
    Layout layout{shape, {}};
    Index step = 1;
    for (int axis = shape.rank(); axis-- > 0;) {
      layout.set_stride(axis, step);
      step *= shape[axis];
    }
    return layout;
  }

  /// Unchecked; `axis` in [0, rank).
  constexpr Index stride(int axis) const { return strides[static_cast<std::size_t>(axis)]; }
  /// Changes the stride of an axis.
  constexpr void set_stride(int axis, Index stride) {
    strides[static_cast<std::size_t>(axis)] = stride;
  }

  /// The stride along an axis, counted from the end, of a shape that this one broadcasts to.
  constexpr Index broadcast_stride(int axis_from_end) const {
    const int axis = shape.rank() + axis_from_end;
    return axis < 0 || shape[axis] == 1 ? 0 : stride(axis);
  }

  /// Appends an axis at the end. @throws ShapeError like Shape.
  constexpr void push_back(Index extent, Index stride) {
    set_stride(std::min(shape.rank(), max_rank - 1), stride);
    shape.push_back(extent);
  }

  /// Whether the elements lie in row-major order without gaps.
  constexpr bool is_contiguous() const {
    Index expected = 1;
    for (int axis = shape.rank(); axis-- > 0;) {
      if (shape[axis] != 1 && stride(axis) != expected) return shape.size() <= 1;
      expected *= shape[axis];
    }
    return true;
  }

  struct Part;
  /// Like TensorView's operator().
  constexpr Part part(std::initializer_list<Subscript> subscripts) const;

  /// Like TensorView::slice.
  constexpr Part slice(int axis, Slice slice) const;

  /// Like TensorView::transpose.
  constexpr Layout transpose() const {
    Layout reversed;
    for (int axis = shape.rank(); axis-- > 0;) reversed.push_back(shape[axis], stride(axis));
    return reversed;
  }
  /// With the axes in another order.
  constexpr Layout transpose(std::span<const int> order) const;

  /// The shape for TensorView::reshape, where one extent may be -1.
  constexpr Shape resolve(std::initializer_list<Index> extents) const;

  /// Like TensorView::reshape.
  constexpr Layout reshape(const Shape& target) const;

  /// Like TensorView::broadcast_to.
  constexpr Layout broadcast_to(const Shape& target) const;

 private:
  /// Whether the next outer axis continues a run of `run` elements at distance `step`.
  constexpr bool continues_run(int axis, Index run, Index step) const {
    return shape[axis] == 1 || stride(axis) == run * step;
  }
};

/// The layout of a part of a view, and the offset of its first element from the view's first. The
/// offset is 0 if the part is empty, so that it never points outside.
struct Layout::Part {
  Layout layout{};   ///< shape and strides of the part
  Index offset = 0;  ///< its first element, counted from that of the whole
};

constexpr Layout::Part Layout::part(std::initializer_list<Subscript> subscripts) const {
  using Kind = Subscript::Kind;
  int named = 0;
  int ellipses = 0;
  for (const Subscript& subscript : subscripts) {
    named += subscript.kind() == Kind::position || subscript.kind() == Kind::range;
    ellipses += subscript.kind() == Kind::other_axes;
  }
  if (ellipses > 1) throw ShapeError("indexing: more than one ellipsis");
  if (named > shape.rank()) {
    throw ShapeError("indexing: ", named, " subscripts for the shape ", shape);
  }

  int axis = 0;
  Part part;
  const auto keep_axes_until = [&](int end) {
    for (; axis < end; ++axis) part.layout.push_back(shape[axis], stride(axis));
  };
  for (const Subscript& subscript : subscripts) {
    switch (subscript.kind()) {
      case Kind::position:
        part.offset += shape.normalize_index(axis, subscript.position()) * stride(axis);
        ++axis;
        break;
      case Kind::range: {
        const auto positions = detail::positions_of(subscript.range(), shape[axis]);
        part.offset += positions.first * stride(axis);
        part.layout.push_back(positions.count, positions.step * stride(axis++));
        break;
      }
      case Kind::other_axes:
        keep_axes_until(axis + shape.rank() - named);
        break;
      case Kind::added_axis:
        part.layout.push_back(1, 0);
        break;
    }
  }
  keep_axes_until(shape.rank());
  if (shape.size() == 0) part.offset = 0;
  return part;
}

constexpr Layout::Part Layout::slice(int axis, Slice slice) const {
  axis = shape.normalize_axis(axis);
  const auto positions = detail::positions_of(slice, shape[axis]);
  Part part{{shape.with(axis, positions.count), strides}, 0};
  part.layout.set_stride(axis, stride(axis) * positions.step);
  if (shape.size() > 0) part.offset = positions.first * stride(axis);
  return part;
}

constexpr Layout Layout::transpose(std::span<const int> order) const {
  bool seen[max_rank]{};
  Layout permuted;
  for (int from : order) {
    const int axis = shape.normalize_axis(from);
    if (seen[axis]) throw ShapeError("transpose: axis ", axis, " is named twice");
    seen[axis] = true;
    permuted.push_back(shape[axis], stride(axis));
  }
  if (permuted.shape.rank() != shape.rank()) {
    throw ShapeError("transpose: ", order.size(), " axes given for the shape ", shape);
  }
  return permuted;
}

constexpr Shape Layout::resolve(std::initializer_list<Index> extents) const {
  Shape resolved;  // with 1 in place of -1
  int unknown = -1;
  for (Index extent : extents) {
    if (extent == -1) {
      if (unknown >= 0) throw ShapeError("reshape: ", shape, ": more than one -1");
      unknown = resolved.rank();
    }
    resolved.push_back(extent == -1 ? 1 : extent);
  }
  if (unknown < 0) return resolved;
  const Index known = resolved.size();
  if (known == 0 || shape.size() % known != 0) {
    throw ShapeError("reshape: ", shape, " has ", shape.size(),
                     " elements, which -1 cannot divide into parts of ", known);
  }
  return resolved.with(unknown, shape.size() / known);
}

constexpr Layout Layout::reshape(const Shape& target) const {
  if (target.size() != shape.size()) {
    throw ShapeError("reshape: ", shape, " has ", shape.size(), " elements, ", target, " has ",
                     target.size());
  }
  if (shape.size() == 0) return dense(target);
  Layout reshaped{target, {}};
  int source = shape.rank();  // the axes before it are not used yet
  Index run = 1;  // elements at equal distance, which the target's axes divide among them
  Index step = 1;
  for (int axis = target.rank(); axis-- > 0;) {
    while (run == 1 && target[axis] > 1) {
      run = shape[--source];
      step = stride(source);
    }
    for (; source > 0 && continues_run(source - 1, run, step); --source) run *= shape[source - 1];
    if (run % target[axis] != 0) {
      throw ShapeError("reshape: the view of shape ", shape, " cannot become ", target,
                       " where it lies: reshape a copy() of it");
    }
    reshaped.set_stride(axis, step);
    run /= target[axis];
    step *= target[axis];
  }
  return reshaped;
}

constexpr Layout Layout::broadcast_to(const Shape& target) const {
  const int added = target.rank() - shape.rank();
  Layout broadcast{target, {}};
  bool fits = added >= 0;
  for (int axis = std::max(added, 0); fits && axis < target.rank(); ++axis) {
    const int source = axis - added;
    if (shape[source] == target[axis]) {
      broadcast.set_stride(axis, stride(source));
    } else {
      fits = shape[source] == 1;
    }
  }
  if (!fits) throw ShapeError("broadcast_to: ", shape, " does not broadcast to ", target);
  return broadcast;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
