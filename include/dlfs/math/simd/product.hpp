#pragma once

#include <algorithm>
#include <array>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/math/simd/multiply.hpp"
#include "dlfs/math/store.hpp"

namespace dlfs::simd {

/// A matrix of any strides.
template <class T>
struct Strided {
  T* data;
  Index row;     // from one row to the next
  Index column;  // from one column to the next

  T* at(Index i, Index j) const { return data + i * row + j * column; }
  Strided from(Index i, Index j) const { return {at(i, j), row, column}; }
  Strided transposed() const { return {data, column, row}; }
};

/// The extent of blocks that cut an axis into parts of nearly equal size: at most `most`, rounded
/// up to a multiple of `unit`.
constexpr Index block_extent(Index extent, Index most, Index unit) {
  const Index blocks = (extent + most - 1) / most;
  return (extent + blocks * unit - 1) / (blocks * unit) * unit;
}

/// Lays a matrix (rows, columns) out in panels of `width` columns, with dense rows, one behind the
/// other. The last one is filled up with zeros, or, if it `overlaps` the one before, ends where the
/// matrix ends. Less than a vector behind the panels may be overwritten.
template <class T>
void pack_panels(const Kernels<T>& kernels, const Strided<const T>& from, Index rows, Index columns,
                 Index width, bool overlaps, T* to) {
  const bool is_transposed = from.row == 1 && from.column != 1;
  // Rows may lie in a page each, so some are read to their end at a time. But what a copy of less
  // than a vector spills must be overwritten by the next one.
  const Index most_rows = is_transposed || width < kernels.lanes ? rows : 16;
  for (Index top = 0; top < rows; top += most_rows) {
    const Index height = std::min(most_rows, rows - top);
    for (Index j = 0; j < columns; j += width) {
      const Index left = overlaps ? std::min(j, columns - width) : j;
      const Index filled = std::min(width, columns - left);
      const T* const data = from.at(top, left);
      T* const panel = to + j * rows + top * width;
      if (is_transposed && filled == width) {
        kernels.transpose(width, height, data, from.column, panel, width);
        continue;
      }
      const bool is_dense = from.column == 1 && from.row >= 0;
      kernels.copy_rows(height, width,
                        {.data = data,
                         .stride = from.row,
                         .step = from.column,
                         .rows = {0, height},
                         .columns = {0, filled},
                         .memory_begin = data,
                         .memory_end = is_dense ? from.at(rows - 1, columns - 1) + 1 : data},
                        panel, width);
    }
  }
}

/// The rows and terms that are computed at a time. A few rows of a stay in the first-level cache,
/// three vectors of b and a block of a in the second-level cache.
inline constexpr Index block_rows = 192;
inline constexpr Index block_depth = 544;

/// Where the sums of rows begin.
template <class T>
inline constexpr std::array<T, block_rows> zero_start{};

/// The elements of a page of memory. Rows that are whole pages apart share their places in the
/// cache.
template <class T>
inline constexpr Index page = 4096 / sizeof(T);

/// The columns of b up to which the rows of a, or its dense columns, are better read where they
/// lie.
template <class T>
Index most_columns_in_place(const Strided<const T>& a) {
  if (a.column == 1) return 1024;
  return a.column % page<T> == 0 ? 128 : 256;
}

/// The rows of a up to which the dense rows of b (k, n) are better read where they lie.
template <class T>
Index most_rows_in_place(const Strided<const T>& b, Index n, Index lanes) {
  if (b.row % page<T> == 0) return 24;
  if (b.row % lanes != 0) return 96;
  return n <= 256 ? 256 : 112;
}

/// out (m, n) = or += a (m, k) b (k, n), where the rows of out are dense; m and k at least 1, n at
/// least a vector.
template <class T>
void multiply_wide(const Kernels<T>& kernels, Index m, Index k, Index n, const Strided<const T>& a,
                   const Strided<const T>& b, const Strided<T>& out, Store store) {
  const Index lanes = kernels.lanes;
  // Factors are read where they lie, unless so many others meet them that order pays. A small b is
  // in the first-level cache anyway.
  constexpr Index small = 64 * 1024 / sizeof(T);
  const bool packs_a = n > most_columns_in_place(a);
  const bool packs_b = b.column != 1 || (m > most_rows_in_place(b, n, lanes) && k * n > small);
  const Index depth = block_extent(k, block_depth, 1);
  const Index height = block_extent(m, block_rows, kernels.rows);
  const Index column_blocks = (n + 2047) / 2048;
  const Index most_panels = (n / column_blocks + lanes) / lanes;

  const Scratch<T> packed_a(packs_a ? height * depth + lanes : 0);
  const Scratch<T> packed_b(packs_b ? most_panels * lanes * depth : 0);
  const Scratch<Panel<T>> panels(most_panels);
  const Term step{packs_a ? kernels.rows : a.column, packs_b ? lanes : b.row};

  for (Index block = 0; block < column_blocks; ++block) {
    const Index left = piece_begin(n, column_blocks, block);
    const Index columns = piece_begin(n, column_blocks, block + 1) - left;
    const Index count = (columns + lanes - 1) / lanes;
    for (Index top = 0; top < k; top += depth) {
      Tile<T> tile{.step = step, .depth = std::min(depth, k - top)};
      if (packs_b) {
        pack_panels(kernels, b.from(top, left), tile.depth, columns, lanes, true, packed_b.data());
      }
      for (Index v = 0; v < count; ++v) {
        const Index column = left + vector_begin(v, lanes, columns);
        panels[v] = {packs_b ? packed_b.data() + v * lanes * tile.depth : b.at(top, column),
                     out.at(0, column)};
      }
      tile.a_stride = packs_a ? 1 : a.row;
      tile.c_stride = out.row;
      tile.start = top == 0 && store == Store::overwrite ? zero_start<T>.data() : nullptr;
      const Index a_step = kernels.rows * (packs_a ? tile.depth : a.row);
      for (Index row = 0; row < m; row += height) {
        const Index rows = std::min(height, m - row);
        tile.a = packs_a ? packed_a.data() : a.at(row, top);
        if (packs_a) {
          pack_panels(kernels, a.from(row, top).transposed(), tile.depth, rows, kernels.rows, false,
                      packed_a.data());
        }
        multiply_panels(kernels, tile, a_step, rows, panels.data(), count);
        for (Index v = 0; v < count; ++v) panels[v].c += height * out.row;
      }
    }
  }
}

/// Likewise for less than a vector of columns, which are computed as a whole one.
template <class T>
void multiply_narrow(const Kernels<T>& kernels, Index m, Index k, Index n,
                     const Strided<const T>& a, const Strided<const T>& b, const Strided<T>& out,
                     Store store) {
  const Index lanes = kernels.lanes;
  const Index depth = block_extent(k, block_depth, 1);
  const Scratch<T> packed(depth * lanes);
  const Scratch<T> vectors(std::min(m, block_rows) * lanes);
  for (Index top = 0; top < k; top += depth) {
    Tile<T> tile{.step = {a.column, lanes}, .depth = std::min(depth, k - top), .a_stride = a.row};
    tile.start = top == 0 && store == Store::overwrite ? zero_start<T>.data() : nullptr;
    pack_panels(kernels, b.from(top, 0), tile.depth, n, lanes, false, packed.data());
    // A vector may spill into the rows that follow, where those are written later and not read.
    const bool may_spill = out.row == n && depth == k && store == Store::overwrite;
    const Index spilled = (lanes + n - 1) / n - 1;  // rows
    for (Index row = 0; row < m; row += block_rows) {
      const Index rows = std::min(block_rows, m - row);
      const Index direct =
          may_spill && rows > spilled ? (rows - spilled) / kernels.rows * kernels.rows : 0;
      Panel<T> panel{packed.data(), out.at(row, 0)};
      tile.a = a.at(row, top);
      tile.c_stride = n;
      multiply_panels(kernels, tile, direct, &panel, 1);

      panel.c = vectors.data();
      tile.a += direct * a.row;
      tile.c_stride = lanes;
      for (Index i = direct; i < rows && tile.start == nullptr; ++i) {
        std::copy_n(out.at(row + i, 0), n, vectors.data() + (i - direct) * lanes);
      }
      multiply_panels(kernels, tile, rows - direct, &panel, 1);
      for (Index i = direct; i < rows; ++i) {
        std::copy_n(vectors.data() + (i - direct) * lanes, n, out.at(row + i, 0));
      }
    }
  }
}

/// Likewise for few columns, with the rows of out in the lanes: the transposed product.
template <class T>
void multiply_transposed(const Kernels<T>& kernels, Index m, Index k, Index n,
                         const Strided<const T>& a, const Strided<const T>& b,
                         const Strided<T>& out, Store store) {
  const Index stride = std::min(m, block_rows);
  const Scratch<T> columns(n * stride);
  for (Index top = 0; top < m; top += stride) {
    const Index rows = std::min(stride, m - top);
    if (store == Store::add) {
      kernels.transpose(rows, n, out.at(top, 0), out.row, columns.data(), stride);
    }
    const auto multiply = rows < kernels.lanes ? multiply_narrow<T> : multiply_wide<T>;
    multiply(kernels, n, k, rows, b.transposed(), a.from(top, 0).transposed(),
             {columns.data(), stride, 1}, store);
    kernels.transpose(n, rows, columns.data(), stride, out.at(top, 0), out.row);
  }
}

/// out (m, n) = or += a (m, k) b (k, n), where the rows of out are dense; m, k and n at least 1.
///
/// Each sum is one chain of products in the order of k, however the product is cut.
template <class T>
void multiply(Index m, Index k, Index n, const Strided<const T>& a, const Strided<const T>& b,
              const Strided<T>& out, Store store) {
  const Kernels<T>& kernels = simd::kernels<T>();
  if (m == 1 && b.column == 1) {
    return kernels.multiply_row(k, n, a.data, a.column, b.data, b.row, out.data, store);
  }
  // A few columns leave lanes idle that the rows of out would fill; but to transpose a has its
  // price.
  const Index rest = n % kernels.lanes;
  const bool is_few = rest <= kernels.lanes / 2;
  const bool splits =
      n < kernels.lanes ? is_few || a.row == 1 : is_few && a.row == 1 && m >= kernels.lanes;
  const Index whole = splits ? n - rest : n;
  if (whole >= kernels.lanes) {
    multiply_wide(kernels, m, k, whole, a, b, out, store);
  } else if (whole > 0) {
    multiply_narrow(kernels, m, k, n, a, b, out, store);
  }
  if (whole < n) {
    multiply_transposed(kernels, m, k, rest, a, b.from(0, whole), out.from(0, whole), store);
  }
}

}  // namespace dlfs::simd
