#pragma once

#include <algorithm>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#include "dlfs/core/element.hpp"
#include "dlfs/core/loop_nest.hpp"
#include "dlfs/core/overlap.hpp"
#include "dlfs/core/promotion.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"

// The machinery of elementwise operations on tensors, views with any strides, and numbers, which
// broadcast to one shape. They run on vectors or element by element.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// One operand along the innermost loop.
template <class T>
struct Row {
  T* data;
  Index stride;

  T* at(Index i) const { return data + i * stride; }
};

/// Block size for gathering strided elements, so that vectors can work on them, in elements.
inline constexpr Index packed_elements = 512;
/// Row length below which several rows are gathered at a time, in elements.
inline constexpr Index short_row = 64;

/// A row that is packed block by block, as an operand of simd::apply.
template <class T>
class PackedRow {
 public:
  explicit PackedRow(Row<const T> row) : row_(row) {}

  simd::Operand<T> piece(Index first, Index count) {
    if (row_.stride == 0) return {row_.data, 0};
    if (row_.stride == 1) return {row_.at(first)};
    for (Index i = 0; i < count; ++i) elements_[i] = *row_.at(first + i);
    return {elements_};
  }

 private:
  Row<const T> row_;
  alignas(alignment) T elements_[packed_elements];
};

template <class Compute, class Op, class Out, class... In>
void apply_to_packed_row(const Op& op, Index size, Row<Out> out, PackedRow<In>&&... in) {
  alignas(alignment) Out results[packed_elements];
  for (Index first = 0; first < size; first += packed_elements) {
    const Index count = std::min(packed_elements, size - first);
    Out* const to = out.stride == 1 ? out.at(first) : results;
    simd::apply<Compute>(op, count, to, in.piece(first, count)...);
    for (Index i = 0; i < count && to == results; ++i) *out.at(first + i) = results[i];
  }
}

/// Short rows at equal distance.
template <class T>
struct ShortRows {
  T* data;
  Index extent;  // elements of a row
  Index stride;
  Index row_stride;

  bool are_dense() const { return stride == 1 && row_stride == extent; }

  /// Calls body(element, k) for the elements of rows [first, last), in order.
  template <class Body>
  void for_each(Index first, Index last, const Body& body) const {
    Index k = 0;
    for (Index row = first; row < last; ++row) {
      T* const begin = data + row * row_stride;
      for (Index i = 0; i < extent; ++i) body(begin[i * stride], k++);
    }
  }
};

/// Short rows as an operand of simd::apply, several at a time.
template <class T>
class ShortRowsOperand {
 public:
  ShortRowsOperand(const ShortRows<const T>& rows, Index rows_at_once) : rows_(rows) {
    if (rows.row_stride == 0) pack(0, rows_at_once);
  }

  simd::Operand<T> piece(Index first, Index last) {
    if (rows_.are_dense()) return {rows_.data + first * rows_.row_stride};
    if (rows_.row_stride != 0) pack(first, last);  // with a row stride of 0 all rows are the same
    return {elements_};
  }

 private:
  void pack(Index first, Index last) {
    rows_.for_each(first, last, [this](const T& element, Index k) { elements_[k] = element; });
  }

  ShortRows<const T> rows_;
  alignas(alignment) T elements_[packed_elements];
};

template <class Compute, class Op, class Out, class... In>
void apply_to_short_rows(const Op& op, Index count, const ShortRows<Out>& out,
                         const ShortRows<const In>&... in) {
  const Index step = std::min(packed_elements / out.extent, count);
  alignas(alignment) Out results[packed_elements];
  const auto apply_to_pieces = [&](ShortRowsOperand<In>&&... operands) {
    for (Index first = 0; first < count; first += step) {
      const Index last = std::min(first + step, count);
      Out* const to = out.are_dense() ? out.data + first * out.row_stride : results;
      simd::apply<Compute>(op, (last - first) * out.extent, to, operands.piece(first, last)...);
      if (to != results) continue;
      out.for_each(first, last, [&](Out& element, Index k) { element = results[k]; });
    }
  };
  apply_to_pieces(ShortRowsOperand<In>(in, step)...);
}

