#pragma once

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/core/buffer.hpp"
#include "dlfs/core/shape.hpp"
#include "dlfs/core/view.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// What a tensor may hold: plain numbers, as float, double, half, bfloat16, integers and bool.
template <class T>
concept TensorElement = std::is_trivially_copyable_v<T> && !std::is_const_v<T>;

template <TensorElement T>
class Tensor;
template <TensorElement T>
class TensorArg;

namespace detail {
template <class>
inline constexpr bool is_tensor = false;
template <class T>
inline constexpr bool is_tensor<Tensor<T>> = true;
template <class T>
inline constexpr bool is_tensor<TensorView<T>> = true;
template <class T>
inline constexpr bool is_tensor<TensorArg<T>> = true;
}  // namespace detail

/// A dense row-major array of any rank that owns its memory, aligned to 64 bytes.
///
/// Value semantics: a copy is a copy. The functions that take a part of a tensor give views; a
/// view of a const tensor is a const view. What would look into an expiring tensor, a view or a
/// pointer, does not compile; single elements and the shape of one are values. Such a tensor may be
/// the argument of a call, as a TensorArg.
template <TensorElement T>
class Tensor {
 public:
  using value_type = T;

  /// An empty tensor of shape (0).
  Tensor() = default;

  /// Zeros. @throws ValueError or std::bad_alloc if there is no memory for so many elements.
  [[gnu::noinline]] explicit Tensor(const Shape& shape) : Tensor(uninitialized(shape)) {
    fill(T(0));
  }

  /// The values in row-major order. @throws ShapeError unless there are as many as `shape` holds.
  Tensor(const Shape& shape, std::span<const T> values) : Tensor(uninitialized(shape)) {
    if (static_cast<Index>(values.size()) != size()) {
      throw ShapeError("tensor: ", values.size(), " values for the shape ", shape);
    }
    std::copy(values.begin(), values.end(), begin());
  }
  Tensor(const Shape& shape, std::initializer_list<T> values)
      : Tensor(shape, std::span<const T>(values.begin(), values.size())) {}

  template <class Number>
    requires(std::is_arithmetic_v<Number>)
  DLFS_REFUSED("a tensor of one value is full<float>({2, 3}, 1)")
  Tensor(const Shape&, Number);

  /// Memory for `shape` with unspecified contents, for a caller that writes every element.
  [[gnu::noinline]] static Tensor uninitialized(const Shape& shape) {
    return Tensor(AlignedBuffer<T>(static_cast<std::size_t>(shape.size())), shape);
  }

  [[gnu::noinline]] Tensor(const Tensor& other) : Tensor(uninitialized(other.shape_)) {
    std::copy(other.begin(), other.end(), begin());
  }
  [[gnu::noinline]] Tensor(Tensor&& other) noexcept
      : buffer_(std::move(other.buffer_)), shape_(std::exchange(other.shape_, Shape{0})) {}
  [[gnu::noinline]] Tensor& operator=(const Tensor& other) {
    if (this == &other) return *this;
    resize(other.shape_);
    std::copy(other.begin(), other.end(), begin());
    return *this;
  }
  [[gnu::noinline]] Tensor& operator=(Tensor&& other) noexcept {
    buffer_ = std::move(other.buffer_);
    shape_ = std::exchange(other.shape_, Shape{0});
    return *this;
  }
  ~Tensor() = default;

  template <class X, class Reason = detail::copy_of_a_view_or_cast_of_other_elements_makes_a_tensor>
    requires(detail::is_tensor<X>)
  Tensor(const X&)
  = delete;

  const Shape& shape() const& { return shape_; }
  Shape shape() const&& { return shape_; }
  int rank() const { return shape_.rank(); }
  Index size() const { return shape_.size(); }
  bool empty() const { return size() == 0; }
  Index extent(int axis) const { return shape_.extent(axis); }

  T* data() & { return buffer_.data(); }
  const T* data() const& { return buffer_.data(); }
  const T* data() const&& = delete;
  T* begin() & { return data(); }
  const T* begin() const& { return data(); }
  const T* begin() const&& = delete;
  T* end() & { return data() + size(); }
  const T* end() const& { return data() + size(); }
  const T* end() const&& = delete;

  /// Takes another shape; the contents are unspecified afterwards. Memory is kept where it
  /// suffices, so a tensor that is resized to shapes that it has had does not allocate.
  [[gnu::noinline]] void resize(const Shape& shape) {
    const auto needed = static_cast<std::size_t>(shape.size());
    if (needed > buffer_.capacity()) buffer_ = AlignedBuffer<T>(needed);
    shape_ = shape;
  }

  void fill(T value) { std::fill(begin(), end(), value); }

