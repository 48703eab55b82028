#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/math/element.hpp"
#include "dlfs/math/loop_nest.hpp"

// Elementwise operations with NumPy's broadcasting: shapes are aligned at the last axis, and an
// extent of 1 is repeated. An operand is a tensor, a view with any strides, or a number, and all
// tensors of an operation have the same element type. An expiring tensor of the result's shape
// lends its memory to the result. All throw ShapeError where the shapes do not broadcast.

namespace dlfs {

namespace detail {

/// One operand along the innermost loop.
template <class T>
struct Row {
  T* data;
  Index stride;
};

/// Elements with gaps between them, moved together so that Eigen can work on whole packets.
template <class T>
class PackedElements {
 public:
  static constexpr Index capacity = 512;

  PackedElements() {}  // leaves the values uninitialised

  T* data() { return values_; }

  /// `count` elements of the row from `first` on: those of the row itself where it is dense.
  const T* load(Row<const T> row, Index first, Index count) {
    const T* in = row.data + first * row.stride;
    if (row.stride == 1) return in;
    for (Index i = 0; i < count; ++i) values_[i] = in[i * row.stride];
    return values_;
  }

  void store(Row<T> row, Index first, Index count) const {
    T* out = row.data + first * row.stride;
    for (Index i = 0; i < count; ++i) out[i * row.stride] = values_[i];
  }

