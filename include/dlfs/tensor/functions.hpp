#pragma once

#include <cmath>
#include <concepts>
#include <type_traits>
#include <utility>

#include "dlfs/tensor/elementwise.hpp"

// Mathematical functions of each element, with NumPy's names.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// A new tensor of f(x), computed in vectors; see simd::apply.
template <class F, class X>
Tensor<Element<X>> function(const F& f, X&& x) {
  return unary<Element<X>>(f, std::forward<X>(x));
}

/// A new tensor of f(x), computed element by element, half types as float.
template <class F, class X>
Tensor<Element<X>> function_each(const F& f, X&& x) {
  return unary_each<Element<X>, Accumulator<Element<X>>>(f, std::forward<X>(x));
}

/// A new tensor of f(a, b), computed element by element, half types as float.
template <class F, class A, class B>
auto function_each(std::string_view operation, const F& f, A&& a, B&& b) {
  using T = CommonElement<A, B>;
  using Compute = std::conditional_t<HalfElement<T>, float, T>;
  return binary_each<T, Compute>(operation, f, std::forward<A>(a), std::forward<B>(b));
}

}  // namespace detail

/// |x|
template <detail::NumberTensor X>
auto abs(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::abs(v, out); }, std::forward<X>(x));
}

/// -1, 0 or 1; NaN for NaN.
template <detail::NumberTensor X>
auto sign(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::sign(v, out); }, std::forward<X>(x));
}

/// e^x.
template <detail::RealTensor X>
auto exp(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::exp(v, out); }, std::forward<X>(x));
}

/// exp(x) - 1, precise for small x, too.
template <detail::RealTensor X>
auto expm1(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::expm1(v, out); },
                          std::forward<X>(x));
}

/// 1 / (1 + exp(-x)), without overflow.
template <detail::RealTensor X>
auto sigmoid(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::sigmoid(v, out); },
                          std::forward<X>(x));
}

/// The natural logarithm.
template <detail::RealTensor X>
auto log(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::log(v, out); }, std::forward<X>(x));
}

/// The logarithm to base 2.
template <detail::RealTensor X>
auto log2(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::log2(v, out); }, std::forward<X>(x));
}

/// The logarithm to base 10.
template <detail::RealTensor X>
auto log10(X&& x) {
  return detail::function_each([](auto v) { return std::log10(v); }, std::forward<X>(x));
}

/// log(1 + x), precise for small x, too.
template <detail::RealTensor X>
auto log1p(X&& x) {
  return detail::function_each([](auto v) { return std::log1p(v); }, std::forward<X>(x));
}

/// The square root.
template <detail::RealTensor X>
auto sqrt(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::sqrt(v, out); }, std::forward<X>(x));
}

/// The cube root.
template <detail::RealTensor X>
auto cbrt(X&& x) {
  return detail::function_each([](auto v) { return std::cbrt(v); }, std::forward<X>(x));
}

/// 1 / x
template <detail::RealTensor X>
auto reciprocal(X&& x) {
  return 1 / std::forward<X>(x);
}

// Angles are in radians.
/// The sine.
template <detail::RealTensor X>
auto sin(X&& x) {
  return detail::function_each([](auto v) { return std::sin(v); }, std::forward<X>(x));
}
/// The cosine.
template <detail::RealTensor X>
auto cos(X&& x) {
  return detail::function_each([](auto v) { return std::cos(v); }, std::forward<X>(x));
}
/// The tangent.
template <detail::RealTensor X>
auto tan(X&& x) {
  return detail::function_each([](auto v) { return std::tan(v); }, std::forward<X>(x));
}
/// The inverse sine.
template <detail::RealTensor X>
auto arcsin(X&& x) {
  return detail::function_each([](auto v) { return std::asin(v); }, std::forward<X>(x));
}
/// The inverse cosine.
template <detail::RealTensor X>
auto arccos(X&& x) {
  return detail::function_each([](auto v) { return std::acos(v); }, std::forward<X>(x));
}
/// The inverse tangent.
template <detail::RealTensor X>
auto arctan(X&& x) {
  return detail::function_each([](auto v) { return std::atan(v); }, std::forward<X>(x));
}
/// The angle of the point (x, y), in (-pi, pi].
template <class Y, class X>
  requires(detail::RealOperands<Y, X>)
auto arctan2(Y&& y, X&& x) {
  return detail::function_each(
      "arctan2", [](auto a, auto b) { return std::atan2(a, b); }, std::forward<Y>(y),
      std::forward<X>(x));
}