  TensorView<T> view() & { return {data(), shape_}; }
  TensorView<const T> view() const& { return {data(), shape_}; }
  TensorView<const T> view() const&& = delete;
  operator TensorView<T>() & { return view(); }
  operator TensorView<const T>() const& { return {data(), shape_}; }
  operator TensorView<const T>() const&& = delete;  // keep the tensor, or take a TensorArg

  // As the functions of the same names of TensorView.
  template <std::integral... Indices>
  T& operator()(Indices... indices) & {
    return data()[offset_of(indices...)];
  }
  template <std::integral... Indices>
  const T& operator()(Indices... indices) const& {
    return data()[offset_of(indices...)];
  }
  template <std::integral... Indices>
  T operator()(Indices... indices) const&& {
    return (*this)(indices...);
  }
  template <class... Subscripts>
    requires PartSubscripts<Subscripts...> TensorView<T>
  operator()(const Subscripts&... subscripts) & { return view()(subscripts...); }
  template <class... Subscripts>
    requires PartSubscripts<Subscripts...> TensorView<const T>
  operator()(const Subscripts&... subscripts) const& { return view()(subscripts...); }
  template <class... Subscripts>
    requires PartSubscripts<Subscripts...> TensorView<const T>
  operator()(const Subscripts&... subscripts) const&& = delete;
  T& item() & { return view().item(); }
  const T& item() const& { return view().item(); }
  T item() const&& { return item(); }
  TensorView<T> operator[](Index i) & { return view()[i]; }
  TensorView<const T> operator[](Index i) const& { return view()[i]; }
  TensorView<const T> operator[](Index i) const&& = delete;
  TensorView<T> rows(Index first, Index last) & { return view().rows(first, last); }
  TensorView<const T> rows(Index first, Index last) const& { return view().rows(first, last); }
  TensorView<const T> rows(Index first, Index last) const&& = delete;
  TensorView<T> slice(int axis, Slice range) & { return view().slice(axis, range); }
  TensorView<const T> slice(int axis, Slice range) const& { return view().slice(axis, range); }
  TensorView<const T> slice(int axis, Slice range) const&& = delete;
  TensorView<T> transpose() & { return view().transpose(); }
  TensorView<const T> transpose() const& { return view().transpose(); }
  TensorView<const T> transpose() const&& = delete;
  TensorView<T> transpose(std::initializer_list<int> order) & { return view().transpose(order); }
  TensorView<const T> transpose(std::initializer_list<int> order) const& {
    return view().transpose(order);
  }
  TensorView<const T> transpose(std::initializer_list<int> order) const&& = delete;
  TensorView<const T> broadcast_to(const Shape& shape) const& { return view().broadcast_to(shape); }
  TensorView<const T> broadcast_to(const Shape& shape) const&& = delete;
  TensorView<T> reshape(std::initializer_list<Index> extents) & { return view().reshape(extents); }
  TensorView<const T> reshape(std::initializer_list<Index> extents) const& {
    return view().reshape(extents);
  }
  TensorView<const T> reshape(std::initializer_list<Index> extents) const&& = delete;
  TensorView<T> reshape(const Shape& shape) & { return view().reshape(shape); }
  TensorView<const T> reshape(const Shape& shape) const& { return view().reshape(shape); }
  TensorView<const T> reshape(const Shape& shape) const&& = delete;
  template <std::integral... Indices>
    requires(sizeof...(Indices) > 0)
  DLFS_REFUSED("the extents stand in braces: x.reshape({2, 3})")
  Tensor reshape(Indices...) const;
  template <std::integral... Indices>
    requires(sizeof...(Indices) > 0)
  DLFS_REFUSED("the axes stand in braces: x.transpose({1, 0})")
  Tensor transpose(Indices...) const;
  template <class Reason = detail::any_of_or_all_of_makes_one_truth_of_many>
  explicit operator bool() const = delete;
  // These keep the memory of an expiring tensor.
  Tensor reshape(std::initializer_list<Index> extents) && {
    shape_ = view().reshape(extents).shape();
    return std::move(*this);
  }
  Tensor reshape(const Shape& shape) && {
    shape_ = view().reshape(shape).shape();
    return std::move(*this);
  }

 private:
  Tensor(AlignedBuffer<T> buffer, const Shape& shape) : buffer_(std::move(buffer)), shape_(shape) {}

  template <class... Indices>
  Index offset_of(Indices... indices) const {
    detail::expect_index_count(sizeof...(indices), shape_);
    int axis = 0;
    Index offset = 0;
    ((offset = offset * shape_[axis] + shape_.normalize_index(axis, indices), ++axis), ...);
    return offset;
  }

  AlignedBuffer<T> buffer_;
  Shape shape_{0};
};

