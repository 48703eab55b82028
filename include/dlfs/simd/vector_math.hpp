#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>
#include <utility>

#include "dlfs/simd/level.hpp"
#include "dlfs/simd/multiply_add.hpp"
#include "dlfs/simd/wrap_around.hpp"

// Functions of each lane of a vector, for the formulas that simd::map runs. V may also be a single
// element, which is passed to the standard library. Results are within 2 units in the last place (3
// for log, log2, tanh and sigmoid, 4 for expm1). Infinities, NaN of any payload, zeros and denormal
// numbers give the correct results. `out` must not be the operand.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd {

namespace detail {

/// Integers of the width of the elements: the type of a comparison's result.
template <class V>
using BitsOf = decltype(std::declval<V&>() < std::declval<V&>());

/// The same without a sign. What is added up here may be beyond the range of the integers where a
/// selection drops the result afterwards.
template <class V>
using UnsignedBitsOf = typename Wrapping<BitsOf<V>>::type;

/// Adding this number rounds an element to an integer: the sum has no fraction bits.
template <class T>
inline constexpr T rounder = T(3) * T(1LL << (std::numeric_limits<T>::digits - 2));

/// out = 2^k for integers k that are exponents of normal numbers.
template <class V>
DLFS_INLINE void power_of_two(const V& k, V& out) {
  using T = ElementOf<V>;
  using Bits = UnsignedBitsOf<V>;
  // The lowest bits of the sum are k; they become the exponent.
  const Bits exponent = reinterpret_cast<Bits>(k + rounder<T>)
                        << (std::numeric_limits<T>::digits - 1);
  out = reinterpret_cast<V>(exponent + reinterpret_cast<Bits>(V{} + T(1)));
}

/// (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2 as a polynomial: for float the one with the least
/// error, for double the series 1/2! + r/3! + ...
template <class T>
inline constexpr auto exp_factors = [] {
  if constexpr (std::numeric_limits<T>::digits <= 24) {
    return std::array<T, 5>{0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558f4p-5f, 0x1.123a2p-7f,
                            0x1.6a23cp-10f};
  } else {
    std::array<T, 12> values{};
    T value = 1;
    T k = 2;
    for (T& each : values) each = value /= k++;
    return values;
  }
}();

/// sum = factors[0] + factors[1] x + factors[2] x^2 + ..., where square = x^2. Even and odd powers
/// are two independent chains of sums.
template <class V, std::size_t count>
DLFS_INLINE void polynomial(const V& x, const V& square,
                            const std::array<ElementOf<V>, count>& factors, V& sum) {
  constexpr std::size_t odd = count / 2;
  constexpr std::size_t even = count - odd;
  V odd_sum = V{} + factors[2 * odd - 1];
  sum = V{} + factors[2 * even - 2];
  // Unrolled here, because g++ 12 does not unroll a loop of constant length.
  [&]<std::size_t... k>(std::index_sequence<k...>) {
    (multiply_add(odd_sum, square, factors[2 * (odd - 2 - k) + 1], odd_sum), ...);
  }
  (std::make_index_sequence<odd - 1>());
  [&]<std::size_t... k>(std::index_sequence<k...>) {
    (multiply_add(sum, square, factors[2 * (even - 2 - k)], sum), ...);
  }
  (std::make_index_sequence<even - 1>());
  multiply_add(odd_sum, x, sum, sum);
}

/// 1 / k for k = first, first + 2, ...: the series of atanh.
template <class T, int first, std::size_t count>
inline constexpr auto odd_fractions = [] {
  std::array<T, count> values{};
  T k = first;
  for (T& each : values) each = T(1) / std::exchange(k, k + 2);
  return values;
}();

/// exp(x) = 2^n (1 + q) with an integer n and |q| < 1/2.
template <class V>
DLFS_INLINE void split_exp(const V& x, V& n, V& q) {
  using T = ElementOf<V>;
  constexpr bool is_single = std::numeric_limits<T>::digits <= 24;
  constexpr T log2_of_e = static_cast<T>(0x1.71547652b82fep+0);
  // log(2) in two parts. The first is so short that its product with n is exact.
  constexpr T high = static_cast<T>(is_single ? 0x1.62e4p-1 : 0x1.62e42feep-1);
  constexpr T low = static_cast<T>(is_single ? 0x1.7f7d1cp-20 : 0x1.a39ef35793c76p-33);
  multiply_add(x, log2_of_e, rounder<T>, n);
  n -= rounder<T>;
  V r;
  multiply_add(n, -high, x, r);
  multiply_add(n, -low, r, r);
  const V square = r * r;
  V sum;
  polynomial(r, square, exp_factors<T>, sum);
  multiply_add(square, sum, r, q);
}

/// x = 2^e m for positive normal and denormal numbers, and log(m), with m in [sqrt(1/2), sqrt(2)].
template <class V>
DLFS_INLINE void split_log(const V& x, [[maybe_unused]] V& e, V& log_of_m) {
  using T = ElementOf<V>;
  using Bits = BitsOf<V>;
  constexpr int fraction_bits = std::numeric_limits<T>::digits - 1;
  constexpr std::size_t terms = std::numeric_limits<T>::digits <= 24 ? 4 : 10;  // s^2 <= 0.0295
  constexpr T smallest = std::numeric_limits<T>::min();
  constexpr T scale = T(1LL << fraction_bits);
  const V is_small = x < smallest ? V{} + T(fraction_bits) : V{};
  const V normal = x < smallest ? x * scale : x;
  // The exponent of the difference to sqrt(1/2) is the exponent of x, counted from sqrt(1/2).
  using Unsigned = UnsignedBitsOf<V>;
  const auto root = reinterpret_cast<Unsigned>(V{} + T(0x1.6a09e667f3bcdp-1));
  const auto bits = reinterpret_cast<Unsigned>(normal);
  const Bits exponent = reinterpret_cast<Bits>(bits - root) >> fraction_bits;
#if defined(DLFS_SIMD_VECTORS)
  e = __builtin_convertvector(exponent, V) - is_small;
#endif
  const V m = reinterpret_cast<V>(bits - (reinterpret_cast<Unsigned>(exponent) << fraction_bits));
  const V s = (m - T(1)) / (m + T(1));
  const V square = s * s;
  V sum;
  polynomial<V>(square, square * square, odd_fractions<T, 3, terms>, sum);
  multiply_add(T(2) * s * square, sum, T(2) * s, log_of_m);
}

/// out = value, the logarithm of a positive finite x, or the correct result for any other x.
template <class V>
DLFS_INLINE void log_of_special(const V& x, const V& value, V& out) {
  using T = ElementOf<V>;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const V if_not_positive = x >= V{} ? V{} : V{} + std::numeric_limits<T>::quiet_NaN();
  const V if_zero = x == V{} ? V{} - infinity : V{};
  const V if_infinite = x == infinity ? V{} + infinity : V{};
  out = value + if_not_positive + if_zero + if_infinite;
}

/// out = a | b, bit by bit. a and b are the same, or one of them is NaN. Then the result is NaN,
/// because all exponent bits of a NaN are set.
template <class V>
DLFS_INLINE void same_or_nan(const V& a, const V& b, V& out) {
  using Bits = BitsOf<V>;
  out = reinterpret_cast<V>(reinterpret_cast<Bits>(a) | reinterpret_cast<Bits>(b));
}

/// magnitude with the sign of x.
template <class V>
DLFS_INLINE void copy_sign(const V& magnitude, const V& x, V& out) {
  using Bits = BitsOf<V>;
  const Bits sign = reinterpret_cast<Bits>(-V{});
  out = reinterpret_cast<V>((reinterpret_cast<Bits>(magnitude) & ~sign) |
                            (reinterpret_cast<Bits>(x) & sign));
}

#if defined(DLFS_SIMD_VECTORS)
template <class V, class Half, int... i>
DLFS_INLINE void halve(const V& x, Half& low, Half& high, std::integer_sequence<int, i...>) {
  low = __builtin_shufflevector(x, x, i...);
  high = __builtin_shufflevector(x, x, (i + static_cast<int>(sizeof...(i)))...);
}
template <class V, class Half, int... i>
DLFS_INLINE void join(const Half& low, const Half& high, V& x, std::integer_sequence<int, i...>) {
  x = __builtin_shufflevector(low, high, i...);
}
#endif

}  // namespace detail