/// The hyperbolic sine.
template <detail::RealTensor X>
auto sinh(X&& x) {
  return detail::function_each([](auto v) { return std::sinh(v); }, std::forward<X>(x));
}
/// The hyperbolic cosine.
template <detail::RealTensor X>
auto cosh(X&& x) {
  return detail::function_each([](auto v) { return std::cosh(v); }, std::forward<X>(x));
}
/// The hyperbolic tangent.
template <detail::RealTensor X>
auto tanh(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::tanh(v, out); }, std::forward<X>(x));
}

/// The largest integer that is at most x.
template <detail::RealTensor X>
auto floor(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::floor(v, out); },
                          std::forward<X>(x));
}

/// The smallest integer that is at least x.
template <detail::RealTensor X>
auto ceil(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::ceil(v, out); }, std::forward<X>(x));
}

/// The nearest integer; halves are rounded to the even one.
template <detail::RealTensor X>
auto round(X&& x) {
  return detail::function([](const auto& v, auto& out) { simd::round(v, out); },
                          std::forward<X>(x));
}

/// x without its fraction.
template <detail::RealTensor X>
auto trunc(X&& x) {
  return detail::function_each([](auto v) { return std::trunc(v); }, std::forward<X>(x));
}

/// a to the power of b. Integers wrap around beyond the range of their type.
/// @throws ValueError for an integer to a negative power.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto power(A&& a, B&& b) {
  using T = detail::CommonElement<A, B>;
  const auto raise = [](auto base, auto exponent) {
    if constexpr (RealElement<T>) {
      return std::pow(base, exponent);
    } else {
      if (exponent < 0) throw ValueError("power: an integer to a negative power is no integer");
      std::make_unsigned_t<Accumulator<T>> result = 1;
      auto factor = static_cast<decltype(result)>(base);
      for (auto rest = exponent; rest != 0; rest = static_cast<T>(rest / 2)) {
        if (rest % 2 != 0) result *= factor;
        factor *= factor;
      }
      return result;
    }
  };
  return detail::function_each("power", raise, std::forward<A>(a), std::forward<B>(b));
}

namespace detail {

/// floor(x / y) of the exact quotient, as in Python. It is computed from the remainder, because the
/// floor of the rounded quotient may be too large by one.
template <std::floating_point T>
T floor_quotient(T x, T y) {
  if (y == 0) return x / y;
  const T rest = std::fmod(x, y);
  T quotient = (x - rest) / y;  // an integer, except for rounding
  if (rest != 0 && (rest < 0) != (y < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(T(0), x / y);
  const T below = std::floor(quotient);
  return quotient - below > T(0.5) ? below + 1 : below;
}

}  // namespace detail

/// a // b: the floor of the exact quotient, so that a = b (a // b) + remainder(a, b), except for
/// rounding. For real numbers: 1 // 0.1 is 9, because 0.1 is stored as slightly more than a tenth,
/// and -5 // inf is -1. An integer divided by zero gives 0, as in NumPy.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto floor_divide(A&& a, B&& b) {
  const auto divide = []<class T>(T x, T y) -> T {
    if constexpr (std::floating_point<T>) {
      return detail::floor_quotient(x, y);
    } else {
      if (y == 0) return 0;
      if constexpr (std::signed_integral<T>) {
        if (y == -1) return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(x));
      }
      const auto quotient = x / y;
      return static_cast<T>(x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient);
    }
  };
  return detail::function_each("floor_divide", divide, std::forward<A>(a), std::forward<B>(b));
}

/// The remainder of a / b, with the sign of b: a - b floor(a / b). An integer divided by zero
/// leaves 0, as in NumPy.
template <class A, class B>
  requires(detail::NumberOperands<A, B>)
auto remainder(A&& a, B&& b) {
  const auto modulo = []<class T>(T x, T y) -> T {
    if constexpr (std::floating_point<T>) {
      const T rest = std::fmod(x, y);
      if (rest == 0) return std::copysign(rest, y);
      return (rest < 0) != (y < 0) ? rest + y : rest;
    } else {
      if (y == 0) return 0;
      if constexpr (std::signed_integral<T>) {
        if (y == -1) return 0;
      }
      const auto rest = x % y;
      return static_cast<T>(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest);
    }
  };
  return detail::function_each("remainder", modulo, std::forward<A>(a), std::forward<B>(b));
}

/// Where x is not a number.
template <detail::RealTensor X>
auto isnan(const X& x) {
  return detail::unary<bool>([](const auto& v, auto& out) { out = v != v; }, x);
}

/// Where x is infinite.
template <detail::RealTensor X>
auto isinf(const X& x) {
  return detail::unary<bool>([](const auto& v, auto& out) { simd::isinf(v, out); }, x);
}

/// Neither infinite nor NaN.
template <detail::RealTensor X>
auto isfinite(const X& x) {
  return detail::unary<bool>([]<class V>(const V& v, auto& out) { out = v - v == V{}; }, x);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
