#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <type_traits>

#include "dlfs/core/shape.hpp"
#include "dlfs/core/slice.hpp"

namespace dlfs {

/// Elements, not bytes, between neighbours along each axis.
using Strides = std::array<Index, max_rank>;

/// Axes with their extents and strides.
struct Layout {
  Shape shape{};
  Strides strides{};

  /// Appends an axis at the end. @throws ShapeError as Shape.
  constexpr void push_back(Index extent, Index stride) {
    strides[static_cast<std::size_t>(std::min(shape.rank(), max_rank - 1))] = stride;
    shape.push_back(extent);
  }
};

/// A window onto elements that someone else owns: a pointer, a shape and strides.
///
/// Copying a view copies no element. `TensorView<const T>` cannot write; `TensorView<T>` converts
/// to it. Strides may be negative (reversed) or 0 (broadcast). The view is valid as long as the
/// memory that it looks at.
template <class T>
class TensorView {
 public:
  using value_type = std::remove_const_t<T>;

  /// An empty view of shape (0).
  constexpr TensorView() = default;

  /// Dense row-major memory. Unchecked: `data` must hold `shape.size()` elements.
  constexpr TensorView(T* data, const Shape& shape) : data_(data), shape_(shape), strides_{} {
    Index step = 1;
    for (int axis = shape.rank(); axis-- > 0;) {
      set_stride(axis, step);
      step *= shape[axis];
    }
  }

  constexpr TensorView(T* data, const Shape& shape, const Strides& strides)
      : data_(data), shape_(shape), strides_(strides) {}

  /// A view that may write is also one that only reads.
  template <class U>
    requires(std::same_as<const U, T> && !std::is_const_v<U>)
  constexpr TensorView(const TensorView<U>& other)
      : data_(other.data()), shape_(other.shape()), strides_(other.strides()) {}

  constexpr TensorView(const TensorView&) = default;
  /// Looks at other elements; not for a temporary: `x[0] = y` would leave x as it is.
  constexpr TensorView& operator=(const TensorView&) & = default;

  constexpr T* data() const { return data_; }
  constexpr const Shape& shape() const { return shape_; }
  constexpr const Strides& strides() const { return strides_; }
  constexpr int rank() const { return shape_.rank(); }
  constexpr Index size() const { return shape_.size(); }
  constexpr bool empty() const { return size() == 0; }
  constexpr Index extent(int axis) const { return shape_.extent(axis); }
  constexpr Index stride(int axis) const { return stride_at(shape_.normalize_axis(axis)); }

  /// Whether the elements lie dense and in row-major order.
  constexpr bool is_contiguous() const {
    Index expected = 1;
    for (int axis = rank(); axis-- > 0;) {
      if (shape_[axis] != 1 && stride_at(axis) != expected) return size() <= 1;
      expected *= shape_[axis];
    }
    return true;
  }

  /// One element; a negative index counts from the end.
  /// @throws ShapeError for a wrong number of indices or one out of range.
  template <std::integral... Indices>
  constexpr T& operator()(Indices... indices) const {
    detail::expect_index_count(sizeof...(indices), shape_);
    int axis = 0;
    Index offset = 0;
    ((offset += offset_along(axis++, indices)), ...);
    return data_[offset];
  }

  /// The only element. @throws ShapeError unless there is exactly one.
  constexpr T& item() const {
    if (size() != 1) throw ShapeError(concat("item: expected one element, got shape ", shape_));
    return *data_;
  }

  /// A part of this: `x(Slice{1, 5}, all, -1)` is Python's `x[1:5, :, -1]`. Axes that no subscript
  /// names stay whole, at the end or in the place of an ellipsis.
  /// @throws ShapeError for too many subscripts or a position out of range.
  template <class... Subscripts>
    requires PartSubscripts<Subscripts...>
  constexpr TensorView operator()(const Subscripts&... subscripts) const {
    return part({Subscript(subscripts)...});
  }

