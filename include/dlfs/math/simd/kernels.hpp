#pragma once

// The kernels of dlfs::simd for each instruction set, chosen at run time.
//
// kernels.inl is compiled once per level, within a region whose functions are compiled for that
// level's instructions whatever the flags of the translation unit. No vector crosses the boundary
// of such a region: functions outside of it call in through pointers to elements.

#include <algorithm>
#include <array>
#include <concepts>
#include <utility>

#include "dlfs/math/simd/level.hpp"
#include "dlfs/math/simd/tile.hpp"
#include "dlfs/math/simd/winograd_matrices.hpp"

// Translation units with different flags compile the kernels differently, but the linker keeps only
// one of equal names: with the wrong one, a program could run instructions that the machine lacks.
// Hence the names depend on the flags.
#if defined(__AVX512F__)
#define DLFS_SIMD_NAMESPACE flags_avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define DLFS_SIMD_NAMESPACE flags_avx2_fma
#elif defined(__AVX2__)
#define DLFS_SIMD_NAMESPACE flags_avx2
#elif defined(__AVX__)
#define DLFS_SIMD_NAMESPACE flags_avx
#elif defined(__SSE4_1__)
#define DLFS_SIMD_NAMESPACE flags_sse4
#else
#define DLFS_SIMD_NAMESPACE flags_none
#endif

namespace dlfs::simd {
inline namespace DLFS_SIMD_NAMESPACE {

#if defined(DLFS_SIMD_X86)

#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")
#endif
namespace avx512 {
inline constexpr int vector_bytes = 64;
inline constexpr int tile_rows = 8;
#include "dlfs/math/simd/kernels.inl"
}  // namespace avx512
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace avx2 {
inline constexpr int vector_bytes = 32;
inline constexpr int tile_rows = 4;
#include "dlfs/math/simd/kernels.inl"
}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // DLFS_SIMD_X86

namespace base {
inline constexpr int vector_bytes = 16;
inline constexpr int tile_rows = 4;
#include "dlfs/math/simd/kernels.inl"
}  // namespace base

/// The kernels of the level in force. Elements other than float and double have those of the base.
template <class T>
const Kernels<T>& kernels() {
#if defined(DLFS_SIMD_X86)
  if constexpr (std::floating_point<T> && sizeof(T) <= sizeof(double)) {
    switch (level()) {
      case Level::avx512:
        return avx512::kernels<T>;
      case Level::avx2:
        return avx2::kernels<T>;
      case Level::base:
        break;
    }
  }
#endif
  return base::kernels<T>;
}

}  // namespace DLFS_SIMD_NAMESPACE
}  // namespace dlfs::simd

#undef DLFS_SIMD_NAMESPACE
