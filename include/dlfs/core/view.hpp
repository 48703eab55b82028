#pragma once

#include <concepts>
#include <initializer_list>
#include <type_traits>

#include "dlfs/core/layout.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {
/// What compilers say of `x[0] = values`, of `if (x > y)`, of `x == y` and of a Tensor<float> that
/// is initialized by `x[0]` or by a Tensor<double>.
struct elements_of_a_view_are_written_by_assign;
struct any_of_or_all_of_makes_one_truth_of_many;
struct equal_compares_elements_and_array_equal_tensors;
struct copy_of_a_view_or_cast_of_other_elements_makes_a_tensor;
}  // namespace detail

/// A window onto elements that someone else owns: a pointer, a shape and strides.
///
/// Copying a view copies no element. `TensorView<const T>` cannot write; `TensorView<T>` converts
/// to it. Strides may be negative (reversed) or 0 (broadcast). The view is valid as long as the
/// memory that it looks at, so there is none of an expiring tensor. What a function only reads
/// during a call is better declared a TensorArg, which may expire.
template <class T>
class TensorView {
 public:
  using value_type = std::remove_const_t<T>;

  /// An empty view of shape (0).
  constexpr TensorView() = default;

  /// Dense row-major memory. Unchecked: `data` must hold `shape.size()` elements.
  constexpr TensorView(T* data, const Shape& shape) : data_(data), layout_(Layout::dense(shape)) {}

  constexpr TensorView(T* data, const Shape& shape, const Strides& strides)
      : data_(data), layout_{shape, strides} {}

  /// A view that may write is also one that only reads.
  template <class U>
    requires(std::same_as<const U, T> && !std::is_const_v<U>)
  constexpr TensorView(const TensorView<U>& other) : data_(other.data()), layout_(other.layout()) {}

  constexpr TensorView(const TensorView&) = default;
  /// Looks at other elements; not for a temporary: `x[0] = y` would leave x as it is.
  constexpr TensorView& operator=(const TensorView&) & = default;
  template <class X, class Reason = detail::elements_of_a_view_are_written_by_assign>
  void operator=(const X&) && = delete;

  constexpr T* data() const { return data_; }
  constexpr const Layout& layout() const& { return layout_; }
  constexpr Layout layout() const&& { return layout_; }
  constexpr const Shape& shape() const& { return layout_.shape; }
  constexpr Shape shape() const&& { return layout_.shape; }
  constexpr const Strides& strides() const& { return layout_.strides; }
  constexpr Strides strides() const&& { return layout_.strides; }
  constexpr int rank() const { return shape().rank(); }
  constexpr Index size() const { return shape().size(); }
  constexpr bool empty() const { return size() == 0; }
  constexpr Index extent(int axis) const { return shape().extent(axis); }
  constexpr Index stride(int axis) const { return layout_.stride(shape().normalize_axis(axis)); }

  /// Whether the elements lie dense and in row-major order.
  constexpr bool is_contiguous() const { return layout_.is_contiguous(); }

  /// One element; a negative index counts from the end.
  /// @throws ShapeError for a wrong number of indices or one out of range.
  template <std::integral... Indices>
  constexpr T& operator()(Indices... indices) const {
    detail::expect_index_count(sizeof...(indices), shape());
    int axis = 0;
    Index offset = 0;
    ((offset += shape().normalize_index(axis, indices) * layout_.stride(axis), ++axis), ...);
    return data_[offset];
  }

  /// The only element. @throws ShapeError unless there is exactly one.
  constexpr T& item() const {
    if (size() != 1) throw ShapeError("item: expected one element, got shape ", shape());
    return *data_;
  }

  /// A part of this: `x(Slice{1, 5}, all, -1)` is Python's `x[1:5, :, -1]`. Axes that no subscript
  /// names stay whole, at the end or in the place of an ellipsis.
  /// @throws ShapeError for too many subscripts or a position out of range.
  template <class... Subscripts>
    requires PartSubscripts<Subscripts...>
  constexpr TensorView operator()(const Subscripts&... subscripts) const {
    return part(layout_.part({Subscript(subscripts)...}));
  }

  /// The i-th entry along the first axis, one rank lower. @throws ShapeError if out of range.
  constexpr TensorView operator[](Index i) const {
    if (rank() == 0) throw ShapeError("indexing: a tensor of rank 0 has no axis to index");
    return part(layout_.part({i}));
  }

  /// Entries [first, last) of the first axis. @throws ShapeError unless 0 <= first <= last <= N.
  [[gnu::noinline]] constexpr TensorView rows(Index first, Index last) const {
    if (rank() == 0 || first < 0 || last < first || last > shape()[0]) {
      throw ShapeError("rows: [", first, ", ", last, ") of a tensor of shape ", shape());
    }
    const Index offset = first < last && !empty() ? first * layout_.stride(0) : 0;
    return {data_ + offset, shape().with(0, last - first), strides()};
  }

  /// `x[..., start:stop:step, ...]` on one axis, clamped as Python does.
  /// @throws ShapeError for a bad axis, ValueError for a step of 0.
  constexpr TensorView slice(int axis, Slice range) const {
    return part(layout_.slice(axis, range));
  }

  /// All axes in reverse order.
  constexpr TensorView transpose() const { return with(layout_.transpose()); }

  /// Axis i of the result is axis `order[i]` of this.
  /// @throws ShapeError unless `order` names every axis once.
  constexpr TensorView transpose(std::initializer_list<int> order) const {
    return with(layout_.transpose({order.begin(), order.size()}));
  }

  /// The same elements, in the same row-major order, in another shape, where one extent may be -1:
  /// "whatever is left".
  /// @throws ShapeError if the sizes differ or the elements would have to be copied.
  constexpr TensorView reshape(std::initializer_list<Index> extents) const {
    return reshape(layout_.resolve(extents));
  }
  constexpr TensorView reshape(const Shape& shape) const { return with(layout_.reshape(shape)); }

  template <std::integral... Indices>
    requires(sizeof...(Indices) > 0)
  DLFS_REFUSED("the extents stand in braces: x.reshape({2, 3})")
  TensorView reshape(Indices...) const;
  template <std::integral... Indices>
    requires(sizeof...(Indices) > 0)
  DLFS_REFUSED("the axes stand in braces: x.transpose({1, 0})")
  TensorView transpose(Indices...) const;
  template <class Reason = detail::any_of_or_all_of_makes_one_truth_of_many>
  explicit operator bool() const = delete;

  /// Repeats extents of 1, and leading axes, without copying: NumPy's broadcast_to. The view only
  /// reads, for several of its elements are one.
  /// @throws ShapeError if this shape does not broadcast to `shape`.
  constexpr TensorView<const T> broadcast_to(const Shape& shape) const {
    return with(layout_.broadcast_to(shape));
  }

 private:
  constexpr TensorView with(const Layout& layout) const {
    return {data_, layout.shape, layout.strides};
  }
  constexpr TensorView part(const Layout::Part& part) const {
    return {data_ + part.offset, part.layout.shape, part.layout.strides};
  }

  T* data_ = nullptr;
  Layout layout_{{0}, {1}};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