  /// The i-th entry along the first axis, one rank lower. @throws ShapeError if out of range.
  constexpr TensorView operator[](Index i) const {
    if (rank() == 0) throw ShapeError("indexing: a tensor of rank 0 has no axis to index");
    return part({i});
  }

  /// Entries [first, last) of the first axis. @throws ShapeError unless 0 <= first <= last <= N.
  constexpr TensorView rows(Index first, Index last) const {
    if (rank() == 0 || first < 0 || last < first || last > shape_[0]) {
      throw ShapeError(concat("rows: [", first, ", ", last, ") of a tensor of shape ", shape_));
    }
    return TensorView(address(first < last ? first * stride_at(0) : 0),
                      shape_.with(0, last - first), strides_);
  }

  /// `x[..., start:stop:step, ...]` on one axis, clamped as Python does.
  /// @throws ShapeError for a bad axis, ValueError for a step of 0.
  constexpr TensorView slice(int axis, Slice slice) const {
    axis = shape_.normalize_axis(axis);
    const auto positions = detail::positions_of(slice, shape_[axis]);
    TensorView result(address(positions.first * stride_at(axis)),
                      shape_.with(axis, positions.count), strides_);
    result.set_stride(axis, stride_at(axis) * positions.step);
    return result;
  }

  /// All axes in reverse order.
  constexpr TensorView transpose() const {
    std::array<int, max_rank> order{};
    for (int axis = 0; axis < rank(); ++axis) {
      order[static_cast<std::size_t>(axis)] = rank() - 1 - axis;
    }
    return permute({order.data(), static_cast<std::size_t>(rank())});
  }

  /// Axis i of the result is axis `order[i]` of this.
  /// @throws ShapeError unless `order` names every axis once.
  constexpr TensorView transpose(std::initializer_list<int> order) const {
    return permute({order.begin(), order.size()});
  }

  /// The same elements, in the same row-major order, in another shape, where one extent may be -1:
  /// "whatever is left".
  /// @throws ShapeError if the sizes differ or the elements would have to be copied.
  constexpr TensorView reshape(std::initializer_list<Index> extents) const {
    return reshape(resolve(extents));
  }
  constexpr TensorView reshape(const Shape& shape) const {
    if (shape.size() != size()) {
      throw ShapeError(concat("reshape: ", shape_, " has ", size(), " elements, ", shape, " has ",
                              shape.size()));
    }
    if (empty()) return TensorView(data_, shape);
    TensorView result(data_, shape, {});
    int source = rank();  // the axes before it are still to be handed out
    Index run = 1;        // elements in equal steps, of which the axes of `shape` take their parts
    Index step = 1;
    for (int axis = shape.rank(); axis-- > 0;) {
      while (run == 1 && shape[axis] > 1) {
        run = shape_[--source];
        step = stride_at(source);
      }
      for (; source > 0 && continues_run(source - 1, run, step); --source)
        run *= shape_[source - 1];
      if (run % shape[axis] != 0) {
        throw ShapeError(concat("reshape: the view of shape ", shape_, " cannot become ", shape,
                                " where it lies: reshape a copy() of it"));
      }
      result.set_stride(axis, step);
      run /= shape[axis];
      step *= shape[axis];
    }
    return result;
  }

  /// Repeats extents of 1, and leading axes, without copying: NumPy's broadcast_to. The view only
  /// reads, for several of its elements are one.
  /// @throws ShapeError if this shape does not broadcast to `shape`.
  constexpr TensorView<const T> broadcast_to(const Shape& shape) const {
    const int added = shape.rank() - rank();
    TensorView<const T> result(data_, shape, {});
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const int source = axis - added;
      if (source < 0) continue;
      if (shape_[source] == shape[axis]) {
        result.set_stride(axis, stride_at(source));
      } else if (shape_[source] != 1) {
        throw ShapeError(concat("broadcast_to: ", shape_, " does not broadcast to ", shape));
      }
    }
    if (added < 0) {
      throw ShapeError(concat("broadcast_to: ", shape_, " does not broadcast to ", shape));
    }
    return result;
  }

