#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#include "dlfs/simd/vector_math.hpp"
#include "dlfs/tensor/apply.hpp"

// Elementwise operations with NumPy's broadcasting: shapes are aligned at the last axis, and an
// extent of 1 is repeated. An operand is a tensor, a view with any strides, or a number. Tensors of
// two element types give the `Promoted` type; a number takes the type of the tensor beside it. The
// result reuses the memory of an expiring tensor of its type and shape, so that a * 2 + b allocates
// one new tensor. All throw ShapeError if the shapes do not broadcast.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

// The operations, on vectors of one element type or on single elements; see simd::apply. Integers
// wrap around beyond the range of their type, as in NumPy.
struct Same {
  DLFS_INLINE void operator()(const auto& x, auto& out) const { out = x; }
};
struct Add {
  template <class V>
  DLFS_INLINE void operator()(const V& a, const V& b, V& out) const {
    simd::detail::wrap_around([](const auto& x, const auto& y, auto& result)
                                  DLFS_INLINE_LAMBDA { result = x + y; },
                              out, a, b);
  }
};
struct Subtract {
  template <class V>
  DLFS_INLINE void operator()(const V& a, const V& b, V& out) const {
    simd::detail::wrap_around([](const auto& x, const auto& y, auto& result)
                                  DLFS_INLINE_LAMBDA { result = x - y; },
                              out, a, b);
  }
};
struct Multiply {
  template <class V>
  DLFS_INLINE void operator()(const V& a, const V& b, V& out) const {
    simd::detail::wrap_around([](const auto& x, const auto& y, auto& result)
                                  DLFS_INLINE_LAMBDA { result = x * y; },
                              out, a, b);
  }
};
struct Divide {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const { out = a / b; }
};
struct Maximum {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const {
    simd::maximum(a, b, out);
  }
};
struct Minimum {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const {
    simd::minimum(a, b, out);
  }
};
struct Less {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const { out = a < b; }
};
struct LessEqual {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const { out = a <= b; }
};
struct Equal {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const { out = a == b; }
};
struct NotEqual {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const { out = a != b; }
};
struct IsNotZero {
  template <class V>
  DLFS_INLINE void operator()(const V& x, auto& out) const {
    out = x != V{};
  }
};
struct Negate {
  template <class V>
  DLFS_INLINE void operator()(const V& x, V& out) const {
    simd::detail::wrap_around([](const auto& v, auto& result) DLFS_INLINE_LAMBDA { result = -v; },
                              out, x);
  }
};
struct Square {
  template <class V>
  DLFS_INLINE void operator()(const V& x, V& out) const {
    simd::detail::wrap_around(
        [](const auto& v, auto& result) DLFS_INLINE_LAMBDA { result = v * v; }, out, x);
  }
};
struct Select {
  template <class V>
  DLFS_INLINE void operator()(const V& condition, const V& a, const V& b, V& out) const {
    out = condition != V{} ? a : b;
  }
  template <class V>
  DLFS_INLINE void operator()(const V& condition, const V& a, const V& b, auto& mask) const {
    mask = (condition != V{} ? a : b) != V{};
  }
};
template <class T>
struct Clip {
  T low;
  T high;
  template <class V>
  DLFS_INLINE void operator()(const V& x, V& out) const {
    const V least = V{} + low;
    const V most = V{} + high;
    V above;
    Maximum()(x, least, above);
    Minimum()(above, most, out);
  }
};

}  // namespace detail

/// A dense copy of x.
template <AnyTensor X>
Tensor<Element<X>> copy(const X& x) {
  const TensorView<const Element<X>> in = x;
  auto out = Tensor<Element<X>>::uninitialized(in.shape());
  detail::copy_elements(in, out.view());
  return out;
}

/// Converts every element like static_cast. A value outside the range of U becomes unspecified.
template <class U, AnyTensor X>
Tensor<U> cast(const X& x) {
  if constexpr (std::same_as<U, Element<X>>) {
    return copy(x);
  } else if constexpr (std::same_as<U, bool>) {
    return detail::unary<U>(detail::IsNotZero(), x);
  } else {
    return detail::unary<U>(detail::Same(), x);
  }
}

