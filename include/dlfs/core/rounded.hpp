#pragma once

#include <concepts>
#include <type_traits>

#include "dlfs/core/strict_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Hides from the compiler where x, a number or a vector in a register, comes from: what it is
/// computed by is rounded, and neither fused nor re-associated with what it is used for, whatever
/// the flags. Costs no instruction.
template <class V>
[[gnu::always_inline]] inline void make_opaque([[maybe_unused]] V& x) {
#if defined(__NO_INLINE__)  // callers may be compiled without registers for V
  asm("" : "+m"(x));
#elif defined(__x86_64__)
  if constexpr (std::integral<V>) {
    asm("" : "+r"(x));
  } else if constexpr (std::same_as<V, long double>) {  // which the vector registers do not hold
    asm("" : "+m"(x));
  } else if constexpr (sizeof(V) == sizeof(double)) {  // clang has no vectors so short
    double number = __builtin_bit_cast(double, x);
    asm("" : "+v"(number));
    x = __builtin_bit_cast(V, number);
  } else {
    asm("" : "+v"(x));
  }
#elif defined(__aarch64__)
  if constexpr (std::integral<V>) {
    asm("" : "+r"(x));
  } else {
    asm("" : "+w"(x));
  }
#elif defined(__GNUC__)
  asm("" : "+m"(x));
#endif
}

/// x, rounded. A product that is added to something says so, or else the compiler's flags decide
/// whether it is rounded before the sum (-ffp-contract, -march, -mtune, -O0):
///
///   rounded(a * b) + c
///
/// For vectors: see simd::multiply_add.
template <std::floating_point T>
constexpr T rounded(T x) {
  if (!std::is_constant_evaluated()) make_opaque(x);
  return x;
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