/// A tensor or a view that a function only reads, as the type of its parameter: an expiring tensor,
/// too, lives until the call returns.
///
///   float length(TensorArg<float> x) { return std::sqrt(sum(x * x)); }
///   length(a - b);
///
/// Within the function it is a `TensorView<const T>`. To keep it for longer is the mistake that
/// TensorView prevents: it cannot be copied into a container or assigned.
template <TensorElement T>
class TensorArg : public TensorView<const T> {
 public:
  using TensorView<const T>::TensorView;
  TensorArg(const Tensor<T>& tensor) : TensorView<const T>(tensor) {}
  TensorArg(const TensorView<const T>& view) : TensorView<const T>(view) {}
  TensorArg(TensorArg&) = default;  // a parameter handed on
  TensorArg(const TensorArg&) = delete;
  TensorArg& operator=(const TensorArg&) = delete;
};

/// A Tensor or a TensorView: what an operand may be.
template <class X>
concept AnyTensor = detail::is_tensor<std::remove_cvref_t<X>>;

/// The element type of an operand, without const.
template <AnyTensor X>
using Element = typename std::remove_cvref_t<X>::value_type;

template <AnyTensor X, class Y,
          class Reason = detail::equal_compares_elements_and_array_equal_tensors>
bool operator==(const X&, const Y&) = delete;

/// An operand seen as a view that only reads.
template <AnyTensor X>
TensorView<const Element<X>> const_view(const X& x) {
  return x;
}
template <class T>
void const_view(const Tensor<T>&& expiring) = delete;

/// Values of any nesting, as in `array<float>({{1, 2}, {3, 4}})`. Owns them.
template <class T>
class NestedList {
 public:
  NestedList(T value) : value_(value) {}
  NestedList(std::initializer_list<NestedList> children) : children_(children), is_list_(true) {}

  /// @throws ShapeError if the rows of a level differ in length.
  Shape shape() const {
    if (!is_list_) return {};
    const Shape inner = children_.empty() ? Shape{} : children_.front().shape();
    for (const NestedList& child : children_) {
      if (child.shape() != inner) {
        throw ShapeError("array: ragged list: an entry of shape ", inner,
                         " stands beside one of shape ", child.shape());
      }
    }
    Shape shape{static_cast<Index>(children_.size())};
    for (Index extent : inner) shape.push_back(extent);
    return shape;
  }

  /// Writes the values in row-major order; returns where the next would go.
  T* write(T* out) const {
    if (!is_list_) return *out = value_, out + 1;
    for (const NestedList& child : children_) out = child.write(out);
    return out;
  }

 private:
  T value_{};
  std::vector<NestedList> children_{};
  bool is_list_ = false;
};

/// A tensor of the values written out: `array<float>({{1, 2}, {3, 4}})` has shape (2, 2).
/// @throws ShapeError for a ragged list.
template <class T>
Tensor<T> array(const NestedList<std::type_identity_t<T>>& values) {
  auto tensor = Tensor<T>::uninitialized(values.shape());
  values.write(tensor.data());
  return tensor;
}
DLFS_REFUSED("the type of the elements is written: array<double>({1, 2})")
Tensor<double> array(const NestedList<double>&);

template <class T>
Tensor<T> full(const Shape& shape, std::type_identity_t<T> value) {
  auto tensor = Tensor<T>::uninitialized(shape);
  tensor.fill(value);
  return tensor;
}
DLFS_REFUSED("the type of the elements is written: full<float>({2, 3}, 1)")
Tensor<double> full(const Shape&, double);
template <class T, std::integral Extent, class... Others>
DLFS_REFUSED("the extents stand in braces: full<float>({2, 3}, 1)")
Tensor<T> full(Extent, const Others&...);

template <class T>
Tensor<T> zeros(const Shape& shape) {
  return full<T>(shape, T(0));
}
DLFS_REFUSED("the type of the elements is written: zeros<float>({2, 3})")
Tensor<double> zeros(const Shape&);
template <class T, std::integral... Extents>
  requires(sizeof...(Extents) > 0)
DLFS_REFUSED("the extents stand in braces: zeros<float>({2, 3})")
Tensor<T> zeros(Extents...);

template <class T>
Tensor<T> ones(const Shape& shape) {
  return full<T>(shape, T(1));
}
DLFS_REFUSED("the type of the elements is written: ones<float>({2, 3})")
Tensor<double> ones(const Shape&);
template <class T, std::integral... Extents>
  requires(sizeof...(Extents) > 0)
DLFS_REFUSED("the extents stand in braces: ones<float>({2, 3})")
Tensor<T> ones(Extents...);

}  // namespace dlfs
DLFS_STRICT_MATH_END