 private:
  template <class>
  friend class TensorView;

  constexpr Index stride_at(int axis) const { return strides_[static_cast<std::size_t>(axis)]; }
  constexpr void set_stride(int axis, Index stride) {
    strides_[static_cast<std::size_t>(axis)] = stride;
  }

  /// `offset` elements on. An empty view stays where it is, for nothing may lie there.
  constexpr T* address(Index offset) const { return empty() ? data_ : data_ + offset; }

  constexpr Index offset_along(int axis, std::integral auto i) const {
    return shape_.normalize_index(axis, i) * stride_at(axis);
  }

  /// Whether the next outer axis goes on where a run of so many steps ends.
  constexpr bool continues_run(int axis, Index run, Index step) const {
    return shape_[axis] == 1 || stride_at(axis) == run * step;
  }

  constexpr TensorView part(std::initializer_list<Subscript> subscripts) const {
    using Kind = Subscript::Kind;
    int named = 0;
    int ellipses = 0;
    for (const Subscript& subscript : subscripts) {
      named += subscript.kind() == Kind::position || subscript.kind() == Kind::range;
      ellipses += subscript.kind() == Kind::other_axes;
    }
    if (ellipses > 1) throw ShapeError("indexing: more than one ellipsis");
    if (named > rank()) {
      throw ShapeError(concat("indexing: ", named, " subscripts for the shape ", shape_));
    }

    int axis = 0;
    Index offset = 0;
    Layout layout;
    const auto keep_axes_until = [&](int end) {
      for (; axis < end; ++axis) layout.push_back(shape_[axis], stride_at(axis));
    };
    for (const Subscript& subscript : subscripts) {
      switch (subscript.kind()) {
        case Kind::position:
          offset += offset_along(axis++, subscript.position());
          break;
        case Kind::range: {
          const auto positions = detail::positions_of(subscript.range(), shape_[axis]);
          offset += positions.first * stride_at(axis);
          layout.push_back(positions.count, positions.step * stride_at(axis++));
          break;
        }
        case Kind::other_axes:
          keep_axes_until(axis + rank() - named);
          break;
        case Kind::added_axis:
          layout.push_back(1, 0);
          break;
      }
    }
    keep_axes_until(rank());
    return TensorView(address(offset), layout.shape, layout.strides);
  }

  constexpr TensorView permute(std::span<const int> order) const {
    bool seen[max_rank]{};
    Layout layout;
    for (int from : order) {
      const int axis = shape_.normalize_axis(from);
      if (seen[axis]) throw ShapeError(concat("transpose: axis ", axis, " is named twice"));
      seen[axis] = true;
      layout.push_back(shape_[axis], stride_at(axis));
    }
    if (layout.shape.rank() != rank()) {
      throw ShapeError(concat("transpose: ", order.size(), " axes given for the shape ", shape_));
    }
    return TensorView(data_, layout.shape, layout.strides);
  }

  constexpr Shape resolve(std::initializer_list<Index> extents) const {
    Shape shape;  // with 1 in the place of -1
    int unknown = -1;
    for (Index extent : extents) {
      if (extent == -1) {
        if (unknown >= 0) throw ShapeError(concat("reshape: ", shape_, ": more than one -1"));
        unknown = shape.rank();
      }
      shape.push_back(extent == -1 ? 1 : extent);
    }
    if (unknown < 0) return shape;
    const Index known = shape.size();
    if (known == 0 || size() % known != 0) {
      throw ShapeError(concat("reshape: ", shape_, " has ", size(), " elements, which -1 cannot ",
                              "divide into parts of ", known));
    }
    return shape.with(unknown, size() / known);
  }

  T* data_ = nullptr;
  Shape shape_{0};
  Strides strides_{1};
};

}  // namespace dlfs
