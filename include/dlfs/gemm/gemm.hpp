#pragma once

#include <algorithm>
#include <array>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/gemm/macro_kernel.hpp"
#include "dlfs/gemm/pack.hpp"
#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::gemm {

/// The extent of the blocks that divide an axis into nearly equal parts: at most `most`, rounded up
/// to a multiple of `unit`, a power of two.
constexpr Index block_extent(Index extent, Index most, Index unit) {
  const Index blocks = (extent + most - 1) / most;
  const Index part = blocks == 1 ? extent : (extent + blocks - 1) / blocks;
  return (part + unit - 1) & -unit;
}

// Block sizes in elements, named as in BLIS. A few rows of a (width kc) stay in the first-level
// cache; three vectors of b and a block of a (mc, kc) stay in the second-level cache.
inline constexpr Index mc = 192;
inline constexpr Index nc = 2048;
template <class T>
inline constexpr Index kc = 3136 / sizeof(T);  // for float: the pixels of an MNIST digit

/// The number of terms that a sum of k terms adds in one chain, which is the block size of k. The
/// sums of the blocks are added in order, so that long sums keep their precision.
template <class T>
constexpr Index chain_length(Index k) {
  return block_extent(k, kc<T>, 1);
}

/// Zeros: the start of the sums of mc rows.
template <class T>
inline constexpr std::array<T, mc> zero_start{};

/// Size of a memory page, in elements. Rows at a distance of whole pages compete for cache lines.
template <class T>
inline constexpr Index page = 4096 / sizeof(T);

/// Maximum number of columns of b for which a is read in place. With more columns, packing a pays.
template <class T>
Index most_columns_in_place(const Strided<const T>& a, Index m, Index k) {
  if (a.column == 1) return a.row % page<T> == 0 ? 256 : 1024;
  const bool is_large = m * k >= Index{2 * 1024 * 1024 / sizeof(T)};
  return a.column % page<T> == 0 || is_large ? 128 : 256;
}

/// Maximum number of rows of a for which b (k, n), with dense rows, is read in place. With more
/// rows, packing b pays.
template <class T>
Index most_rows_in_place(const Strided<const T>& b, Index k, Index n, Index lanes) {
  Index rows = n <= 256 ? 256 : 112;
  if (b.row % lanes != 0) rows = 96;
  if (b.row % page<T> == 0) rows = 24;
  // A small b is mostly in the first-level cache anyway.
  const bool is_small = k * n <= Index{64 * 1024 / sizeof(T)};
  return is_small ? 4 * rows : rows;
}

/// out (m, n) = or += a (m, k) b (k, n), where the rows of out are dense, m and k are at least 1,
/// and n is at least `lanes`. When it overwrites, the sums start from `start` (m), or from zeros if
/// that is null.
template <class T>
void gemm_wide(const Kernels<T>& kernels, Index m, Index k, Index n, const Strided<const T>& a,
               const Strided<const T>& b, const Strided<T>& out, Store store,
               const T* start = nullptr) {
  const Index lanes = kernels.lanes;
  // A matrix is packed only if enough rows or columns use it.
  const bool packs_a = n > most_columns_in_place(a, m, k);
  const bool packs_b = b.column != 1 || m > most_rows_in_place(b, k, n, lanes);
  const Index depth = chain_length<T>(k);
  const Index height = block_extent(m, mc, kernels.mr);
  const Index column_blocks = (n + nc - 1) / nc;
  const Index most_panels = kernels.vectors(n / column_blocks + 1);

  const Index packed_b_size = packs_b ? most_panels * lanes * depth : 0;
  const Scratch<T> packed(packed_b_size + (packs_a ? height * depth + lanes : 0));
  T* const packed_b = packed.data();
  T* const packed_a = packed_b + packed_b_size;
  const Scratch<Panel<T>> panels(most_panels);
  const Term step{packs_a ? kernels.mr : a.column, packs_b ? lanes : b.row};

  for (Index block = 0; block < column_blocks; ++block) {
    const Index left = piece_begin(n, column_blocks, block);
    const Index columns = piece_begin(n, column_blocks, block + 1) - left;
    const Index count = kernels.vectors(columns);
    for (Index top = 0; top < k; top += depth) {
      Tile<T> tile{.step = step, .depth = std::min(depth, k - top)};
      if (packs_b) {
        pack_panels(kernels, b.from(top, left), tile.depth, columns, lanes, true, packed_b);
      }
      for (Index v = 0; v < count; ++v) {
        const Index column = left + vector_begin(v, lanes, columns);
        panels[v] = {packs_b ? packed_b + v * lanes * tile.depth : b.at(top, column),
                     out.at(0, column)};
      }
      tile.a_stride = packs_a ? 1 : a.row;
      tile.c_stride = out.row;
      const bool begins = top == 0 && store == Store::overwrite;
      const Index a_step = kernels.mr * (packs_a ? tile.depth : a.row);
      for (Index row = 0; row < m; row += height) {
        const Index rows = std::min(height, m - row);
        tile.a = packs_a ? packed_a : a.at(row, top);
        tile.adds = top > 0;
        if (begins || tile.adds) {
          tile.start = begins && start != nullptr ? start + row : zero_start<T>.data();
        }
        if (packs_a) {
          pack_panels(kernels, a.from(row, top).transposed(), tile.depth, rows, kernels.mr, false,
                      packed_a);
        }
        macro_kernel(kernels, tile, a_step, rows, panels.data(), count,
                     next_columns(kernels, m * n));
        for (Index v = 0; v < count; ++v) panels[v].c += height * out.row;
      }
    }
  }
}

