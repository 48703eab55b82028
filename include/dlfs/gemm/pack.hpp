#pragma once

#include <algorithm>

#include "dlfs/simd/kernels.hpp"

// Packing: copies of matrices in the order in which the micro-kernel reads them.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::gemm {

using namespace simd;

/// A matrix of any strides.
template <class T>
struct Strided {
  T* data;
  Index row;     // distance from one row to the next, in elements
  Index column;  // distance from one column to the next, in elements

  T* at(Index i, Index j) const { return data + i * row + j * column; }
  Strided from(Index i, Index j) const { return {at(i, j), row, column}; }
  Strided transposed() const { return {data, column, row}; }
};

/// Packs a matrix (rows, columns) into panels of `width` columns, with dense rows, one panel after
/// another. The last panel is filled up with zeros, or, if it `overlaps` the one before, ends where
/// the matrix ends. Fewer elements than a vector after the panels may be overwritten.
template <class T>
void pack_panels(const Kernels<T>& kernels, const Strided<const T>& from, Index rows, Index columns,
                 Index width, bool overlaps, T* to) {
  const bool is_transposed = from.row == 1 && from.column != 1;
  // Each row may be in another page, so only some rows are read at a time. But a copy of less than
  // a vector writes past its row, which the next copy must overwrite.
  const Index most_rows = is_transposed || width < kernels.lanes ? rows : 48;
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

}  // namespace dlfs::gemm
DLFS_STRICT_MATH_END
