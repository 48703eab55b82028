#pragma once

#include <array>
#include <atomic>
#include <cstdlib>
#include <string_view>

#include "dlfs/core/error.hpp"

// DLFS_SIMD_VECTORS: the compiler has GNU's vector extensions (g++ from 12, clang from 14) and the
// user does not turn them off by DLFS_SCALAR.
// DLFS_SIMD_X86: it can also compile single functions for other instruction sets than the rest.
#if defined(__GNUC__) && defined(__has_builtin) && !defined(DLFS_SCALAR)
#if __has_builtin(__builtin_shufflevector)
#define DLFS_SIMD_VECTORS 1
#if defined(__x86_64__)
#define DLFS_SIMD_X86 1
#endif
#endif
#endif

// Only inlined functions pass vectors to each other: see kernels.hpp.
#if defined(DLFS_SIMD_VECTORS)
#define DLFS_INLINE inline __attribute__((always_inline))
#define DLFS_INLINE_LAMBDA __attribute__((always_inline))
#define DLFS_INLINE_CALLS __attribute__((flatten))
#else
#define DLFS_INLINE inline
#define DLFS_INLINE_LAMBDA
#define DLFS_INLINE_CALLS
#endif

// DLFS_UNROLL unrolls a loop over an array of registers completely. DLFS_TWO_TURNS unrolls by two:
// a short loop takes twice as long if its code crosses the boundary of a cache line.
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
/// `base` runs on every machine of the compiler's target: SSE2 with vectors of 16 bytes, NEON, or,
/// without GNU's vector extensions, plain scalar code. Flags such as -march=native allow more
/// instructions for the base, but its results stay the same.
///
/// The level affects every bit of a result; see multiply_add.hpp. With one seed and one level, g++
/// and clang give the same results, with -O0 to -O3, any -march and -mtune, and -ffp-contract on or
/// off. `avx2` and `avx512` round a product and its sum once, like NEON's base; the base of x86
/// rounds both.
enum class Level { base, avx2, avx512 };

constexpr std::string_view to_string(Level level) {
  return level == Level::avx512 ? "avx512" : level == Level::avx2 ? "avx2" : "base";
}

inline constexpr std::array all_levels{Level::base, Level::avx2, Level::avx512};

/// Whether this machine can run the level, and this compiler could compile it.
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

/// The best level, limited by the environment variable DLFS_ISA.
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

/// The level of the kernels: the machine's best, unless DLFS_ISA=avx512|avx2|base in the
/// environment or set_level chooses another.
inline Level level() { return dlfs::detail::chosen_simd_level().load(std::memory_order_relaxed); }

/// For tests and benchmarks. The level changes the last digits of results.
/// @throws ValueError if this machine cannot run the level.
inline void set_level(Level level) {
  if (!is_supported(level)) {
    throw ValueError("simd: this machine has no ", to_string(level));
  }
  dlfs::detail::chosen_simd_level().store(level, std::memory_order_relaxed);
}

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