template <std::size_t... i, class Compute, class Op, class Out, class... In>
void apply_to_views(std::index_sequence<i...>, std::type_identity<Compute>, const Op& op,
                    const TensorView<Out>& out, const TensorView<const In>&... in) {
  const LoopNest<1 + sizeof...(In)> nest(out.layout(), in.layout()...);
  const Index size = nest.row_extent();
  const Index rows = nest.plane_extent();
  const auto strides = nest.row_strides();
  const auto row_strides = nest.plane_strides();
  const bool is_short = size < short_row && rows > 1;
  const bool is_packed = strides[0] != 1 || ((strides[1 + i] != 0 && strides[1 + i] != 1) || ...);
  nest.for_each_plane([&](const auto& offsets) {
    if (is_short) {
      apply_to_short_rows<Compute>(
          op, rows, ShortRows<Out>{out.data() + offsets[0], size, strides[0], row_strides[0]},
          ShortRows<const In>{in.data() + offsets[1 + i], size, strides[1 + i],
                              row_strides[1 + i]}...);
    } else if (!is_packed) {
      simd::apply<Compute>(
          op, rows, size, out.data() + offsets[0], row_strides[0],
          simd::Operand<In>{in.data() + offsets[1 + i], strides[1 + i], row_strides[1 + i]}...);
    } else {
      for (Index row = 0; row < rows; ++row) {
        apply_to_packed_row<Compute>(
            op, size, Row<Out>{out.data() + offsets[0] + row * row_strides[0], strides[0]},
            PackedRow<In>(Row<const In>{in.data() + offsets[1 + i] + row * row_strides[1 + i],
                                        strides[1 + i]})...);
      }
    }
  });
}

/// out = op(in...), where all operands broadcast to the shape of out; see simd::apply for `op` and
/// Compute. `out` may be the memory of an operand of equal strides.
template <class Compute, class Op, class Out, class... In>
void apply(const Op& op, const TensorView<Out>& out, const TensorView<const In>&... in) {
  if (out.empty()) return;
  apply_to_views(std::index_sequence_for<In...>(),
                 std::type_identity<simd::RegisterElement<Compute>>(), op, out, in...);
}

template <class Body, std::size_t... i, class Out, class... In>
void for_each_row(std::index_sequence<i...>, const Body& body, const TensorView<Out>& out,
                  const TensorView<const In>&... in) {
  if (out.empty()) return;
  const LoopNest<1 + sizeof...(In)> nest(out.layout(), in.layout()...);
  const auto& strides = nest.row_strides();
  nest.for_each_row([&](const auto& offsets) {
    body(nest.row_extent(), Row<Out>{out.data() + offsets[0], strides[0]},
         Row<const In>{in.data() + offsets[1 + i], strides[1 + i]}...);
  });
}

/// out = f(in...), where f is a function of single elements of type Compute.
template <class Compute, class F, class Out, class... In>
void apply_each(const F& f, const TensorView<Out>& out, const TensorView<const In>&... in) {
  const auto apply_to = [&f](Index size, Row<Out> to, Row<const In>... from) {
    for (Index i = 0; i < size; ++i) {
      *to.at(i) = static_cast<Out>(f(static_cast<Compute>(*from.at(i))...));
    }
  };
  for_each_row(std::index_sequence_for<In...>(), apply_to, out, in...);
}

