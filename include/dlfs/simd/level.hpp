#pragma once

#include <array>
#include <atomic>
#include <cstdlib>
#include <string_view>

#include "dlfs/core/error.hpp"

// DLFS_SIMD_VECTORS: whether the compiler has GNU's vector extensions (g++ from 12, clang from 14);
// with DLFS_SCALAR, which the user may define, they are left alone, as where there are none.
// DLFS_SIMD_X86: and can compile single functions for other instruction sets than the rest.
#if defined(__GNUC__) && defined(__has_builtin) && !defined(DLFS_SCALAR)
#if __has_builtin(__builtin_shufflevector)
#define DLFS_SIMD_VECTORS 1
#if defined(__x86_64__)
#define DLFS_SIMD_X86 1
#endif
#endif
#endif

// Vectors pass between functions only where those are inlined: see kernels.hpp.
#if defined(DLFS_SIMD_VECTORS)
#define DLFS_INLINE inline __attribute__((always_inline))
#define DLFS_INLINE_LAMBDA __attribute__((always_inline))
#define DLFS_INLINE_CALLS __attribute__((flatten))
#else
#define DLFS_INLINE inline
#define DLFS_INLINE_LAMBDA
#define DLFS_INLINE_CALLS
#endif

// DLFS_UNROLL: all turns, of an array of registers. DLFS_TWO_TURNS: two at a time. A short loop
// takes twice as long where its code lies across two lines of the cache.
#if defined(DLFS_SIMD_VECTORS)
#define DLFS_UNROLL _Pragma("GCC unroll 16")
#define DLFS_TWO_TURNS _Pragma("GCC unroll 2")
#else
#define DLFS_UNROLL
#define DLFS_TWO_TURNS
#endif

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd {

/// The instruction sets that kernels are compiled for, from the least to the best.
///
/// `base` is what every machine of the compiler's target has: SSE2 with vectors of 16 bytes, NEON,
/// or, without GNU's vector extensions, plain scalar code. It stays that under flags such as
/// -march=native, which allow more: then it is compiled for more instructions, but computes the
/// same.
///
/// The level decides about every bit of a result; see multiply_add.hpp. From one seed, at one
/// level, g++ and clang give the same, with -O0 to -O3, any -march and -mtune, and -ffp-contract on
/// or off. `avx2` and `avx512` round a product and its sum at once, as NEON's base does; the base
/// of x86 rounds both.
enum class Level { base, avx2, avx512 };

constexpr std::string_view to_string(Level level) {
  return level == Level::avx512 ? "avx512" : level == Level::avx2 ? "avx2" : "base";
}

inline constexpr std::array all_levels{Level::base, Level::avx2, Level::avx512};

/// Whether this machine runs the level, and this compiler made it.
inline bool is_supported(Level level) {
#if defined(DLFS_SIMD_X86)
  __builtin_cpu_init();
  if (level == Level::avx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
           is_supported(Level::avx2);
  }
  if (level == Level::avx2) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
#endif
  return level == Level::base;
}

}  // namespace dlfs::simd

namespace dlfs::detail {

/// The best level, but none above the one that the environment variable DLFS_ISA names.
inline simd::Level initial_simd_level() {
  const char* const wanted = std::getenv("DLFS_ISA");
  simd::Level best = simd::Level::base;
  for (simd::Level level : simd::all_levels) {
    if (simd::is_supported(level)) best = level;
    if (wanted != nullptr && simd::to_string(level) == wanted) break;
  }
  return best;
}

inline std::atomic<simd::Level>& chosen_simd_level() {
  static std::atomic<simd::Level> level{initial_simd_level()};
  return level;
}

}  // namespace dlfs::detail

namespace dlfs::simd {

/// The level that the kernels run at: the machine's best, unless DLFS_ISA=avx512|avx2|base in the
/// environment, or set_level, chose another.
inline Level level() { return dlfs::detail::chosen_simd_level().load(std::memory_order_relaxed); }

/// For tests and benchmarks. The last digits of results depend on it.
/// @throws ValueError if this machine does not run the level.
inline void set_level(Level level) {
  if (!is_supported(level)) {
    throw ValueError("simd: this machine has no ", to_string(level));
  }
  dlfs::detail::chosen_simd_level().store(level, std::memory_order_relaxed);
}

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
