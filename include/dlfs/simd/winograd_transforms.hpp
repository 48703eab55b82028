#pragma once

#include <array>
#include <cstddef>

#include "dlfs/core/shape.hpp"

// Winograd's minimal filtering F(4x4, 3x3). Four outputs of a row are the correlation of six pixels
// d with three taps g. They equal outputs' ((taps g) * (pixels d)) with the matrices below, where
// the asterisk multiplies element by element. This takes 6 products instead of 12, or 36 instead of
// 144 for a square of outputs.
// Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd::winograd {

inline constexpr int taps_side = 3;
inline constexpr int outputs_side = 4;
inline constexpr int points_side = 6;

template <std::size_t rows, std::size_t columns>
using Matrix = std::array<std::array<double, columns>, rows>;

template <std::size_t rows, std::size_t columns>
constexpr Matrix<columns, rows> transposed(const Matrix<rows, columns>& matrix) {
  Matrix<columns, rows> result{};
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) result[j][i] = matrix[i][j];
  }
  return result;
}

// Each row is a point at which polynomials are multiplied: 0, r, -r, 2r, -2r and infinity. The
// error of sums with r = sqrt(1/2) is a third of that with the usual r = 1.
inline constexpr double r = 0.70710678118654752440;

inline constexpr Matrix<6, 6> pixels{{{1, 0, -2.5, 0, 1, 0},
                                      {0, -2 * r, -2, r, 1, 0},
                                      {0, 2 * r, -2, -r, 1, 0},
                                      {0, -r, -0.5, 2 * r, 1, 0},
                                      {0, r, -0.5, -2 * r, 1, 0},
                                      {0, 1, 0, -2.5, 0, 1}}};
inline constexpr Matrix<6, 3> taps{{{1, 0, 0},
                                    {-2. / 3, -2 * r / 3, -1. / 3},
                                    {-2. / 3, 2 * r / 3, -1. / 3},
                                    {1. / 6, r / 3, 1. / 3},
                                    {1. / 6, -r / 3, 1. / 3},
                                    {0, 0, 1}}};
inline constexpr Matrix<6, 4> outputs{{{1, 0, 0, 0},
                                       {1, r, 0.5, r / 2},
                                       {1, -r, 0.5, -r / 2},
                                       {1, 2 * r, 2, 4 * r},
                                       {1, -2 * r, 2, -4 * r},
                                       {0, 0, 0, 1}}};
inline constexpr auto outputs_of_points = transposed(outputs);
inline constexpr auto taps_of_points = transposed(taps);

}  // namespace dlfs::simd::winograd

namespace dlfs::simd {

/// Square tiles in a row: element (i, j) of tile t is at data + t * step + i * row + j * column.
template <class T>
struct Squares {
  T* data;
  Index row;
  Index column;
  Index step;
};

/// The two-dimensional transformation of tiles by one of the matrices M above:
///
///   to(t, i, j)[k] = start[k] + sum over p, q of M[i][p] from(t, p, q)[k] M[j][q]
///
/// for t < tiles, in this order, and k < count. Whole vectors are read and written. A null `start`
/// means 0.
template <class T>
using Transform = void(Index tiles, Index count, const Squares<const T>& from, const T* start,
                       const Squares<T>& to);

/// The transformation by each of the matrices.
template <class T>
struct WinogradTransforms {
  Transform<T>* pixels;
  Transform<T>* taps;
  Transform<T>* outputs;
  Transform<T>* outputs_of_points;
  Transform<T>* taps_of_points;
};

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
