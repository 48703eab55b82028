#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "dlfs/core/element.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// The signed integer of `bytes` bytes.
template <std::size_t bytes>
using SignedInteger = std::conditional_t<
    bytes == 1, std::int8_t,
    std::conditional_t<bytes == 2, std::int16_t,
                       std::conditional_t<bytes == 4, std::int32_t, std::int64_t>>>;

template <class T>
concept HalfElement = std::same_as<T, Eigen::half> || std::same_as<T, Eigen::bfloat16>;

/// The smallest real type, at least Real, that NumPy uses for all integers of type I.
template <class Real, class I>
constexpr auto real_beside_integer() {
  if constexpr (sizeof(I) * 2 <= sizeof(Real) || std::same_as<I, bool>) {
    return Real{};
  } else if constexpr (sizeof(I) <= 2) {
    return float{};
  } else {
    return double{};
  }
}

template <class A, class B>
constexpr auto promote() {
  if constexpr (std::same_as<A, B> || std::same_as<B, bool>) {
    return A{};
  } else if constexpr (std::same_as<A, bool>) {
    return B{};
  } else if constexpr (RealElement<A> && RealElement<B>) {
    if constexpr (HalfElement<A> && HalfElement<B>) {
      return float{};
    } else {
      return std::conditional_t<(sizeof(A) > sizeof(B)), A, B>{};
    }
  } else if constexpr (RealElement<A>) {
    return real_beside_integer<A, B>();
  } else if constexpr (RealElement<B>) {
    return real_beside_integer<B, A>();
  } else if constexpr (std::is_signed_v<A> == std::is_signed_v<B>) {
    return std::conditional_t<(sizeof(A) > sizeof(B)), A, B>{};
  } else {
    using Signed = std::conditional_t<std::is_signed_v<A>, A, B>;
    using Unsigned = std::conditional_t<std::is_signed_v<A>, B, A>;
    if constexpr (sizeof(Signed) > sizeof(Unsigned)) {
      return Signed{};
    } else if constexpr (sizeof(Unsigned) < 8) {
      return SignedInteger<2 * sizeof(Unsigned)>{};
    } else {
      return double{};
    }
  }
}

}  // namespace detail

/// The element type of an operation on tensors of A and B; NumPy's `promote_types`.
///
///   bool and any type: that type;
///   two integers of the same signedness, or two real types: the wider (half and bfloat16: float);
///   an unsigned and a signed integer: a signed integer that holds both, or else double;
///   an integer and a real type: the smallest real type that is at least that real type and has at
///   least twice the integer's bytes. int8 and half give half, int16 and float give float, int and
///   float give double.
template <class A, class B>
using Promoted = decltype(detail::promote<A, B>());

}  // namespace dlfs
DLFS_STRICT_MATH_END