/// The same for fewer columns than a vector, computed as a whole vector, and at most kc terms.
/// Reads b along its rows, including the gaps between them.
template <class T>
void gemm_narrow_part(const Kernels<T>& kernels, Index m, Index k, Index n,
                      const Strided<const T>& a, const Strided<const T>& b, const Strided<T>& out,
                      Store store) {
  const Index lanes = kernels.lanes;
  const Index height = std::min(m, mc);
  const bool packs_a = a.column != 1;
  const Scratch<T> packed_a(packs_a ? height * k + lanes : 0);
  const bool reads_b = b.column == 1 && b.row >= n;
  const Index in_place = reads_b ? rows_of_whole_vectors(k, n, b.row, lanes) / lanes * lanes : 0;
  const Scratch<T> packed_b((k - in_place) * lanes);
  pack_panels(kernels, b.from(in_place, 0), k - in_place, n, lanes, false, packed_b.data());
  const Scratch<T> memory(height * lanes);
  const Rows<T> sums{memory.data(), lanes};
  // A vector may write past its row if the following rows are written later and not read.
  const bool may_spill = out.row == n && store == Store::overwrite;
  const Index spilled = (lanes + n - 1) / n - 1;  // rows

  for (Index top = 0; top < m; top += height) {
    const Index rows = std::min(height, m - top);
    const Index direct = may_spill ? std::clamp<Index>(m - spilled - top, 0, rows) : 0;
    if (packs_a) pack_panels(kernels, a.from(top, 0), rows, k, k, false, packed_a.data());
    for (Index i = 0; i < rows && store == Store::add; ++i) {
      std::copy_n(out.at(top + i, 0), n, sums.row(i));
    }
    for (Index t = 0; t < k; t += lanes) {
      const Index terms = std::min(lanes, k - t);
      const Rows<const T> left =
          packs_a ? Rows<const T>{packed_a.data() + t, k} : Rows<const T>{a.at(top, t), a.row};
      const Rows<const T> right =
          t < in_place ? Rows<const T>{b.at(t, 0), b.row}
                       : Rows<const T>{packed_b.data() + (t - in_place) * lanes, lanes};
      const bool begins = t == 0 && store == Store::overwrite;
      const Rows<const T> start{begins ? nullptr : sums.data, lanes};
      const Index to_out = t + terms == k ? direct : 0;
      kernels.block_kernel(to_out, terms, left, right, start, {out.at(top, 0), out.row});
      kernels.block_kernel(rows - to_out, terms, left.from(to_out), right, start.from(to_out),
                           sums.from(to_out));
    }
    for (Index i = direct; i < rows; ++i) std::copy_n(sums.row(i), n, out.at(top + i, 0));
  }
}

