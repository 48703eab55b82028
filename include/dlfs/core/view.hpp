#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <type_traits>

#include "dlfs/core/shape.hpp"

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

/// Elements, not bytes, between neighbours along each axis.
using Strides = std::array<Index, max_rank>;

/// The strides of dense row-major memory.
constexpr Strides row_major_strides(const Shape& shape) {
  Strides strides{};
  Index step = 1;
  for (int axis = shape.rank(); axis-- > 0;) {
    strides[static_cast<std::size_t>(axis)] = step;
    step *= shape[axis];
  }
  return strides;
}

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
  constexpr TensorView(T* data, const Shape& shape)
      : data_(data), shape_(shape), strides_(row_major_strides(shape)) {}

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
    if (sizeof...(indices) != static_cast<std::size_t>(rank())) {
      throw ShapeError(concat("indexing: ", sizeof...(indices), " indices for the shape ", shape_));
    }
    int axis = 0;
    Index offset = 0;
    ((offset += checked_offset(axis++, static_cast<Index>(indices))), ...);
    return data_[offset];
  }

  /// The only element. @throws ShapeError unless there is exactly one.
  constexpr T& item() const {
    if (size() != 1) throw ShapeError(concat("item: expected one element, got shape ", shape_));
    return *data_;
  }

  /// The i-th entry along the first axis, one rank lower. @throws ShapeError if out of range.
  constexpr TensorView operator[](Index i) const {
    if (rank() == 0) throw ShapeError("indexing: a tensor of rank 0 has no axis to index");
    TensorView entry(address(checked_offset(0, i)), shape_.axes(1, rank()), {});
    for (int axis = 1; axis < rank(); ++axis) entry.set_stride(axis - 1, stride_at(axis));
    return entry;
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
    if (slice.step == 0) throw ValueError("slice: the step cannot be 0");
    const Index extent = shape_[axis];
    const bool forward = slice.step > 0;
    // A step past the end selects one entry, however long it is; shorter, it cannot overflow.
    const Index longest = std::max<Index>(extent, 1);
    const Index step = std::clamp(slice.step, -longest, longest);
    const Index lowest = forward ? 0 : -1;
    const Index highest = forward ? extent : extent - 1;
    const auto clamp = [&](std::optional<Index> position, Index otherwise) {
      if (!position) return otherwise;
      const Index p = *position < 0 ? *position + extent : *position;
      return p < lowest ? lowest : p > highest ? highest : p;
    };
    const Index start = clamp(slice.start, forward ? lowest : highest);
    const Index stop = clamp(slice.stop, forward ? highest : lowest);
    const Index distance = forward ? stop - start : start - stop;
    const Index count = distance > 0 ? (distance - 1) / (forward ? step : -step) + 1 : 0;
    TensorView result(address(count > 0 ? start * stride_at(axis) : 0), shape_.with(axis, count),
                      strides_);
    result.set_stride(axis, stride_at(axis) * step);
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

  /// The same elements in another shape, where one extent may be -1: "whatever is left".
  /// @throws ShapeError if the sizes differ or the elements are not contiguous.
  constexpr TensorView reshape(std::initializer_list<Index> extents) const {
    return reshape(resolve(extents));
  }
  constexpr TensorView reshape(const Shape& shape) const {
    if (shape.size() != size()) {
      throw ShapeError(concat("reshape: ", shape_, " has ", size(), " elements, ", shape, " has ",
                              shape.size()));
    }
    if (!is_contiguous()) {
      throw ShapeError(concat("reshape: the view of shape ", shape_, " is not contiguous"));
    }
    return TensorView(data_, shape);
  }

  /// Repeats extents of 1, and leading axes, without copying: NumPy's broadcast_to.
  /// @throws ShapeError if this shape does not broadcast to `shape`.
  constexpr TensorView broadcast_to(const Shape& shape) const {
    const int added = shape.rank() - rank();
    TensorView result(data_, shape, {});
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

  constexpr Index checked_offset(int axis, Index i) const {
    const Index position = i < 0 ? i + shape_[axis] : i;
    if (position < 0 || position >= shape_[axis]) {
      throw ShapeError(concat("indexing: index ", i, " is out of range for axis ", axis,
                              " of the shape ", shape_));
    }
    return position * stride_at(axis);
  }

  constexpr TensorView permute(std::span<const int> order) const {
    bool seen[max_rank]{};
    TensorView result(data_, {}, {});
    for (int from : order) {
      const int axis = shape_.normalize_axis(from);
      if (seen[axis]) throw ShapeError(concat("transpose: axis ", axis, " is named twice"));
      seen[axis] = true;
      result.set_stride(result.rank(), stride_at(axis));
      result.shape_.push_back(shape_[axis]);
    }
    if (result.rank() != rank()) {
      throw ShapeError(concat("transpose: ", order.size(), " axes given for the shape ", shape_));
    }
    return result;
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