 private:
  alignas(alignment) T values_[capacity];
};

template <class T>
ArrayMap<T> array_at(T* data, Index size) {
  return {data, size};
}

/// out[i] = op(in[i]...) for rows of any strides.
template <class Op, class Out, class... In>
void apply_to_any_row(const Op& op, Index size, Row<Out> out, Row<const In>... in) {
  if (out.stride == 1 && ((in.stride == 1) && ...)) {
    array_at(out.data, size) = op(array_at(in.data, size)...);
    return;
  }
  PackedElements<Out> packed_out;
  std::tuple<PackedElements<In>...> packed_in;
  for (Index first = 0; first < size; first += PackedElements<Out>::capacity) {
    const Index count = std::min(PackedElements<Out>::capacity, size - first);
    Out* const target = out.stride == 1 ? out.data + first : packed_out.data();
    std::apply(
        [&](auto&... packed) {
          array_at(target, count) = op(array_at(packed.load(in, first, count), count)...);
        },
        packed_in);
    if (out.stride != 1) packed_out.store(out, first, count);
  }
}

struct Identity {
  auto operator()(const auto& x) const { return x; }
};

/// A copy needs no packets: gaps are skipped in one pass.
template <class T>
void apply_to_row(const Identity&, Index size, Row<T> out, Row<const T> in) {
  if (out.stride == 1 && in.stride == 1) {
    std::copy_n(in.data, size, out.data);
  } else if (out.stride == 1 && in.stride == 0) {
    array_at(out.data, size).setConstant(*in.data);
  } else if (in.stride == 0) {
    const T value = *in.data;
    for (Index i = 0; i < size; ++i) out.data[i * out.stride] = value;
  } else {
    for (Index i = 0; i < size; ++i) out.data[i * out.stride] = in.data[i * in.stride];
  }
}

template <class Op, class Out, class... In>
void apply_to_row(const Op& op, Index size, Row<Out> out, Row<const In>... in) {
  apply_to_any_row(op, size, out, in...);
}

/// Of two operands, one may stay the same along the row, and is then kept in a register.
template <class Op, class Out, class A, class B>
void apply_to_row(const Op& op, Index size, Row<Out> out, Row<const A> a, Row<const B> b) {
  using Eigen::Array;
  using Eigen::Dynamic;
  if (out.stride == 1 && a.stride == 1 && b.stride == 0) {
    array_at(out.data, size) =
        op(array_at(a.data, size), Array<B, Dynamic, 1>::Constant(size, *b.data));
  } else if (out.stride == 1 && a.stride == 0 && b.stride == 1) {
    array_at(out.data, size) =
        op(Array<A, Dynamic, 1>::Constant(size, *a.data), array_at(b.data, size));
  } else {
    apply_to_any_row(op, size, out, a, b);
  }
}

template <std::size_t... i, class Op, class Out, class... In>
void apply_to_rows(std::index_sequence<i...>, const Op& op, TensorView<Out> out,
                   TensorView<const In>... in) {
  const LoopNest<1 + sizeof...(In)> nest(out.shape(), {out.strides(), in.strides()...});
  const auto& strides = nest.row_strides();
  nest.for_each_row([&](const auto& offsets) {
    apply_to_row(op, nest.row_extent(), Row<Out>{out.data() + offsets[0], strides[0]},
                 Row<const In>{in.data() + offsets[1 + i], strides[1 + i]}...);
  });
}

/// out = op(in...), where all have one shape. `op` maps Eigen array expressions to another; it
/// never sees single elements. The memory of `out` may be that of an operand of equal strides.
template <class Op, class Out, class... In>
void apply(const Op& op, TensorView<Out> out, TensorView<const In>... in) {
  if (!out.empty()) apply_to_rows(std::index_sequence_for<In...>(), op, out, in...);
}

/// A number as an operand: a tensor of rank 0.
template <class T>
struct ScalarOperand {
  T value;
  operator TensorView<const T>() const { return {&value, Shape{}}; }
};

/// Numbers that stand beside tensors of T. A fraction beside integers would lose what it says.
template <class S, class T>
constexpr bool is_scalar_for = std::is_same_v<S, T> ||
                               (std::is_arithmetic_v<S> && NumberElement<T> &&
                                (std::is_integral_v<S> || !std::is_integral_v<T>));

template <class X, class T>
constexpr bool is_operand_of = is_scalar_for<std::remove_cvref_t<X>, T>;
template <AnyTensor X, class T>
constexpr bool is_operand_of<X, T> = std::is_same_v<Element<X>, T>;

template <class A, class B>
using CommonElement = Element<std::conditional_t<AnyTensor<A>, A, B>>;

/// Two operands of one operation, at least one of them a tensor.
template <class A, class B>
concept Operands = is_operand_of<A, CommonElement<A, B>> && is_operand_of<B, CommonElement<A, B>>;

template <class A, class B>
concept NumberOperands = Operands<A, B> && NumberElement<CommonElement<A, B>>;

template <class A, class B>
concept RealOperands = Operands<A, B> && RealElement<CommonElement<A, B>>;

/// What can be written to: a tensor that is not const and does not expire, or a view that writes.
template <class X>
concept WritableTensor = AnyTensor<X> && std::convertible_to<X, TensorView<Element<X>>>;

template <class A, class B>
concept NumberOperandsInto = NumberElement<Element<A>> && is_operand_of<B, Element<A>>;

template <class A, class B>
concept RealOperandsInto = RealElement<Element<A>> && is_operand_of<B, Element<A>>;

template <class T, class X>
auto as_operand(const X& x) {
  if constexpr (AnyTensor<X>) {
    return TensorView<const T>(x);
  } else {
    return ScalarOperand<T>{static_cast<T>(x)};
  }
}

/// The memory of the first expiring operand that fits, else new memory.
template <class T, class First, class... Others>
Tensor<T> result_for(const Shape& shape, First&& first, Others&&... others) {
  if constexpr (std::same_as<First, Tensor<T>>) {
    if (first.shape() == shape) return std::move(first);
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
  const TensorView<const Element<X>> in = x;
  Tensor<Result> out = result_for<Result>(in.shape(), std::forward<X>(x));
  apply(op, out.view(), in);
  return out;
}

/// A new tensor of op(a, b), with elements of type Result.
template <class Result, class Op, class A, class B>
Tensor<Result> binary(std::string_view operation, const Op& op, A&& a, B&& b) {
  using T = CommonElement<A, B>;
  const auto operand_a = as_operand<T>(a);
  const auto operand_b = as_operand<T>(b);
  const TensorView<const T> left = operand_a;
  const TensorView<const T> right = operand_b;
  const Shape shape = broadcast_shapes(left.shape(), right.shape(), operation);
  Tensor<Result> out = result_for<Result>(shape, std::forward<A>(a), std::forward<B>(b));
  apply(op, out.view(), left.broadcast_to(shape), right.broadcast_to(shape));
  return out;
}

template <class T>
TensorView<const T> broadcast_into(const Shape& shape, TensorView<const T> x,
                                   std::string_view operation) {
  if (broadcast_shapes(shape, x.shape(), operation) != shape) {
    throw ShapeError(concat(operation, ": an operand of shape ", x.shape(),
                            " does not broadcast into the shape ", shape));
  }
  return x.broadcast_to(shape);
}

/// Whether the memory from the lowest to the highest element of two views overlaps.
template <class T>
bool overlap(TensorView<const T> a, TensorView<const T> b) {
  if (a.empty() || b.empty()) return false;
  const auto address_range = [](TensorView<const T> view) {
    const T* low = view.data();
    const T* high = view.data();
    for (int axis = 0; axis < view.rank(); ++axis) {
      const Index reach = (view.extent(axis) - 1) * view.stride(axis);
      (reach < 0 ? low : high) += reach;
    }
    return std::pair(reinterpret_cast<std::uintptr_t>(low), reinterpret_cast<std::uintptr_t>(high));
  };
  const auto [a_low, a_high] = address_range(a);
  const auto [b_low, b_high] = address_range(b);
  return a_low <= b_high && b_low <= a_high;
}

/// Whether writing to `out` from front to back could change elements of x before they are read.
template <class T>
bool is_clobbered_by(TensorView<const T> x, TensorView<const T> out) {
  const bool is_same =
      x.data() == out.data() && x.shape() == out.shape() && x.strides() == out.strides();
  return !is_same && overlap(x, out);
}

// The operations, on Eigen's array expressions.
struct Add {
  auto operator()(const auto& a, const auto& b) const { return a + b; }
};
struct Subtract {
  auto operator()(const auto& a, const auto& b) const { return a - b; }
};
struct Multiply {
  auto operator()(const auto& a, const auto& b) const { return a * b; }
};
struct Divide {
  auto operator()(const auto& a, const auto& b) const { return a / b; }
};
struct Maximum {
  template <class A>
  auto operator()(const A& a, const auto& b) const {
    using T = typename A::Scalar;
    return a.binaryExpr(b, Eigen::internal::scalar_max_op<T, T, Eigen::PropagateNaN>());
  }
};
struct Minimum {
  template <class A>
  auto operator()(const A& a, const auto& b) const {
    using T = typename A::Scalar;
    return a.binaryExpr(b, Eigen::internal::scalar_min_op<T, T, Eigen::PropagateNaN>());
  }
};
struct Less {
  auto operator()(const auto& a, const auto& b) const { return a < b; }
};
struct LessEqual {
  auto operator()(const auto& a, const auto& b) const { return a <= b; }
};
struct Equal {
  auto operator()(const auto& a, const auto& b) const { return a == b; }
};
struct NotEqual {
  auto operator()(const auto& a, const auto& b) const { return a != b; }
};
struct Negate {
  auto operator()(const auto& x) const { return -x; }
};
struct Exp {
  auto operator()(const auto& x) const { return x.exp(); }
};
struct Log {
  auto operator()(const auto& x) const { return x.log(); }
};
struct Sqrt {
  auto operator()(const auto& x) const { return x.sqrt(); }
};
struct Abs {
  auto operator()(const auto& x) const { return x.abs(); }
};
struct Square {
  auto operator()(const auto& x) const { return x.square(); }
};
struct Tanh {
  auto operator()(const auto& x) const { return x.tanh(); }
};
struct Select {
  auto operator()(const auto& condition, const auto& a, const auto& b) const {
    return condition.select(a, b);
  }
};
template <class T>
struct Clip {
  T low;
  T high;
  template <class X>
  auto operator()(const X& x) const {
    const auto constant = [&](T value) { return X::PlainObject::Constant(x.size(), value); };
    return Minimum()(Maximum()(x, constant(low)), constant(high));
  }
};
template <class U>
struct Cast {
  auto operator()(const auto& x) const { return x.template cast<U>(); }
};
template <class F>
struct Map {
  F f;
  auto operator()(const auto& x) const { return x.unaryExpr(f); }
};

}  // namespace detail

/// A dense tensor of the elements of x.
template <AnyTensor X>
Tensor<Element<X>> copy(const X& x) {
  return detail::unary<Element<X>>(detail::Identity(), x);
}

/// Writes x, a tensor or a number, broadcast to the shape of `out`, to `out`. They may overlap.
template <detail::WritableTensor A, class B>
  requires(detail::is_operand_of<B, Element<A>>)
void assign(A&& out, const B& x) {
  using T = Element<A>;
  const TensorView<T> to = out;
  const auto operand = detail::as_operand<T>(x);
  const TensorView<const T> from = operand;
  if (detail::is_clobbered_by<T>(from, to)) return assign(to, copy(from));
  detail::apply(detail::Identity(), to, detail::broadcast_into(to.shape(), from, "assign"));
}

namespace detail {

/// out = op(out, x), with x broadcast to the shape of `out`. They may overlap.
template <class Op, class T>
void update(std::string_view operation, const Op& op, TensorView<T> out, TensorView<const T> x) {
  if (is_clobbered_by<T>(x, out)) return update(operation, op, out, const_view(copy(x)));
  apply(op, out, TensorView<const T>(out), broadcast_into(out.shape(), x, operation));
}

template <class Op, class A, class B>
A update_operand(std::string_view operation, const Op& op, A&& out, const B& x) {
  using T = Element<A>;
  const auto operand = as_operand<T>(x);
  update<Op, T>(operation, op, out, operand);
  return std::forward<A>(out);
}

}  // namespace detail

template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator+(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("add", detail::Add(), std::forward<A>(a),
                                                     std::forward<B>(b));
}
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator-(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("subtract", detail::Subtract(),
                                                     std::forward<A>(a), std::forward<B>(b));
}
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator*(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("multiply", detail::Multiply(),
                                                     std::forward<A>(a), std::forward<B>(b));
}
/// For real numbers only: C++ and NumPy disagree on what integers give.
template <class A, class B>
  requires(detail::RealOperands<A, B>)
auto operator/(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("divide", detail::Divide(), std::forward<A>(a),
                                                     std::forward<B>(b));
}

// In place, into a tensor or a view. The right operand is broadcast, and may overlap the left one.
template <detail::WritableTensor A, class B>
  requires(detail::NumberOperandsInto<A, B>)
A operator+=(A&& a, const B& b) {
  return detail::update_operand("add", detail::Add(), std::forward<A>(a), b);
}
template <detail::WritableTensor A, class B>
  requires(detail::NumberOperandsInto<A, B>)
A operator-=(A&& a, const B& b) {
  return detail::update_operand("subtract", detail::Subtract(), std::forward<A>(a), b);
}
template <detail::WritableTensor A, class B>
  requires(detail::NumberOperandsInto<A, B>)
A operator*=(A&& a, const B& b) {
  return detail::update_operand("multiply", detail::Multiply(), std::forward<A>(a), b);
}
template <detail::WritableTensor A, class B>
  requires(detail::RealOperandsInto<A, B>)
A operator/=(A&& a, const B& b) {
  return detail::update_operand("divide", detail::Divide(), std::forward<A>(a), b);
}

/// The larger of each pair of elements; NaN where either is NaN.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto maximum(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("maximum", detail::Maximum(),
                                                     std::forward<A>(a), std::forward<B>(b));
}
/// The smaller of each pair of elements; NaN where either is NaN.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto minimum(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("minimum", detail::Minimum(),
                                                     std::forward<A>(a), std::forward<B>(b));
}