/// out = sqrt(x), correctly rounded.
template <class V>
DLFS_INLINE void sqrt(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = std::sqrt(x);
  } else {
#if defined(DLFS_SIMD_VECTORS)
    using T = detail::ElementOf<V>;
    constexpr int lanes = sizeof(V) / sizeof(T);
    if constexpr (sizeof(V) > 16) {
      // Vectors of 16 bytes cost no time: the units that divide and compute roots are no wider.
      typedef T Half __attribute__((vector_size(sizeof(V) / 2)));
      Half low, high, low_root, high_root;
      detail::halve(x, low, high, std::make_integer_sequence<int, lanes / 2>());
      sqrt(low, low_root);
      sqrt(high, high_root);
      detail::join(low_root, high_root, out, std::make_integer_sequence<int, lanes>());
    } else {
      // A compiler builtin: std::sqrt of a lane would be a branch, because it may set errno.
#if __has_builtin(__builtin_elementwise_sqrt)
      out = __builtin_elementwise_sqrt(x);
#elif defined(DLFS_SIMD_X86)
      if constexpr (std::same_as<T, float>) {
        out = __builtin_ia32_sqrtps(x);
      } else {
        out = __builtin_ia32_sqrtpd(x);
      }
#else
      for (int i = 0; i < lanes; ++i) out[i] = std::sqrt(x[i]);
#endif
    }
#endif
  }
}