/// to[i] = from[i]. For 4 KiB and more, the C library may copy by an instruction that takes twice
/// as long as vectors, unless memory is the limit.
template <class T>
void copy_dense(Index size, const T* from, T* to) {
  if constexpr (simd::Dispatched<T>) {
    const Index bytes = size * Index{sizeof(T)};
    if (4 * 1024 <= bytes && bytes <= 1024 * 1024) {
      return simd::map([]<class V>(const V& x, V& y) { y = x; }, size, from, to);
    }
  }
  std::copy_n(from, size, to);
}

/// to[i] = from[i]
template <class T>
void copy_row(Index size, Row<T> to, Row<const T> from) {
  if (to.stride == 1 && from.stride == 1) {
    copy_dense(size, from.data, to.data);
  } else if (from.stride == 0) {
    const T value = *from.data;
    for (Index i = 0; i < size; ++i) *to.at(i) = value;
  } else {
    T* out = to.data;
    const T* in = from.data;
#if defined(__GNUC__)
#pragma GCC unroll 8
#endif
    for (Index i = 0; i < size; ++i) {
      *out = *in;
      out += to.stride;
      in += from.stride;
    }
  }
}

/// to[i * to_stride + j] = from[j * from_stride + i], in squares that stay in the first-level
/// cache.
template <simd::Dispatched T>
void copy_transposed(Index rows, Index columns, const T* from, Index from_stride, T* to,
                     Index to_stride) {
  constexpr Index side = 64;
  for (Index i = 0; i < rows; i += side) {
    for (Index j = 0; j < columns; j += side) {
      simd::transpose(std::min(side, columns - j), std::min(side, rows - i),
                      from + j * from_stride + i, from_stride, to + i * to_stride + j, to_stride);
    }
  }
}

/// out = x, which broadcasts to the shape of out.
template <class T>
void copy_elements(const TensorView<const T>& x, const TensorView<T>& out) {
  if (out.empty()) return;
  const LoopNest<2> nest(out.layout(), x.layout());
  const auto [to_stride, from_stride] = nest.row_strides();
  const auto [to_row_stride, from_row_stride] = nest.plane_strides();
  if constexpr (simd::Dispatched<T>) {
    if (to_stride == 1 && from_row_stride == 1 && from_stride > 1) {
      return nest.for_each_plane([&, rows = nest.plane_extent(), columns = nest.row_extent(),
                                  from_column = from_stride,
                                  to_row = to_row_stride](const auto& offsets) {
        copy_transposed(rows, columns, x.data() + offsets[1], from_column, out.data() + offsets[0],
                        to_row);
      });
    }
  }
  nest.for_each_row(
      [&, size = nest.row_extent(), to = to_stride, from = from_stride](const auto& offsets) {
        copy_row<T>(size, {out.data() + offsets[0], to}, {x.data() + offsets[1], from});
      });
}

/// A number as an operand: a tensor of rank 0.
template <class T>
struct ScalarOperand {
  T value;
  operator TensorView<const T>() const { return {&value, Shape{}}; }
};

/// Number types that may be operands beside tensors of T. A fraction beside integers is excluded,
/// because it would be truncated.
template <class S, class T>
constexpr bool is_scalar_for = std::is_same_v<S, T> ||
                               (std::is_arithmetic_v<S> && NumberElement<T> &&
                                (std::is_integral_v<S> || !std::is_integral_v<T>));

/// Whether X is a number or a tensor that can be an operand beside tensors of T without promotion.
template <class X, class T>
constexpr bool is_operand_of = is_scalar_for<std::remove_cvref_t<X>, T>;
template <AnyTensor X, class T>
inline constexpr bool is_operand_of<X, T> = std::is_same_v<Element<X>, T>;

/// The element type in which an operation computes: that of one tensor, or the promoted one of two.
template <class A, class B>
struct CommonElementOf {
  using type = Element<A>;
};
template <class A, AnyTensor B>
struct CommonElementOf<A, B> {
  using type = Element<B>;
};
template <AnyTensor A, AnyTensor B>
struct CommonElementOf<A, B> {
  using type = Promoted<Element<A>, Element<B>>;
};
template <class A, class B>
using CommonElement = typename CommonElementOf<A, B>::type;

