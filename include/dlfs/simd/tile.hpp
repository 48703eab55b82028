#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

#include "dlfs/core/index_range.hpp"
#include "dlfs/core/shape.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/simd/level.hpp"
#include "dlfs/simd/winograd_transforms.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd {

// Hints to fetch what will be read: soon, into the first-level cache, or later, into the second.
// Always inline, lest g++ 12 leave out a call that does nothing else.
DLFS_INLINE void prefetch_soon([[maybe_unused]] const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address, 0, 3);
#endif
}
DLFS_INLINE void prefetch_later([[maybe_unused]] const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address, 0, 2);
#endif
}

/// The most vectors of a tile.
inline constexpr int nr_vectors = 3;

/// How many numbers of rows a tile may have: 1, 2, 4 and 8.
inline constexpr int row_counts = 4;

/// Where the two factors of one term of a sum lie, in elements from those of the first.
struct Term {
  Index a;
  Index b;
};

/// A small block of a matrix product, which is summed up in registers:
///
///   c[v][i * c_stride] = start[i] + sum over t of a[i * a_stride + terms[t].a] * b[v][terms[t].b]
///
/// for the kernel's rows i, where c[v] and b[v] stand for a vector of neighbouring elements. The
/// factors are those of a matrix of any strides, in steps, or, found through a table, the pixels
/// under the taps of a window: the kernel need not know. Each sum is one chain in the order of the
/// terms, so how a product is cut into tiles does not change a bit of it. Where the tile `adds`,
/// the sum is added to c, or else it takes its place. All of c is read before any is written, row
/// by row: where rows overlap, the later ones stay.
template <class T>
struct Tile {
  const Term* terms = nullptr;
  Term step{};      // from one term to the next, without a table
  Index depth = 0;  // the number of terms
  const T* a = nullptr;
  Index a_stride = 0;
  const T* b[nr_vectors] = {};
  T* c[nr_vectors] = {};
  Index c_stride = 0;
  const T* start = nullptr;  // null to go on from the values in c
  bool adds = false;
};

/// Dense rows at equal distances.
template <class T>
struct Rows {
  T* data;
  Index stride;

  T* row(Index i) const { return data + i * stride; }
  /// Null stays null.
  Rows from(Index i) const { return {data != nullptr ? row(i) : nullptr, stride}; }
};

/// How many rows of a matrix (rows, columns), `stride` > 0 apart, can be read as vectors of `width`
/// >= columns elements that end before the matrix does; the last row never can.
constexpr Index rows_of_whole_vectors(Index rows, Index columns, Index stride, Index width) {
  const Index size = (rows - 1) * stride + columns;
  return std::max<Index>(0, size - width + stride - 1) / stride;
}

/// A matrix that is part of another, and may reach beyond its edges: what lies outside of `rows`
/// and `columns` counts as zeros.
template <class T>
struct Source {
  const T* data = nullptr;  // element (0, 0), which may lie outside of the memory
  Index stride = 0;         // from one row to the next
  Index step = 1;           // from one column to the next
  dlfs::detail::IndexRange rows;
  dlfs::detail::IndexRange columns;
  const T* memory_begin = nullptr;  // whatever lies here may be read
  const T* memory_end = nullptr;
};

/// What one instruction set offers for one type of elements.
template <class T>
struct Kernels {
  Index mr;     // rows of the largest tile, a power of two
  Index lanes;  // of a vector, likewise

  /// How many vectors hold so many columns.
  Index vectors(Index columns) const {
    return (columns + lanes - 1) >> std::countr_zero(static_cast<std::size_t>(lanes));
  }

  /// A tile of 2^i rows, up to `mr`, and j + 1 vectors is computed by micro_kernel[i][j].
  void (*micro_kernel[row_counts][nr_vectors])(const Tile<T>&);

  /// c(i, j) = start(i, j) + sum over t < depth of a(i, t) b(t, j) for i < rows, j < lanes and a
  /// depth of at most the lanes, each sum one chain in the order of t: registers hold all of b.
  /// `start` may be c, or null for zeros.
  void (*block_kernel)(Index rows, Index depth, Rows<const T> a, Rows<const T> b,
                       Rows<const T> start, Rows<T> c);

  /// c(i, j) = or += sum over t < depth of a(t, i) b(t, j) for i < 2 * mr and j < lanes, each sum
  /// one chain in the order of t. Neighbouring left factors share a register for their addresses.
  void (*outer_kernel)(Index depth, Rows<const T> a, Rows<const T> b, Rows<T> c, Store store);

  /// c[j] = or += sum over t < depth of a[t * a_stride] * b[t * b_stride + j] for j < columns, each
  /// sum one chain in the order of t: reads b once, along its rows, and what is between them.
  void (*row_kernel)(Index depth, Index columns, const T* a, Index a_stride, const T* b,
                     Index b_stride, T* c, Store store);

  /// to[i * to_stride + j] = from(i, j) for i < rows, j < columns. Of less than a vector of
  /// columns, row by row, a whole vector is written, with garbage at its end.
  void (*copy_rows)(Index rows, Index columns, const Source<T>& from, T* to, Index to_stride);

  /// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns.
  void (*transpose)(Index rows, Index columns, const T* from, Index from_stride, T* to,
                    Index to_stride);

  /// c[v][i * c_stride + l] += the sum of a[i * a_stride + j] * b[v][j] over the j < depth with
  /// j % lanes = l, for i < rows <= mr and all v. The depth is a multiple of the
  /// lanes, and there are no terms. Meanwhile `next_step` elements for each vector of terms are
  /// fetched from `next` on.
  void (*lane_kernel)(const Tile<T>&, Index rows, const T* next, Index next_step);

  WinogradTransforms<T> winograd;
};

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
