#pragma once

#include <algorithm>
#include <concepts>
#include <type_traits>

#include "dlfs/core/expect.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// The coordinate in an image with a border of one zero, clamped to [0, extent + 1]. Everything
/// outside is zero, and a NaN counts as outside.
template <class T>
T within_border(T coordinate, Index extent) {
  const T moved = coordinate + 1;
  return moved > 0 ? std::min(moved, static_cast<T>(extent + 1)) : T(0);
}

/// The pixel before a coordinate of within_border, such that one more pixel follows.
template <class T>
Index pixel_before(T coordinate, Index extent) {
  return std::min(static_cast<Index>(coordinate), extent);
}

}  // namespace detail

/// The values of images at positions between their pixels, by bilinear interpolation: SciPy's
/// map_coordinates of order 1 and mode "grid-constant".
///
///   x (C, H, W)   rows, columns (OH, OW), the same for every image   y (C, OH, OW)
///
/// Pixels outside of an image are zero. y may be the memory of x if their shapes are equal.
/// Cost: 6 C OH OW FLOP. @throws ShapeError for other shapes, or unless all are contiguous.
template <std::floating_point T>
void map_coordinates(std::type_identity_t<TensorArg<T>> x, std::type_identity_t<TensorArg<T>> rows,
                     std::type_identity_t<TensorArg<T>> columns, TensorView<T> y) {
  if (x.rank() != 3 || rows.rank() != 2) {
    throw ShapeError("map_coordinates: expected x (C, H, W) and rows (OH, OW), got ", x.shape(),
                     " and ", rows.shape());
  }
  const Index height = x.extent(1), width = x.extent(2);
  detail::expect_dense("map_coordinates", "x", x);
  detail::expect_dense("map_coordinates", "rows", rows);
  detail::expect_dense("map_coordinates", "columns", columns, rows.shape());
  detail::expect_dense("map_coordinates", "y", y, {x.extent(0), rows.extent(0), rows.extent(1)});
  detail::expect_same_or_apart("map_coordinates", "y", y, "x", x);
  detail::expect_apart("map_coordinates", "y", y, "rows", rows);
  detail::expect_apart("map_coordinates", "y", y, "columns", columns);

  const Index pitch = detail::checked_sum("map_coordinates", width, 2);
  const Index size = detail::checked_product(
      "map_coordinates", detail::checked_sum("map_coordinates", height, 2), pitch);
  const Scratch<T> bordered(size);
  std::fill_n(bordered.data(), size, T(0));
  for (Index c = 0; c < x.extent(0); ++c) {
    const T* const image = x.data() + c * height * width;
    for (Index i = 0; i < height; ++i) {
      std::copy_n(image + i * width, width, bordered.data() + (i + 1) * pitch + 1);
    }
    T* const out = y.data() + c * rows.size();
    for (Index p = 0; p < rows.size(); ++p) {
      const T row = detail::within_border(rows.data()[p], height);
      const T column = detail::within_border(columns.data()[p], width);
      const Index i = detail::pixel_before(row, height);
      const Index j = detail::pixel_before(column, width);
      const T below = row - static_cast<T>(i);
      const T right = column - static_cast<T>(j);
      const T* const pixel = bordered.data() + i * pitch + j;
      const T upper = pixel[0] + detail::rounded(right * (pixel[1] - pixel[0]));
      const T lower = pixel[pitch] + detail::rounded(right * (pixel[pitch + 1] - pixel[pitch]));
      out[p] = upper + detail::rounded(below * (lower - upper));
    }
  }
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
