#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "dlfs/core/eigen.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Elements that store a real number: float, double, half and bfloat16.
template <class T>
concept RealElement =
    std::floating_point<T> || std::same_as<T, Eigen::half> || std::same_as<T, Eigen::bfloat16>;

/// Elements with arithmetic: real numbers and integers, but not bool.
template <class T>
concept NumberElement = (std::integral<T> && !std::same_as<T, bool>) || RealElement<T>;

namespace detail {

template <class X>
concept NumberTensor = AnyTensor<X> && NumberElement<Element<X>>;
template <class X>
concept RealTensor = AnyTensor<X> && RealElement<Element<X>>;

template <class T>
constexpr auto accumulator_of() {
  if constexpr (std::same_as<T, bool> || std::signed_integral<T>) {
    return std::int64_t{};
  } else if constexpr (std::unsigned_integral<T>) {
    return std::uint64_t{};
  } else if constexpr (std::floating_point<T>) {
    return T{};
  } else {
    return float{};
  }
}

}  // namespace detail

/// The type in which sums are computed: float for half types, 64 bits for integers (bool counts as
/// 0 and 1).
template <class T>
using Accumulator = decltype(detail::accumulator_of<T>());

}  // namespace dlfs
DLFS_STRICT_MATH_END
