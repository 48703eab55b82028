#pragma once

#include <concepts>
#include <type_traits>

#include "dlfs/core/strict_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Hides the origin of x, a number or a vector in a register, from the compiler. The computation of
/// x is then rounded, and never fused or re-associated with the code that uses x, under any flags.
/// Costs no instruction.
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

/// x, rounded. Write it around a product that is added to something. Without it the compiler's
/// flags (-ffp-contract, -march, -mtune, -O0) decide whether the product is rounded before the sum:
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