// Comparisons give tensors of bool. Equality is a function, as == asks whether two things are one.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator<(const A& a, const B& b) {
  return detail::binary<bool>("less", detail::Less(), a, b);
}
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator<=(const A& a, const B& b) {
  return detail::binary<bool>("less_equal", detail::LessEqual(), a, b);
}
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator>(const A& a, const B& b) {
  return detail::binary<bool>("greater", detail::Less(), b, a);
}
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator>=(const A& a, const B& b) {
  return detail::binary<bool>("greater_equal", detail::LessEqual(), b, a);
}
template <class A, class B>
  requires(detail::Operands<A, B>)
auto equal(const A& a, const B& b) { return detail::binary<bool>("equal", detail::Equal(), a, b); }
template <class A, class B>
  requires(detail::Operands<A, B>)
auto not_equal(const A& a, const B& b) {
  return detail::binary<bool>("not_equal", detail::NotEqual(), a, b);
}

/// -x
template <AnyTensor X>
  requires(NumberElement<Element<X>>)
auto operator-(X&& x) { return detail::unary<Element<X>>(detail::Negate(), std::forward<X>(x)); }
/// |x|
template <AnyTensor X>
  requires(NumberElement<Element<X>>)
auto abs(X&& x) { return detail::unary<Element<X>>(detail::Abs(), std::forward<X>(x)); }
/// x^2
template <AnyTensor X>
  requires(NumberElement<Element<X>>)
