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

// Prefetch hints: soon, into the first-level cache; or later, into the second. Always inlined,
// because g++ 12 may remove a call that does nothing else.
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

/// Maximum number of vectors in a row of a tile: nr = nr_vectors * lanes columns.
inline constexpr int nr_vectors = 3;

/// Number of heights that a tile may have: 1, 2, 4 and 8 rows.
inline constexpr int row_counts = 4;

/// The offsets of the two factors of a term from those of the first term, in elements.
struct Term {
  Index a;
  Index b;
};

/// A small block of a matrix product whose sums stay in registers:
///
///   c[v][i * c_stride] = start[i] + sum over t of a[i * a_stride + terms[t].a] * b[v][terms[t].b]
///
/// for the kernel's rows i, where c[v] and b[v] stand for a vector of neighbouring elements. The
/// factors are elements of a matrix of any strides, at equal steps, or, through a table, the pixels
/// under the taps of a window: the kernel does not know which. Each sum is one chain in the order
/// of the terms, so every division of a product into tiles gives the same bits. If the tile `adds`,
/// the sum is added to c, or else it replaces c. All of c is read before any is written, row by
/// row: where rows overlap, the later rows stay.
template <class T>
struct Tile {
  const Term* terms = nullptr;
  Term step{};      // offsets from one term to the next, if there is no table
  Index depth = 0;  // the number of terms
  const T* a = nullptr;
  Index a_stride = 0;
  const T* b[nr_vectors] = {};
  T* c[nr_vectors] = {};
  Index c_stride = 0;
  const T* start = nullptr;  // null: continue from the values in c
  bool adds = false;
};

/// Dense rows at equal distance.
template <class T>
struct Rows {
  T* data;
  Index stride;

  T* row(Index i) const { return data + i * stride; }
  /// Keeps null.
  Rows from(Index i) const { return {data != nullptr ? row(i) : nullptr, stride}; }
};

/// The number of rows of a matrix (rows, columns), at distance `stride` > 0, that can be read in
/// vectors of `width` >= columns elements without passing the matrix's end. The last row never can.
constexpr Index rows_of_whole_vectors(Index rows, Index columns, Index stride, Index width) {
  const Index size = (rows - 1) * stride + columns;
  return std::max<Index>(0, size - width + stride) / stride;
}

/// A matrix that is part of another and may extend beyond its edges: elements outside of `rows` and
/// `columns` are zeros.
template <class T>
struct Source {
  const T* data = nullptr;  // element (0, 0), which may be outside of the memory
  Index stride = 0;         // distance from one row to the next, in elements
  Index step = 1;           // distance from one column to the next, in elements
  dlfs::detail::IndexRange rows;
  dlfs::detail::IndexRange columns;
  const T* memory_begin = nullptr;  // all elements of [memory_begin, memory_end) may be read
  const T* memory_end = nullptr;
};

/// A row a (terms) times a matrix b (terms, columns), with dense rows or packed.
template <class T>
struct RowTimesMatrix {
  const T* a;
  Index terms;
  const T* b;
  Index columns;
};

/// Planes of pixels under a window: position (i, j) sees, under tap t, the pixel at
/// offsets[t] + i * row + j.
template <class T>
struct WindowPlane {
  Index rows;
  Index columns;
  Index row;  // distance of the pixels of two rows
  Index taps;
  const Index* offsets;
  const T* pixels;
};

/// The kernels of one instruction set for one element type.
template <class T>
struct Kernels {
  Index mr;     // rows of the largest tile, a power of two
  Index lanes;  // elements of a vector, a power of two

  /// The number of vectors that hold `columns` columns.
  Index vectors(Index columns) const {
    return (columns + lanes - 1) >> std::countr_zero(static_cast<std::size_t>(lanes));
  }

  /// micro_kernel[i][j] computes a tile of 2^i rows, at most `mr`, and j + 1 vectors.
  void (*micro_kernel[row_counts][nr_vectors])(const Tile<T>&);

  /// c(i, j) = start(i, j) + sum over t < depth of a(i, t) b(t, j) for i < rows, j < lanes and
  /// depth <= lanes. Each sum is one chain in the order of t. Registers hold all of b. `start` may
  /// be c, or null for zeros.
  void (*block_kernel)(Index rows, Index depth, Rows<const T> a, Rows<const T> b,
                       Rows<const T> start, Rows<T> c);

  /// c(i, j) = or += sum over t < depth of a(t, i) b(t, j) for i < 2 * mr and j < lanes. Each sum
  /// is one chain in the order of t. Neighbouring left factors share a register for their
  /// addresses.
  void (*outer_kernel)(Index depth, Rows<const T> a, Rows<const T> b, Rows<T> c, Store store);

  /// c[j] = start[j] + sum over t < depth of a[t * a_stride] * b[t * b_stride + j] for j < columns.
  /// Each sum is one chain in the order of t. Reads b once, along its rows, with the gaps between
  /// them. `start` may be c, or null for zeros.
  void (*row_kernel)(Index depth, Index columns, const T* a, Index a_stride, const T* b,
                     Index b_stride, const T* start, T* c);

  /// out = start + a b, for as many columns as b has, a multiple of the lanes. `start` may be out.
  /// Sums stay in registers. With fewer than eight vectors of columns, each sum is several chains:
  /// one row alone would wait for the latency of each product.
  void (*row_product)(const RowTimesMatrix<T>& product, const T* start, T* out);

  /// to[i * to_stride + j] = from(i, j) for i < rows, j < columns, row by row. If there are fewer
  /// columns than lanes, writes whole vectors, with unspecified values at the end.
  void (*copy_rows)(Index rows, Index columns, const Source<T>& from, T* to, Index to_stride);

  /// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns.
  void (*transpose)(Index rows, Index columns, const T* from, Index from_stride, T* to,
                    Index to_stride);

  /// c[v][i * c_stride + l] += the sum of a[i * a_stride + j] * b[v][j] over the j < depth with
  /// j % lanes = l, for i < rows <= mr and all v. The depth is a multiple of the lanes, and there
  /// is no table of terms. Prefetches `next_step` elements from `next` on for each vector of terms.
  void (*lane_kernel)(const Tile<T>&, Index rows, const T* next, Index next_step);

  /// out[i * columns + j] = start + sum over t of weights[t] * the pixel under tap t of position
  /// (i, j). Each sum is one chain in the order of t. Writes whole vectors: the last one of a row
  /// overlaps the one before, or passes the end of the row if there are fewer columns than lanes.
  void (*window_sums)(const WindowPlane<T>& plane, const T* weights, T start, T* out);

  /// sums[t] += sum over i and j of factors[i * columns + j] * the pixel under tap t of position
  /// (i, j). The sum is one chain for each lane, and then of the lanes. Reads whole vectors.
  void (*window_products)(const WindowPlane<T>& plane, const T* factors, T* sums);

  WinogradTransforms<T> winograd;
};

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