/// Two operands of one operation, at least one of them a tensor.
template <class A, class B>
concept Operands = (AnyTensor<A> && AnyTensor<B>) ||
                   (AnyTensor<A> && is_scalar_for<std::remove_cvref_t<B>, CommonElement<A, A>>) ||
                   (AnyTensor<B> && is_scalar_for<std::remove_cvref_t<A>, CommonElement<B, B>>);

template <class A, class B>
concept NumberOperands = Operands<A, B> && NumberElement<CommonElement<A, B>>;

template <class A, class B>
concept RealOperands = Operands<A, B> && RealElement<CommonElement<A, B>>;

/// A type that can be written to: a non-const tensor that does not expire, or a view that writes.
template <class X>
concept WritableTensor = AnyTensor<X> && std::convertible_to<X, TensorView<Element<X>>>;

/// Whether a T can be stored as an Out without changing its kind: real numbers are not stored as
/// integers, and numbers are not stored as bool.
template <class Out, class T>
constexpr bool keeps_kind = std::same_as<Out, T> ||
                            (NumberElement<Out> && !RealElement<T>) || RealElement<Out>;

/// B, a tensor or a number, can be the operand of an operation that changes A or assigns to it.
template <class A, class B>
concept OperandInto =
    WritableTensor<A> && Operands<A, B> && keeps_kind<Element<A>, CommonElement<A, B>>;

/// A number becomes an operand beside tensors of T; a tensor is returned unchanged.
template <class T, class X>
decltype(auto) as_operand(const X& x) {
  if constexpr (AnyTensor<X>) {
    return (x);
  } else {
    return ScalarOperand<T>{static_cast<T>(x)};
  }
}

template <class T>
TensorView<const T> const_view(const ScalarOperand<T>& number) {
  return number;
}

// A shortcut for tensors, which own dense memory, and numbers, but not views: if the tensors have
// one shape, each operand is a single row. Making views and their loops takes as long as computing
// a thousand elements.

template <class X>
inline constexpr bool is_whole = !AnyTensor<X>;
template <class T>
inline constexpr bool is_whole<Tensor<T>> = true;
template <class... X>
concept WholeOperands = (is_whole<std::remove_cvref_t<X>> && ...);

template <class T>
simd::Operand<T> row_of(const Tensor<T>& x) {
  return {x.data()};
}
template <class T>
simd::Operand<T> row_of(const ScalarOperand<T>& number) {
  return {&number.value, 0};
}

/// The common shape of the tensors among two operands; null if the shapes differ.
template <class A, class B>
const Shape* common_shape(const A& a, const B& b) {
  if constexpr (!AnyTensor<B>) {
    return &a.shape();
  } else if constexpr (!AnyTensor<A>) {
    return &b.shape();
  } else {
    return a.shape() == b.shape() ? &a.shape() : nullptr;
  }
}

/// out = op(in...) for all elements of a tensor, with operands that are rows of the same length.
template <class Compute, class Op, class Out, class... In>
void apply_to_rows(const Op& op, Tensor<Out>& out, const simd::Operand<In>&... in) {
  simd::apply<simd::RegisterElement<Compute>>(op, out.size(), out.data(), in...);
}

/// The memory of the first expiring operand of the right type and shape, or else new memory.
template <class T, class First, class... Others>
Tensor<T> result_for(const Shape& shape, First&& first, Others&&... others) {
  if constexpr (std::same_as<First, Tensor<T>>) {
    if (first.shape() == shape) return std::forward<First>(first);
  }
  if constexpr (sizeof...(Others) > 0) {
    return result_for<T>(shape, std::forward<Others>(others)...);
  } else {
    return Tensor<T>::uninitialized(shape);
  }
}