auto square(X&& x) { return detail::unary<Element<X>>(detail::Square(), std::forward<X>(x)); }
template <AnyTensor X>
  requires(RealElement<Element<X>>)
auto exp(X&& x) { return detail::unary<Element<X>>(detail::Exp(), std::forward<X>(x)); }
/// The natural logarithm.
template <AnyTensor X>
  requires(RealElement<Element<X>>)
auto log(X&& x) { return detail::unary<Element<X>>(detail::Log(), std::forward<X>(x)); }
template <AnyTensor X>
  requires(RealElement<Element<X>>)
auto sqrt(X&& x) { return detail::unary<Element<X>>(detail::Sqrt(), std::forward<X>(x)); }
template <AnyTensor X>
  requires(RealElement<Element<X>>)
auto tanh(X&& x) { return detail::unary<Element<X>>(detail::Tanh(), std::forward<X>(x)); }

/// min(max(x, low), high)
template <AnyTensor X>
  requires(NumberElement<Element<X>>)
auto clip(X&& x, std::type_identity_t<Element<X>> low, std::type_identity_t<Element<X>> high) {
  return detail::unary<Element<X>>(detail::Clip<Element<X>>{low, high}, std::forward<X>(x));
}

/// a where the condition holds, else b.
template <AnyTensor C, class A, class B>
  requires(detail::Operands<A, B>)
