#pragma once

#include <algorithm>
#include <cmath>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::reference {

/// map_coordinates of dlfs/functional/map_coordinates.hpp by its definition: the weight of each
/// pixel of x falls linearly from 1 to 0 at a distance of one pixel.
template <class T>
void map_coordinates(TensorView<const T> x, TensorView<const T> rows, TensorView<const T> columns,
                     TensorView<T> y) {
  const auto nearness = [](T distance) { return std::max(T(0), 1 - std::abs(distance)); };
  for (Index c = 0; c < x.extent(0); ++c) {
    for (Index i = 0; i < rows.extent(0); ++i) {
      for (Index j = 0; j < rows.extent(1); ++j) {
        T sum = 0;
        for (Index k = 0; k < x.extent(1); ++k) {
          for (Index l = 0; l < x.extent(2); ++l) {
            sum += nearness(rows(i, j) - static_cast<T>(k)) *
                   nearness(columns(i, j) - static_cast<T>(l)) * x(c, k, l);
          }
        }
        y(c, i, j) = sum;
      }
    }
  }
}

}  // namespace dlfs::reference
DLFS_STRICT_MATH_END