/// Calls `part(first, terms, out, store)` for each chain of the sums out (m, n), and adds up the
/// chains. The rows of out are dense.
template <class T, class Part>
void add_chains(Index m, Index k, Index n, const Strided<T>& out, Store store, const Part& part) {
  const Index depth = chain_length<T>(k);
  part(0, std::min(depth, k), out, store);
  if (depth >= k) return;
  const Scratch<T> sums(m * n);
  for (Index t = depth; t < k; t += depth) {
    part(t, std::min(depth, k - t), Strided<T>{sums.data(), n, 1}, Store::overwrite);
    for (Index i = 0; i < m; ++i) {
      map(AddTo(), n, static_cast<const T*>(sums.data() + i * n), out.at(i, 0));
    }
  }
}

/// The same for any number of terms.
template <class T>
void gemm_narrow(const Kernels<T>& kernels, Index m, Index k, Index n, const Strided<const T>& a,
                 const Strided<const T>& b, const Strided<T>& out, Store store) {
  add_chains(m, k, n, out, store, [&](Index t, Index terms, const Strided<T>& to, Store store_to) {
    gemm_narrow_part(kernels, m, terms, n, a.from(0, t), b.from(t, 0), to, store_to);
  });
}

/// The same for few columns, with the rows of out in the lanes: the transposed product.
template <class T>
void gemm_transposed(const Kernels<T>& kernels, Index m, Index k, Index n,
                     const Strided<const T>& a, const Strided<const T>& b, const Strided<T>& out,
                     Store store) {
  const Index stride = std::min(m, mc);
  const Scratch<T> columns(n * stride);
  for (Index top = 0; top < m; top += stride) {
    const Index rows = std::min(stride, m - top);
    if (store == Store::add) {
      kernels.transpose(rows, n, out.at(top, 0), out.row, columns.data(), stride);
    }
    const Strided<const T> left = b.transposed();
    const Strided<const T> right = a.from(top, 0).transposed();
    const Strided<T> product{columns.data(), stride, 1};
    if (rows < kernels.lanes) {
      gemm_narrow(kernels, n, k, rows, left, right, product, store);
    } else {
      gemm_wide(kernels, n, k, rows, left, right, product, store);
    }
    kernels.transpose(n, rows, columns.data(), stride, out.at(top, 0), out.row);
  }
}

/// Whether the product has so few terms that tiles are slower, because each sum has a setup cost.
/// The last vector of columns may overlap the one before if neither is read.
template <class T>
bool is_shallow(Index lanes, Index k, Index n, const Strided<const T>& a, Store store) {
  const bool may_overlap = store == Store::overwrite && k <= lanes && n > lanes;
  return k <= 2 * lanes && a.column == 1 && (n % lanes == 0 || may_overlap);
}

/// out (m, n) = start + a (m, k) b (k, n), where is_shallow. `start` may be out, null for zeros, or
/// one row for all.
template <class T>
void gemm_shallow(const Kernels<T>& kernels, Index m, Index k, Index n, const Strided<const T>& a,
                  const Strided<const T>& b, const Rows<const T>& start, const Strided<T>& out) {
  const Index lanes = kernels.lanes;
  const Index vectors = kernels.vectors(n);
  const bool packs_b = b.column != 1;
  const Scratch<T> packed_b(packs_b ? vectors * lanes * k : 0);
  if (packs_b) pack_panels(kernels, b, k, n, lanes, true, packed_b.data());
  for (Index v = 0; v < vectors; ++v) {
    const Index column = vector_begin(v, lanes, n);
    const Rows<const T> right = packs_b ? Rows<const T>{packed_b.data() + v * lanes * k, lanes}
                                        : Rows<const T>{b.at(0, column), b.row};
    const Rows<T> sums{out.at(0, column), out.row};
    Rows<const T> from = start;
    if (start.data != nullptr) from.data += column;
    for (Index t = 0; t < k; t += lanes) {
      kernels.block_kernel(m, std::min(lanes, k - t), {a.at(0, t), a.row}, right.from(t), from,
                           sums);
      from = {sums.data, out.row};
    }
  }
}

