#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "dlfs/core/rounded.hpp"
#include "dlfs/simd/level.hpp"

// Sums of a product and a summand. Compilers round `a * b + c` once or twice, depending on flags,
// so the library's code never contains it. Code that rounds once calls multiply_add; code that
// rounds twice says rounded(a * b) + c.

// From here on g++ knows the functions of these instruction sets.
#if defined(DLFS_SIMD_X86) && !defined(__clang__)
#define DLFS_SIMD_PUSH_AND_POP(name, bytes, registers, target, is_present) \
  DLFS_SIMD_PUSH_TARGET(target) DLFS_SIMD_POP_TARGET
DLFS_SIMD_LEVELS(DLFS_SIMD_PUSH_AND_POP)
#undef DLFS_SIMD_PUSH_AND_POP
#endif

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd {

namespace detail {

template <class V>
struct ElementOfVector {
  using type = std::remove_cvref_t<decltype(std::declval<V&>()[0])>;
};
template <class V>
  requires(std::is_arithmetic_v<V>)
struct ElementOfVector<V> {
  using type = V;
};
template <class V>
using ElementOf = typename ElementOfVector<V>::type;

/// Whether the level `base` rounds a product and its sum once: if all machines of the target can.
#if defined(DLFS_SIMD_VECTORS) && defined(__aarch64__)
inline constexpr bool base_fuses = true;
#else
inline constexpr bool base_fuses = false;
#endif

/// Whether the level with vectors V rounds a product and its sum once.
template <class V>
inline constexpr bool is_fused = !std::is_arithmetic_v<V> && (sizeof(V) > 16 || base_fuses);

// g++ warns about vectors that a function without the level's instructions returns. Formulas are
// such functions until they are inlined.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

/// out = a * b + c, rounded once. The calling function must be compiled for a level that can.
template <class V>
DLFS_INLINE void fuse(const V& a, const V& b, const V& c, V& out) {
  if constexpr (std::same_as<V, float>) {
    out = __builtin_fmaf(a, b, c);
  } else if constexpr (std::same_as<V, double>) {
    out = __builtin_fma(a, b, c);
  } else {
#if defined(__clang__)
#pragma clang fp contract(on)
    out = a * b + c;
#elif defined(DLFS_SIMD_VECTORS)
    constexpr bool is_single = std::same_as<ElementOf<V>, float>;
    if constexpr (sizeof(V) == 8) {
      typedef float Four __attribute__((vector_size(16)));
      Four result;
      fuse<Four>(__builtin_shufflevector(a, a, 0, 1, 0, 1),
                 __builtin_shufflevector(b, b, 0, 1, 0, 1),
                 __builtin_shufflevector(c, c, 0, 1, 0, 1), result);
      out = __builtin_shufflevector(result, result, 0, 1);
    }
#if defined(DLFS_SIMD_X86)
    if constexpr (sizeof(V) == 64) {
      constexpr int rounding = 4;  // the current rounding mode
      if constexpr (is_single) {
        out = __builtin_ia32_vfmaddps512_mask(a, b, c, -1, rounding);
      } else {
        out = __builtin_ia32_vfmaddpd512_mask(a, b, c, 0xff, rounding);
      }
    } else if constexpr (sizeof(V) == 32) {
      if constexpr (is_single) {
        out = __builtin_ia32_vfmaddps256(a, b, c);
      } else {
        out = __builtin_ia32_vfmaddpd256(a, b, c);
      }
    } else if constexpr (sizeof(V) == 16) {
      if constexpr (is_single) {
        out = __builtin_ia32_vfmaddps(a, b, c);
      } else {
        out = __builtin_ia32_vfmaddpd(a, b, c);
      }
    }
#elif defined(__aarch64__)
    if constexpr (sizeof(V) == 16) {
      if constexpr (is_single) {
        out = __builtin_aarch64_fmav4sf(a, b, c);
      } else {
        out = __builtin_aarch64_fmav2df(a, b, c);
      }
    }
#endif
#endif
  }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#if defined(__NO_INLINE__)
/// out = a * b + c, rounded once, lane by lane.
template <class V>
DLFS_INLINE void fuse_lanes(const V& a, const V& b, const V& c, V& out) {
  for (int i = 0; i < static_cast<int>(sizeof(V) / sizeof(ElementOf<V>)); ++i) {
    if constexpr (std::same_as<ElementOf<V>, float>) {
      out[i] = __builtin_fmaf(a[i], b[i], c[i]);
    } else {
      out[i] = __builtin_fma(a[i], b[i], c[i]);
    }
  }
}
#endif

/// to = x in each lane if x is an element, or x if it is a vector.
template <class V>
DLFS_INLINE void spread(const auto& x, V& to) {
  if constexpr (std::same_as<decltype(x), const V&>) {
    to = x;
  } else {
    to = V{} + static_cast<ElementOf<V>>(x);
  }
}

}  // namespace detail

/// out = a * b + c in a formula for simd::map and similar functions. Rounds once at the levels that
/// can, and otherwise twice, the product first. Each of a, b and c is a V or an element; out may be
/// one of them.
template <class V>
DLFS_INLINE void multiply_add(const auto& a, const auto& b, const auto& c, V& out) {
  V left, right, summand;
  detail::spread(a, left);
  detail::spread(b, right);
  detail::spread(c, summand);
  if constexpr (detail::is_fused<V>) {
#if defined(__NO_INLINE__)  // the formula is not inlined either, and has the caller's instructions
    detail::fuse_lanes(left, right, summand, out);
#else
    detail::fuse(left, right, summand, out);
#endif
  } else {
    V product = left * right;
    dlfs::detail::make_opaque(product);
    dlfs::detail::make_opaque(summand);  // may be a product, too
    out = product + summand;
  }
}

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