auto where(const C& condition, const A& a, const B& b) {
  static_assert(std::is_same_v<Element<C>, bool>, "where: the condition is a tensor of bool");
  using T = detail::CommonElement<A, B>;
  const auto operand_a = detail::as_operand<T>(a);
  const auto operand_b = detail::as_operand<T>(b);
  const TensorView<const bool> choice = condition;
  const TensorView<const T> left = operand_a;
  const TensorView<const T> right = operand_b;
  const Shape shape = broadcast_shapes(
      choice.shape(), broadcast_shapes(left.shape(), right.shape(), "where"), "where");
  auto out = Tensor<T>::uninitialized(shape);
  detail::apply(detail::Select(), out.view(), choice.broadcast_to(shape), left.broadcast_to(shape),
                right.broadcast_to(shape));
  return out;
}

/// Every element converted as static_cast does; what U cannot hold is unspecified.
template <class U, AnyTensor X>
Tensor<U> cast(const X& x) {
  return detail::unary<U>(detail::Cast<U>(), x);
}

/// f(x[i]) for every element, by a function of one number.
template <AnyTensor X, class F>
auto map(X&& x, F f) {
  using Result = std::decay_t<std::invoke_result_t<F&, const Element<X>&>>;
  return detail::unary<Result>(detail::Map<F>{std::move(f)}, std::forward<X>(x));
}

}  // namespace dlfs