/// Writes x, a tensor or a number, broadcast to the shape of `out`, to `out`. They may overlap.
/// Numbers are converted, except real numbers to integers: use `cast` for that.
template <class A, class B>
  requires(detail::OperandInto<A, B>)
void assign(A&& out, const B& x) {
  using T = Element<A>;
  if constexpr (std::same_as<A, Tensor<T>&> && std::same_as<B, Tensor<T>>) {
    if (out.shape() == x.shape()) {  // the usual case; tensors never overlap, so it is a plain copy
      return detail::copy_dense(x.size(), x.data(), out.data());
    }
  }
  const TensorView<T> to = out;
  const auto& operand = detail::as_operand<T>(x);
  const auto from = const_view(operand);
  if (detail::is_clobbered_by(from, const_view(to))) return assign(to, copy(from));
  detail::expect_broadcast_into(to.shape(), from.shape(), "assign");
  if constexpr (std::same_as<Element<decltype(from)>, T>) {
    detail::copy_elements(from, to);
  } else {
    detail::apply<Element<decltype(from)>>(detail::Same(), to, from);
  }
}

namespace detail {

/// out = op(out, x), with x broadcast to the shape of `out`. They may overlap.
template <class Op, class A, class B>
A update(std::string_view operation, const Op& op, A&& out, const B& x) {
  using T = Element<A>;
  const auto& operand = as_operand<T>(x);
  if constexpr (WholeOperands<A, B>) {
    if (common_shape(out, x) != nullptr) {
      apply_to_rows<CommonElement<A, B>>(op, out, row_of(out), row_of(operand));
      return std::forward<A>(out);
    }
  }
  const TensorView<T> to = out;
  const auto from = const_view(operand);
  if (is_clobbered_by(from, const_view(to))) {
    update(operation, op, to, copy(from));
  } else {
    expect_broadcast_into(to.shape(), from.shape(), operation);
    apply<CommonElement<A, B>>(op, to, const_view(to), from);
  }
  return std::forward<A>(out);
}

}  // namespace detail

/// a + b, element by element.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator+(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("add", detail::Add(), std::forward<A>(a),
                                                     std::forward<B>(b));
}
/// a - b, element by element.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator-(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("subtract", detail::Subtract(),
                                                     std::forward<A>(a), std::forward<B>(b));
}
/// a b, element by element; `matmul` is the product of matrices.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator*(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("multiply", detail::Multiply(),
                                                     std::forward<A>(a), std::forward<B>(b));
}
/// For real numbers only, because C++ and NumPy disagree about the quotient of integers.
template <class A, class B>
  requires(detail::RealOperands<A, B>)
auto operator/(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("divide", detail::Divide(), std::forward<A>(a),
                                                     std::forward<B>(b));
}

// Changes a tensor or a view in place. The right operand is broadcast, and may overlap the left.
/// Adds b to a.
template <class A, class B>
  requires(detail::OperandInto<A, B>&& detail::NumberOperands<A, B>)
A operator+=(A&& a, const B& b) {
  return detail::update("add", detail::Add(), std::forward<A>(a), b);
}
/// Subtracts b from a.
template <class A, class B>
  requires(detail::OperandInto<A, B>&& detail::NumberOperands<A, B>)
A operator-=(A&& a, const B& b) {
  return detail::update("subtract", detail::Subtract(), std::forward<A>(a), b);
}
/// Multiplies a by b, element by element.
template <class A, class B>
  requires(detail::OperandInto<A, B>&& detail::NumberOperands<A, B>)
A operator*=(A&& a, const B& b) {
  return detail::update("multiply", detail::Multiply(), std::forward<A>(a), b);
}
/// Divides a by b, element by element.
template <class A, class B>
  requires(detail::OperandInto<A, B>&& detail::RealOperands<A, B>)
A operator/=(A&& a, const B& b) {
  return detail::update("divide", detail::Divide(), std::forward<A>(a), b);
}