/// A new tensor of op(x), with elements of type Result.
template <class Result, class Op, class X>
Tensor<Result> unary(const Op& op, X&& x) {
  if constexpr (WholeOperands<X>) {
    const auto row = row_of(x);
    Tensor<Result> out = result_for<Result>(x.shape(), std::forward<X>(x));
    apply_to_rows<Element<X>>(op, out, row);
    return out;
  } else {
    const TensorView<const Element<X>> in = x;
    auto out = Tensor<Result>::uninitialized(in.shape());
    apply<Element<X>>(op, out.view(), in);
    return out;
  }
}

/// A new tensor of f(x), computed element by element, with elements of type Result.
template <class Result, class Compute, class F, class X>
Tensor<Result> unary_each(const F& f, X&& x) {
  const TensorView<const Element<X>> in = x;
  Tensor<Result> out = result_for<Result>(in.shape(), std::forward<X>(x));
  apply_each<Compute>(f, out.view(), in);
  return out;
}

/// Calls run(out, a, b) with a new tensor of type Result. Its shape is the one to which both
/// operands broadcast.
template <class Result, class Run, class A, class B>
Tensor<Result> broadcast_together(std::string_view operation, const Run& run, A&& a, B&& b) {
  using T = CommonElement<A, B>;
  const auto& operand_a = as_operand<T>(a);
  const auto& operand_b = as_operand<T>(b);
  const auto left = const_view(operand_a);
  const auto right = const_view(operand_b);
  const Shape shape = broadcast_shapes(left.shape(), right.shape(), operation);
  Tensor<Result> out = result_for<Result>(shape, std::forward<A>(a), std::forward<B>(b));
  run(out.view(), left, right);
  return out;
}

/// A new tensor of op(a, b), with elements of type Result.
template <class Result, class Op, class A, class B>
Tensor<Result> binary(std::string_view operation, const Op& op, A&& a, B&& b) {
  using T = CommonElement<A, B>;
  if constexpr (WholeOperands<A, B>) {
    if (const Shape* const shape = common_shape(a, b)) {
      const auto& operand_a = as_operand<T>(a);
      const auto& operand_b = as_operand<T>(b);
      const auto left = row_of(operand_a);
      const auto right = row_of(operand_b);
      Tensor<Result> out = result_for<Result>(*shape, std::forward<A>(a), std::forward<B>(b));
      apply_to_rows<T>(op, out, left, right);
      return out;
    }
  }
  const auto run = [&op](const auto& out, const auto& left, const auto& right) {
    apply<T>(op, out, left, right);
  };
  return broadcast_together<Result>(operation, run, std::forward<A>(a), std::forward<B>(b));
}

/// A new tensor of f(a, b), computed element by element, with elements of type Result.
template <class Result, class Compute, class F, class A, class B>
Tensor<Result> binary_each(std::string_view operation, const F& f, A&& a, B&& b) {
  const auto run = [&f](const auto& out, const auto& left, const auto& right) {
    apply_each<Compute>(f, out, left, right);
  };
  return broadcast_together<Result>(operation, run, std::forward<A>(a), std::forward<B>(b));
}

/// @throws ShapeError unless the operand broadcasts to the given shape.
inline void expect_broadcast_into(const Shape& shape, const Shape& operand,
                                  std::string_view operation) {
  if (operand == shape || broadcast_shapes(shape, operand, operation) == shape) return;
  throw ShapeError(operation, ": an operand of shape ", operand,
                   " does not broadcast into the shape ", shape);
}

/// Whether writing `out` from front to back could change elements of x before they are read.
template <class X, class Out>
bool is_clobbered_by(const TensorView<const X>& x, const TensorView<const Out>& out) {
  if constexpr (!std::same_as<X, Out>) {
    return false;  // tensors of different types do not share memory
  } else {
    const bool is_same =
        x.data() == out.data() && x.shape() == out.shape() && x.strides() == out.strides();
    return !is_same && overlap(x, out);
  }
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
