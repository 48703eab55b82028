#pragma once

#include "dlfs/core/cxx20.hpp"

// Every header of dlfs stands between DLFS_STRICT_MATH_BEGIN and DLFS_STRICT_MATH_END: what is
// defined there has the arithmetic of IEEE 754, whatever -ffast-math or a part of it allows in the
// rest of a file. Sums keep their order, a quotient is one, NaN, infinities and -0 are what they
// are. Without such flags it is the same code as ever.
//
// Two things are beyond it. A program that is linked with -ffast-math takes denormal numbers for 0.
// And it does not reach into the standard library: under these flags std::isnan is always false.
// Hence is_nan and is_finite here.

#if defined(__clang__) && __FINITE_MATH_ONLY__
// Clang believes by this flag that no call and no `a ? b : c` gives NaN, whatever a pragma says.
#error "dlfs: with clang add -fno-finite-math-only to -ffast-math, or NaN and infinity go unseen"
#endif

#if defined(__clang__) && (defined(__x86_64__) || __clang_major__ >= 16)
// Always, as clang has no macro for -funsafe-math-optimizations.
#define DLFS_STRICT_MATH_BEGIN _Pragma("float_control(precise, on, push)")
#define DLFS_STRICT_MATH_END _Pragma("float_control(pop)")
#elif defined(__GNUC__) &&                                                              \
    (defined(__FAST_MATH__) || __FINITE_MATH_ONLY__ || defined(__ASSOCIATIVE_MATH__) || \
     defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__))
#define DLFS_STRICT_MATH_BEGIN                                                            \
  _Pragma("GCC push_options")                                                             \
      _Pragma("GCC optimize(\"no-fast-math,no-unsafe-math-optimizations,signed-zeros\")") \
          _Pragma("GCC optimize(\"no-finite-math-only,no-associative-math,no-reciprocal-math\")")
#define DLFS_STRICT_MATH_END _Pragma("GCC pop_options")
#else
#define DLFS_STRICT_MATH_BEGIN
#define DLFS_STRICT_MATH_END
#endif

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

template <class T>
constexpr bool is_nan(const T& x) {
  return x != x;
}

/// Neither infinite nor NaN.
template <class T>
constexpr bool is_finite(const T& x) {
  return x - x == T(0);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
