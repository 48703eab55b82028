#pragma once

#include <array>
#include <atomic>
#include <cstddef>
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

// The instruction sets that kernels are compiled for besides the base, from the least to the best:
// the name, the bytes of a vector, the number of vector registers, the target as compilers call it,
// and whether this machine runs it. A new one is a row here, its name in the first line, and its
// include in kernels.hpp.
#define DLFS_SIMD_LEVELS(LEVEL) DLFS_SIMD_AVX2(LEVEL) DLFS_SIMD_AVX512(LEVEL)
#define DLFS_SIMD_AVX2(LEVEL) LEVEL(avx2, 32, 16, "avx2,fma", DLFS_CPU(avx2) && DLFS_CPU(fma))
#define DLFS_SIMD_AVX512(LEVEL)                                                                \
  LEVEL(avx512, 64, 32, "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma",                         \
        DLFS_CPU(avx512f) && DLFS_CPU(avx512dq) && DLFS_CPU(avx512vl) && DLFS_CPU(avx512bw) && \
            DLFS_CPU(avx2) && DLFS_CPU(fma))
#define DLFS_CPU(feature) __builtin_cpu_supports(#feature)

// The functions between these two are compiled for the target.
#define DLFS_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define DLFS_SIMD_PUSH_TARGET(name) \
  DLFS_PRAGMA(clang attribute push(__attribute__((target(name))), apply_to = function))
#define DLFS_SIMD_POP_TARGET DLFS_PRAGMA(clang attribute pop)
#else
#define DLFS_SIMD_PUSH_TARGET(name) DLFS_PRAGMA(GCC push_options) DLFS_PRAGMA(GCC target(name))
#define DLFS_SIMD_POP_TARGET DLFS_PRAGMA(GCC pop_options)
#endif

// Only inlined functions pass vectors to each other: see kernels.hpp.
#if defined(DLFS_SIMD_VECTORS)
#define DLFS_INLINE inline __attribute__((always_inline))
#define DLFS_INLINE_LAMBDA __attribute__((always_inline))
#define DLFS_INLINE_CALLS __attribute__((flatten))
#define DLFS_NOINLINE __attribute__((noinline))
#else
#define DLFS_INLINE inline
#define DLFS_INLINE_LAMBDA
#define DLFS_INLINE_CALLS
#define DLFS_NOINLINE
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
#define DLFS_SIMD_NAME(name, ...) name,
enum class Level { base, DLFS_SIMD_LEVELS(DLFS_SIMD_NAME) };
#undef DLFS_SIMD_NAME

#define DLFS_SIMD_LEVEL_OF_NAME(name, ...) Level::name,
inline constexpr std::array all_levels{Level::base, DLFS_SIMD_LEVELS(DLFS_SIMD_LEVEL_OF_NAME)};
#undef DLFS_SIMD_LEVEL_OF_NAME

constexpr std::string_view to_string(Level level) {
#define DLFS_SIMD_TEXT_OF_NAME(name, ...) #name,
  constexpr std::array<std::string_view, all_levels.size()> names{
      "base", DLFS_SIMD_LEVELS(DLFS_SIMD_TEXT_OF_NAME)};
#undef DLFS_SIMD_TEXT_OF_NAME
  return names[static_cast<std::size_t>(level)];
}

/// Whether this machine can run the level, and this compiler could compile it.
inline bool is_supported(Level level) {
#if defined(DLFS_SIMD_X86)
  __builtin_cpu_init();
#define DLFS_SIMD_SUPPORTED(name, bytes, registers, target, is_present) \
  if (level == Level::name) return is_present;
  DLFS_SIMD_LEVELS(DLFS_SIMD_SUPPORTED)
#undef DLFS_SIMD_SUPPORTED
#endif
  return level == Level::base;
}

}  // namespace dlfs::simd

namespace dlfs::detail {

/// The best level, limited by the environment variable DLFS_ISA.
/// @throws ValueError if that names no level.
inline simd::Level initial_simd_level() {
  const char* const value = std::getenv("DLFS_ISA");
  const std::string_view limit = value == nullptr ? "" : value;
  simd::Level best = simd::Level::base;
  for (simd::Level level : simd::all_levels) {
    if (simd::is_supported(level)) best = level;
    if (simd::to_string(level) == limit) return best;
  }
  if (!limit.empty()) {
    throw ValueError("simd: expected DLFS_ISA to be base, avx2 or avx512, got ", limit);
  }
  return best;
}

/// A Level, or -1 before the first use.
inline std::atomic<int> chosen_simd_level{-1};

/// Chooses the initial level, unless another thread has chosen one. Not a static variable of a
/// function, because the kernels' many callers would check that its initialisation has ended.
[[gnu::cold, gnu::noinline]] inline simd::Level choose_simd_level() {
  int chosen = -1;
  const auto initial = static_cast<int>(initial_simd_level());
  if (chosen_simd_level.compare_exchange_strong(chosen, initial)) chosen = initial;
  return static_cast<simd::Level>(chosen);
}

}  // namespace dlfs::detail

namespace dlfs::simd {

/// The level of the kernels: the machine's best, unless DLFS_ISA=avx512|avx2|base in the
/// environment or set_level chooses another.
inline Level level() {
  const int chosen = dlfs::detail::chosen_simd_level.load(std::memory_order_relaxed);
  return chosen < 0 ? dlfs::detail::choose_simd_level() : static_cast<Level>(chosen);
}

/// For tests and benchmarks. The level changes the last digits of results.
/// @throws ValueError if this machine cannot run the level.
inline void set_level(Level level) {
  if (!is_supported(level)) {
    throw ValueError("simd: this machine has no ", to_string(level));
  }
  dlfs::detail::chosen_simd_level.store(static_cast<int>(level), std::memory_order_relaxed);
}

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
