#pragma once

#include <algorithm>

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
};

/// How a product (m, k) (k, n) is cut so that its parts stay in the caches.
template <class T>
struct ProductBlocks {
  Index depth;    // of three vectors of columns of b that fill two thirds of the first-level cache
  Index rows;     // of that depth, of a part of a that the second-level cache holds
  Index columns;  // of that depth, of a part of b that it holds as well

  explicit ProductBlocks(const Kernels<T>& kernels) {
    constexpr Index vectors_bytes = 32 * 1024;
    constexpr Index part_bytes = 256 * 1024;
    depth = vectors_bytes / (most_vectors * kernels.lanes * Index{sizeof(T)});
    rows = part_bytes / (depth * Index{sizeof(T)}) / kernels.rows * kernels.rows;
    columns = rows;
  }
};

/// Lays `lanes` columns of b out as dense rows; those from `columns` on are zeros.
template <class T>
void pack_vector(const Kernels<T>& kernels, Strided<const T> b, Index depth, Index columns,
                 T* packed) {
  if (b.row == 1 && columns >= kernels.lanes) {
    kernels.transpose(kernels.lanes, depth, b.data, b.column, packed, kernels.lanes);
    return;
  }
  const bool is_full = b.column == 1 && b.row >= 0 && columns >= kernels.lanes;
  kernels.copy_rows(depth, kernels.lanes,
                    {.data = b.data,
                     .stride = b.row,
                     .step = b.column,
                     .rows = {0, depth},
                     .columns = {0, columns},
                     .memory_begin = b.data,
                     .memory_end = b.data + (is_full ? (depth - 1) * b.row + columns : 0)},
                    packed, kernels.lanes);
}

/// out (m, n) = or += a (m, k) b (k, n), where the rows of out are dense; m, k and n at least 1.
///
/// No sum depends on the blocks: each is one chain of products in the order of k.
template <class T>
void multiply_wide(const Kernels<T>& kernels, Index m, Index k, Index n, Strided<const T> a,
                   Strided<const T> b, Strided<T> out, Store store) {
  const Index lanes = kernels.lanes;
  const ProductBlocks<T> blocks(kernels);
  const Index depth = std::min(k, blocks.depth);
  // Rows of b are read where they lie, unless so many rows of a meet them that order pays.
  const bool is_packed = b.column != 1 || n < lanes || m > 2 * lanes * most_vectors;
  const Index column_blocks = is_packed ? (n + blocks.columns - 1) / blocks.columns : 1;
  const Index most_panels = (n / column_blocks + 1 + lanes - 1) / lanes;

  const Scratch<T> packed(is_packed ? most_panels * lanes * depth : 0);
  const Scratch<Panel<T>> panels(most_panels);
  const Scratch<Term> terms(depth);
  for (Index t = 0; t < depth; ++t) terms[t] = {t * a.column, t * (is_packed ? lanes : b.row)};
  const Scratch<T> zeros(m);
  std::fill_n(zeros.data(), m, T(0));

  for (Index block = 0; block < column_blocks; ++block) {
    const Index left = piece_begin(n, column_blocks, block);
    const Index columns = piece_begin(n, column_blocks, block + 1) - left;
    const Index count = (columns + lanes - 1) / lanes;
    for (Index top = 0; top < k; top += depth) {
      for (Index v = 0; v < count; ++v) {
        const Index column = left + (columns < lanes ? 0 : vector_begin(v, lanes, columns));
        panels[v] = {b.at(top, column), out.at(0, column)};
        if (!is_packed) continue;
        T* const copy = packed.data() + v * lanes * depth;
        pack_vector(kernels, {panels[v].b, b.row, b.column}, std::min(depth, k - top),
                    std::min(columns, lanes), copy);
        panels[v].b = copy;
      }
      Tile<T> tile{.terms = terms.data(), .depth = std::min(depth, k - top)};
      tile.a_stride = a.row;
      tile.c_stride = out.row;
      tile.start = top == 0 && store == Store::overwrite ? zeros.data() : nullptr;
      for (Index row = 0; row < m; row += blocks.rows) {
        tile.a = a.at(row, top);
        multiply_panels(kernels, tile, std::min(blocks.rows, m - row), panels.data(), count);
        for (Index v = 0; v < count; ++v) panels[v].c += blocks.rows * out.row;
      }
    }
  }
}

/// Likewise.
template <class T>
void multiply(Index m, Index k, Index n, Strided<const T> a, Strided<const T> b, Strided<T> out,
              Store store) {
  const Kernels<T>& kernels = simd::kernels<T>();
  if (n >= kernels.lanes) return multiply_wide(kernels, m, k, n, a, b, out, store);

  // The few columns of the result are computed as one vector, and copied.
  constexpr Index most_rows = 256;
  const Index lanes = kernels.lanes;
  const Scratch<T> wide(std::min(m, most_rows) * lanes);
  for (Index top = 0; top < m; top += most_rows) {
    const Index rows = std::min(most_rows, m - top);
    if (store == Store::add) {
      for (Index i = 0; i < rows; ++i) std::copy_n(out.at(top + i, 0), n, wide.data() + i * lanes);
    }
    multiply_wide<T>(kernels, rows, k, n, {a.at(top, 0), a.row, a.column}, b,
                     {wide.data(), lanes, 1}, store);
    for (Index i = 0; i < rows; ++i) std::copy_n(wide.data() + i * lanes, n, out.at(top + i, 0));
  }
}

}  // namespace dlfs::simd
