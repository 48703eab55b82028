#pragma once

#include <algorithm>
#include <concepts>

#include "dlfs/conv/window.hpp"
#include "dlfs/core/index_range.hpp"
#include "dlfs/core/pairwise.hpp"
#include "dlfs/core/tensor.hpp"

// Average pooling to a given size: window i of O along an axis of extent E is [i E / O, (i + 1) E /
// O), rounded outwards. Neighbouring windows share a pixel where O does not divide E.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

constexpr IndexRange adaptive_window(Index i, Index out, Index extent) {
  return {i * extent / out, ((i + 1) * extent + out - 1) / out};
}

/// Calls visit(first pixel of the image, rows, columns) for each window of each image, in order.
template <class Visit>
void for_each_adaptive_window(const Shape& x, Size2d out, const Visit& visit) {
  if (x.size() == 0) return;
  for (Index image = 0; image < x[0] * x[1]; ++image) {
    for (Index h = 0; h < out.height; ++h) {
      const IndexRange rows = adaptive_window(h, out.height, x[2]);
      for (Index w = 0; w < out.width; ++w) {
        visit(image * x[2] * x[3], rows, adaptive_window(w, out.width, x[3]));
      }
    }
  }
}

template <class T>
T count_of(const IndexRange& rows, const IndexRange& columns) {
  return static_cast<T>((rows.end - rows.begin) * (columns.end - columns.begin));
}

/// x (N, C, H, W) -> y (N, C, OH, OW): the mean of each window.
template <std::floating_point T>
void adaptive_average_pooling(TensorView<const T> x, TensorView<T> y) {
  T* mean = y.data();
  const Index width = x.extent(3);
  const auto average = [&](Index image, const IndexRange& rows, const IndexRange& columns) {
    const auto sum_of_row = [&](Index h) {
      const T* const row = x.data() + image + h * width;
      return sum_pairwise<T>(columns.begin, columns.end, [&](Index w) { return row[w]; });
    };
    *mean++ = sum_pairwise<T>(rows.begin, rows.end, sum_of_row) / count_of<T>(rows, columns);
  };
  for_each_adaptive_window(x.shape(), {y.extent(2), y.extent(3)}, average);
}

/// dy (N, C, OH, OW) -> dx (N, C, H, W): each pixel under a window gets an equal share of its dy.
template <std::floating_point T>
void adaptive_average_pooling_backward(TensorView<const T> dy, TensorView<T> dx) {
  const T* gradient = dy.data();
  const Index width = dx.extent(3);
  std::fill_n(dx.data(), dx.size(), T(0));
  const auto spread = [&](Index image, const IndexRange& rows, const IndexRange& columns) {
    const T share = *gradient++ / count_of<T>(rows, columns);
    for (Index h = rows.begin; h < rows.end; ++h) {
      T* const row = dx.data() + image + h * width;
      for (Index w = columns.begin; w < columns.end; ++w) row[w] += share;
    }
  };
  for_each_adaptive_window(dx.shape(), {dy.extent(2), dy.extent(3)}, spread);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