/// out = exp(x).
template <class V>
DLFS_INLINE void exp(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = std::exp(x);
  } else {
    using T = detail::ElementOf<V>;
    // Beyond these the results are 0 and infinity.
    constexpr bool is_single = std::numeric_limits<T>::digits <= 24;
    constexpr T lowest = is_single ? -104 : -746;
    constexpr T highest = is_single ? 89 : 710;
    V n, q;
    detail::split_exp(x, n, q);
    // 2^n may be no normal number, but its two halves are. The lowest bits of the sum are n.
    using Bits = detail::UnsignedBitsOf<V>;
    constexpr int fraction_bits = std::numeric_limits<T>::digits - 1;
    const Bits bits = reinterpret_cast<Bits>(n + detail::rounder<T>);
    const Bits exponent = (Bits{} - 1) << fraction_bits;
    const Bits half = (bits << (fraction_bits - 1)) & exponent;
    const Bits other_half = (bits << fraction_bits) - half;
    const V scaled = reinterpret_cast<V>(reinterpret_cast<Bits>(q + T(1)) + half);
    const V result = scaled * reinterpret_cast<V>(reinterpret_cast<Bits>(V{} + T(1)) + other_half);
    const V if_small = x < lowest ? V{} : result;
    // For infinity or NaN: the result above may be a number made from their bits.
    out = x <= highest ? if_small : x + std::numeric_limits<T>::infinity();
  }
}

/// out = exp(x) - 1, precise for small x, too.
template <class V>
DLFS_INLINE void expm1(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = std::expm1(x);
  } else {
    using T = detail::ElementOf<V>;
    V e, n, q;
    exp(x, e);
    detail::split_exp(x, n, q);
    const V difference = n == V{} ? q : e - T(1);
    detail::copy_sign(difference, x, out);  // -0, too
  }
}

/// out = log(1 + x) for 0 <= x <= 1, as 2 atanh(s) with s = x / (2 + x), by the series of atanh.
template <class V>
DLFS_INLINE void log1p_of_fraction(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = std::log1p(x);
  } else {
    using T = detail::ElementOf<V>;
    constexpr std::size_t terms = std::numeric_limits<T>::digits <= 24 ? 7 : 16;  // s^2 <= 1/9
    const V s = x / (x + T(2));
    const V square = s * s;
    V sum;
    detail::polynomial<V>(square, square * square, detail::odd_fractions<T, 3, terms>, sum);
    multiply_add(T(2) * s * square, sum, T(2) * s, out);
  }
}

/// out = tanh(x) = (1 - e) / (1 + e) with e = exp(-2 |x|), and the sign of x.
template <class V>
DLFS_INLINE void tanh(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = std::tanh(x);
  } else {
    using T = detail::ElementOf<V>;
    using Bits = detail::BitsOf<V>;
    const Bits sign = reinterpret_cast<Bits>(x) & reinterpret_cast<Bits>(-V{});
    const V magnitude = reinterpret_cast<V>(reinterpret_cast<Bits>(x) ^ sign);
    const V above = magnitude > T(32) ? V{} + T(32) : magnitude;  // the result is 1 there
    V n, q, scale;
    detail::split_exp<V>(above * T(-2), n, q);
    detail::power_of_two(n, scale);
    // 1 - e without the difference of nearly equal numbers.
    V one_minus_e;
    multiply_add<V>(-scale, q, T(1) - scale, one_minus_e);
    const V result = one_minus_e / (T(2) - one_minus_e);
    out = reinterpret_cast<V>(reinterpret_cast<Bits>(result) | sign);
  }
}

/// out = 1 / (1 + exp(-x)), without overflow, and precise to the last digits in the whole range.
template <class V>
DLFS_INLINE void sigmoid(const V& x, V& out) {
  const V against_overflow = x <= V{} ? x : -x;
  V e;
  exp(against_overflow, e);
  out = (x <= V{} ? e : V{} + 1) / (1 + e);
}