/// The larger of each pair of elements; NaN if either is NaN. For 0 and -0, either of the two.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto maximum(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("maximum", detail::Maximum(),
                                                     std::forward<A>(a), std::forward<B>(b));
}
/// The smaller of each pair of elements; NaN if either is NaN. For 0 and -0, either of the two.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto minimum(A&& a, B&& b) {
  return detail::binary<detail::CommonElement<A, B>>("minimum", detail::Minimum(),
                                                     std::forward<A>(a), std::forward<B>(b));
}

// Comparisons give tensors of bool. Equality is a function, `equal`, as == should give one bool.
/// Where a < b.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator<(const A& a, const B& b) {
  return detail::binary<bool>("less", detail::Less(), a, b);
}
/// Where a <= b.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator<=(const A& a, const B& b) {
  return detail::binary<bool>("less_equal", detail::LessEqual(), a, b);
}
/// Where a > b.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator>(const A& a, const B& b) {
  return detail::binary<bool>("greater", detail::Less(), b, a);
}
/// Where a >= b.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto operator>=(const A& a, const B& b) {
  return detail::binary<bool>("greater_equal", detail::LessEqual(), b, a);
}
/// Where a == b.
template <class A, class B>
  requires(detail::Operands<A, B>)
auto equal(const A& a, const B& b) { return detail::binary<bool>("equal", detail::Equal(), a, b); }
/// Where a != b.
template <class A, class B>
  requires(detail::Operands<A, B>)
auto not_equal(const A& a, const B& b) {
  return detail::binary<bool>("not_equal", detail::NotEqual(), a, b);
}

/// -x
template <AnyTensor X>
  requires(NumberElement<Element<X>>)
auto operator-(X&& x) { return detail::unary<Element<X>>(detail::Negate(), std::forward<X>(x)); }
/// x^2
template <AnyTensor X>
  requires(NumberElement<Element<X>>)
auto square(X&& x) { return detail::unary<Element<X>>(detail::Square(), std::forward<X>(x)); }

/// min(max(x, low), high)
template <AnyTensor X>
  requires(NumberElement<Element<X>>)
auto clip(X&& x, std::type_identity_t<Element<X>> low, std::type_identity_t<Element<X>> high) {
  using Limit = simd::RegisterElement<Element<X>>;
  return detail::unary<Element<X>>(
      detail::Clip<Limit>{static_cast<Limit>(low), static_cast<Limit>(high)}, std::forward<X>(x));
}

/// a where the condition is true, else b.
template <AnyTensor C, class A, class B>
  requires(detail::Operands<A, B>)
auto where(const C& condition, const A& a, const B& b) {
  static_assert(std::is_same_v<Element<C>, bool>, "where: the condition is a tensor of bool");
  using T = detail::CommonElement<A, B>;
  const auto& operand_a = detail::as_operand<T>(a);
  const auto& operand_b = detail::as_operand<T>(b);
  const TensorView<const bool> choice = condition;
  const auto left = const_view(operand_a);
  const auto right = const_view(operand_b);
  const Shape shape = broadcast_shapes(
      choice.shape(), broadcast_shapes(left.shape(), right.shape(), "where"), "where");
  auto out = Tensor<T>::uninitialized(shape);
  detail::apply<T>(detail::Select(), out.view(), choice, left, right);
  return out;
}

/// f(x[i]) for every element, where f takes one number: NumPy's vectorize.
template <AnyTensor X, class F>
auto vectorize(X&& x, F f) {
  using T = Element<X>;
  using Result = std::decay_t<std::invoke_result_t<F&, const T&>>;
  return detail::unary_each<Result, T>(f, std::forward<X>(x));
}

/// f(a[i], b[i]) for every pair of elements, broadcast, where f takes two numbers of one type.
template <AnyTensor A, AnyTensor B, class F>
auto vectorize(A&& a, B&& b, F f) {
  using T = detail::CommonElement<A, B>;
  using Result = std::decay_t<std::invoke_result_t<F&, const T&, const T&>>;
  return detail::binary_each<Result, T>("map", f, std::forward<A>(a), std::forward<B>(b));
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
