#pragma once

#include <algorithm>
#include <bit>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::gemm {

using namespace simd;

/// One vector of columns of a product: its right factors, and row 0 of its results.
template <class T>
struct Panel {
  const T* b;
  T* c;
};

/// Number of weights or results that fill most of the second-level cache, in elements (512 KiB).
template <class T>
inline constexpr Index many_elements = 512 * 1024 / sizeof(T);

/// The distance from a tile to the results that macro_kernel prefetches, in columns. 0 for few
/// results; many results are in distant memory.
template <class T>
Index next_columns(const Kernels<T>& kernels, Index results) {
  return results >= many_elements<T> ? nr_vectors * kernels.lanes : 0;
}

/// Computes the tiles of `rows` rows and of all panels. `tile` describes the first tile; from one
/// to the next, a moves by `a_step`. Prefetches the results `ahead` columns further, unless that is
/// 0.
template <class T>
void macro_kernel(const Kernels<T>& kernels, const Tile<T>& tile, Index a_step, Index rows,
                  const Panel<T>* panels, Index count, Index ahead = 0) {
  // The results of such deep products are in distant memory.
  const bool is_deep = tile.depth > 256;
  const Index groups = (count + nr_vectors - 1) / nr_vectors;
  for (Index group = 0; group < groups; ++group) {
    const Index first = piece_begin(count, groups, group);
    const Index vectors = piece_begin(count, groups, group + 1) - first;
    // The right factors stay in the first-level cache for all rows.
    Tile<T> part = tile;
    for (Index row = 0, part_rows = kernels.mr; row < rows; row += part_rows) {
      while (part_rows > rows - row) part_rows /= 2;
      if (tile.start != nullptr) part.start = tile.start + row;
      for (Index v = 0; v < vectors; ++v) {
        part.b[v] = panels[first + v].b;
        part.c[v] = panels[first + v].c + row * tile.c_stride;
        for (Index i = part_rows; is_deep && i < std::min(2 * part_rows, rows - row); ++i) {
          prefetch_later(part.c[v] + i * tile.c_stride);
        }
        for (Index i = 0; ahead != 0 && i < part_rows; ++i) {
          prefetch_later(part.c[v] + i * tile.c_stride + ahead);
        }
      }
      kernels.micro_kernel[std::countr_zero(static_cast<unsigned>(part_rows))][vectors - 1](part);
      part.a += part_rows == kernels.mr ? a_step : part_rows * tile.a_stride;
    }
  }
}

/// The same for rows at equal distance.
template <class T>
void macro_kernel(const Kernels<T>& kernels, const Tile<T>& tile, Index rows,
                  const Panel<T>* panels, Index count, Index ahead = 0) {
  macro_kernel(kernels, tile, kernels.mr * tile.a_stride, rows, panels, count, ahead);
}

/// The first column of each vector of `columns` >= lanes columns. The last vector overlaps the one
/// before, so that none passes the end: the same values are written twice. Both must be in one
/// group of macro_kernel, which reads all of c before it writes.
constexpr Index vector_begin(Index vector, Index lanes, Index columns) {
  return std::min(vector * lanes, columns - lanes);
}

}  // namespace dlfs::gemm
DLFS_STRICT_MATH_END