/// out = the larger of a and b; NaN if either is NaN.
template <class V>
DLFS_INLINE void maximum(const V& a, const V& b, V& out) {
  if constexpr (std::is_arithmetic_v<V>) {
    out = a >= b || a != a ? a : b;
  } else {
    const V larger = a < b ? b : a;
    const V also_larger = b < a ? a : b;
    detail::same_or_nan(larger, also_larger, out);
  }
}

/// out = the smaller of a and b; NaN if either is NaN.
template <class V>
DLFS_INLINE void minimum(const V& a, const V& b, V& out) {
  if constexpr (std::is_arithmetic_v<V>) {
    out = a <= b || a != a ? a : b;
  } else {
    const V smaller = a > b ? b : a;
    const V also_smaller = b > a ? a : b;
    detail::same_or_nan(smaller, also_smaller, out);
  }
}

/// out = |x|. The lowest integer, which has no positive counterpart, is unchanged.
template <class V>
DLFS_INLINE void abs(const V& x, V& out) {
  using T = detail::ElementOf<V>;
  if constexpr (std::unsigned_integral<T>) {
    out = x;
  } else if constexpr (std::integral<T>) {
    V negated;
    detail::wrap_around([](const auto& v, auto& result) DLFS_INLINE_LAMBDA { result = -v; },
                        negated, x);
    out = x < V{} ? negated : x;
  } else if constexpr (std::is_arithmetic_v<V>) {
    out = std::abs(x);
  } else {
    using Bits = detail::BitsOf<V>;
    const Bits sign = reinterpret_cast<Bits>(-V{});
    out = reinterpret_cast<V>(reinterpret_cast<Bits>(x) & ~sign);
  }
}

/// out = x rounded to the nearest integer; halves are rounded to the even one.
template <class V>
DLFS_INLINE void round(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = std::nearbyint(x);
  } else {
    using T = detail::ElementOf<V>;
    constexpr T whole_from = T(1LL << (std::numeric_limits<T>::digits - 1));
    V magnitude;
    abs(x, magnitude);
    const V rounded = (magnitude + whole_from) - whole_from;
    detail::copy_sign<V>(magnitude < whole_from ? rounded : magnitude, x, out);
  }
}

/// out = the largest integer that is at most x.
template <class V>
DLFS_INLINE void floor(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = std::floor(x);
  } else {
    V nearest;
    round(x, nearest);
    out = nearest > x ? nearest - detail::ElementOf<V>(1) : nearest;
  }
}

/// out = the smallest integer that is at least x.
template <class V>
DLFS_INLINE void ceil(const V& x, V& out) {
  V below;
  floor<V>(-x, below);
  out = -below;
}

/// out = -1, 0 or 1; NaN for NaN.
template <class V>
DLFS_INLINE void sign(const V& x, V& out) {
  const V one = V{} + 1;
  const V at_most_one = x > V{} ? one : static_cast<V>(x + V{});  // 0 for -0
  if constexpr (std::is_signed_v<detail::ElementOf<V>>) {
    out = at_most_one < V{} ? static_cast<V>(-one) : at_most_one;
  } else {
    out = at_most_one;
  }
}

/// mask = whether x is infinite.
template <class V>
DLFS_INLINE void isinf(const V& x, auto& mask) {
  V magnitude;
  abs(x, magnitude);
  mask = magnitude == std::numeric_limits<detail::ElementOf<V>>::infinity();
}

/// out = log(x), from the exponent e and the fraction m of x in [sqrt(1/2), sqrt(2)], where
/// log(m) = 2 atanh((m - 1) / (m + 1)).
template <class V>
DLFS_INLINE void log(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = std::log(x);
  } else {
    V e, log_of_fraction;
    detail::split_log(x, e, log_of_fraction);
    using T = detail::ElementOf<V>;
    constexpr bool is_single = std::numeric_limits<T>::digits <= 24;
    constexpr T high = static_cast<T>(is_single ? 0x1.62e4p-1 : 0x1.62e42feep-1);
    constexpr T low = static_cast<T>(is_single ? 0x1.7f7d1cp-20 : 0x1.a39ef35793c76p-33);
    V value;
    multiply_add(e, low, log_of_fraction, value);
    multiply_add(e, high, value, value);
    detail::log_of_special<V>(x, value, out);
  }
}

/// out = log2(x); an integer for powers of 2.
template <class V>
DLFS_INLINE void log2(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = std::log2(x);
  } else {
    V e, log_of_fraction;
    detail::split_log(x, e, log_of_fraction);
    constexpr auto log2_of_e = static_cast<detail::ElementOf<V>>(0x1.71547652b82fep+0);
    V value;
    multiply_add(log_of_fraction, log2_of_e, e, value);
    detail::log_of_special<V>(x, value, out);
  }
}

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