/// Whether Kernels::outer_kernel computes the product, some rows at a time.
template <class T>
bool is_outer(const Kernels<T>& kernels, Index m, Index k, Index n, const Strided<const T>& a,
              const Strided<const T>& b) {
  return n == kernels.lanes && m % (2 * kernels.mr) == 0 && k <= kc<T> && a.row == 1 &&
         b.column == 1;
}

/// out (m, n) = or += a (m, k) b (k, n), where the rows of out are dense; m, k and n at least 1.
///
/// Each sum is one chain of products in the order of k, or several chains that are added in order:
/// see chain_length. The result does not depend on how the product is divided.
template <class T>
void gemm(Index m, Index k, Index n, const Strided<const T>& a, const Strided<const T>& b,
          const Strided<T>& out, Store store) {
  const Kernels<T>& kernels = simd::kernels<T>();
  if (m == 1 && b.column == 1 && k <= kc<T>) {
    return kernels.row_kernel(k, n, a.data, a.column, b.data, b.row,
                              store == Store::overwrite ? nullptr : out.data, out.data);
  }
  if (m == 1 && b.column == 1) {
    return add_chains(
        1, k, n, out, store, [&](Index t, Index terms, const Strided<T>& to, Store store_to) {
          kernels.row_kernel(terms, n, a.at(0, t), a.column, b.at(t, 0), b.row,
                             store_to == Store::overwrite ? nullptr : to.data, to.data);
        });
  }
  if (is_outer(kernels, m, k, n, a, b)) {
    for (Index row = 0; row < m; row += 2 * kernels.mr) {
      kernels.outer_kernel(k, {a.at(row, 0), a.column}, {b.data, b.row}, {out.at(row, 0), out.row},
                           store);
    }
    return;
  }
  if (is_shallow(kernels.lanes, k, n, a, store)) {
    return gemm_shallow(kernels, m, k, n, a, b, {store == Store::add ? out.data : nullptr, out.row},
                        out);
  }
  // A rest of few columns leaves lanes idle. The rows of out would fill them, but transposing a
  // also takes time.
  const Index rest = n % kernels.lanes;
  const bool is_few = rest <= kernels.lanes / 2;
  const bool splits =
      n < kernels.lanes ? is_few || a.row == 1 : is_few && a.row == 1 && m >= kernels.lanes;
  const Index whole = splits ? n - rest : n;
  if (whole >= kernels.lanes) {
    gemm_wide(kernels, m, k, whole, a, b, out, store);
  } else if (whole > 0) {
    gemm_narrow(kernels, m, k, n, a, b, out, store);
  }
  if (whole < n) {
    gemm_transposed(kernels, m, k, rest, a, b.from(0, whole), out.from(0, whole), store);
  }
}

/// out (m, n) = start (m), for all columns, + a (m, k) b (k, n); otherwise like gemm.
template <class T>
void gemm_from(const T* start, Index m, Index k, Index n, const Strided<const T>& a,
               const Strided<const T>& b, const Strided<T>& out) {
  const Kernels<T>& kernels = simd::kernels<T>();
  if (m > 1 && k > 2 * kernels.lanes && n >= kernels.lanes) {
    return gemm_wide(kernels, m, k, n, a, b, out, Store::overwrite, start);
  }
  for (Index i = 0; i < m; ++i) std::fill_n(out.at(i, 0), n, start[i]);
  gemm<T>(m, k, n, a, b, out, Store::add);
}

/// out (m, n) = start (n), for all rows, + a (m, k) b (k, n); otherwise like gemm.
template <class T>
void gemm_from_row(const T* start, Index m, Index k, Index n, const Strided<const T>& a,
                   const Strided<const T>& b, const Strided<T>& out) {
  const Kernels<T>& kernels = simd::kernels<T>();
  if (m > 1 && is_shallow(kernels.lanes, k, n, a, Store::overwrite)) {
    return gemm_shallow(kernels, m, k, n, a, b, {start, 0}, out);
  }
  for (Index i = 0; i < m; ++i) std::copy_n(start, n, out.at(i, 0));
  gemm<T>(m, k, n, a, b, out, Store::add);
}

}  // namespace dlfs::gemm
DLFS_STRICT_MATH_END
