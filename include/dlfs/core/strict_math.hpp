#pragma once

#include "dlfs/core/cxx20.hpp"

// Every header of dlfs stands between DLFS_STRICT_MATH_BEGIN and DLFS_STRICT_MATH_END. The code
// there has IEEE 754 arithmetic, even if -ffast-math or a part of it is on in the rest of a file.
// Sums keep their order, divisions are divisions, and NaN, infinities and -0 keep their meaning.
// Without such flags the macros change nothing.
//
// They cannot change two things. A program that is linked with -ffast-math treats denormal numbers
// as 0. And under these flags the standard library's std::isnan is always false. For this reason
// dlfs has is_nan and is_finite here.

#if defined(__clang__) && __FINITE_MATH_ONLY__
// Under this flag clang assumes that no call and no `a ? b : c` gives NaN, despite the pragma.
#error "dlfs: with clang add -fno-finite-math-only to -ffast-math, or NaN and infinity go unseen"
#endif

#if defined(__clang__) && (defined(__x86_64__) || __clang_major__ >= 16)
// Always on, because clang has no macro for -funsafe-math-optimizations.
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
