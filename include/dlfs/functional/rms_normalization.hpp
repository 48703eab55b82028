#pragma once

#include <algorithm>
#include <array>

#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/functional/layer_normalization.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

// Kernels of RMS normalisation: each row of x (R, D) is divided by the root of the mean of its
// squares. They run on the calling thread, on dense memory.
//
// Source: Zhang and Sennrich, "Root mean square layer normalization" (2019).

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// y = gamma x r with r = 1 / sqrt(mean(x^2) + epsilon) for each row.
///
///   x, y (R, D)   gamma (D)   inverse_rms (R): each row's r
template <class T>
void rms_normalization(Index all_rows, Index columns, const T* x, const T* gamma, T epsilon, T* y,
                       T* inverse_rms) {
  const Index most_rows = rows_together(all_rows, columns);
  for (Index first = 0; first < all_rows; first += most_rows) {
    const Index rows = std::min(most_rows, all_rows - first);
    const simd::Operand<T> numbers{x + first * columns, 1, columns};
    T* const inverse = inverse_rms + first;
    const auto add_square = []<class V>(const V& number, V& sum) {
      simd::multiply_add(number, number, sum, sum);
    };
    simd::add_up_columns(add_square, rows, columns, std::array{inverse}, numbers);
    simd::map(
        [n = static_cast<T>(columns), epsilon]<class V>(V& sum) {
          V rms;
          simd::sqrt<V>(sum / n + epsilon, rms);
          sum = T(1) / rms;
        },
        rows, inverse);
    const auto normalize = []<class V>(const V& number, const V& r, const V& scale, V& out) {
      out = number * r * scale;
    };
    simd::apply<T>(normalize, rows, columns, y + first * columns, columns, numbers,
                   simd::Operand<T>{inverse, 0, 1}, simd::Operand<T>{gamma});
  }
}

/// The gradients of rms_normalization, with x^ = x r and g = dy gamma:
///
///   dgamma = sum of dy x^   dx = r (g - x^ mean(g x^))
///
/// dgamma and dx may be null; dgamma is stored as `store` says.
template <class T>
void rms_normalization_backward(Index all_rows, Index columns, const T* x, const T* dy,
                                const T* inverse_rms, const T* gamma, T* dgamma, Store store,
                                T* dx) {
  const Index most_rows = rows_together(all_rows, columns);
  const Scratch<T> memory(most_rows * (columns + 1) + columns);
  T* const normal = memory.data();
  T* const slope = normal + most_rows * columns;
  T* const of_gamma = slope + most_rows;
  const auto backward = [&](Index first, Index last, const std::array<T*, 1>& sums) {
    const Index rows = last - first;
    const auto rows_of = [&](const T* data) { return simd::Operand<T>{data, 1, columns}; };
    const simd::Operand<T> r{inverse_rms + first, 0, 1};
    const auto dy_rows = rows_of(dy + first * columns);
    const auto normalize = [](const auto& number, const auto& inverse, auto& out) {
      out = number * inverse;
    };
    simd::apply<T>(normalize, rows, columns, normal, columns, rows_of(x + first * columns), r);
    const auto add_product = []<class V>(const V& g, const V& x_hat, V& sum) {
      simd::multiply_add(g, x_hat, sum, sum);
    };
    simd::add_up_rows(add_product, rows, columns, sums, dy_rows, rows_of(normal));
    if (dx == nullptr) return;
    const simd::Operand<T> gammas{gamma};
    const auto add_slope = []<class V>(const V& g, const V& scale, const V& x_hat, V& sum) {
      const V scaled = g * scale;
      simd::multiply_add(scaled, x_hat, sum, sum);
    };
    simd::add_up_columns(add_slope, rows, columns, std::array{slope}, dy_rows, gammas,
                         rows_of(normal));
    for (Index row = 0; row < rows; ++row) slope[row] /= static_cast<T>(columns);
    const auto differentiate = []<class V>(const V& g, const V& scale, const V& x_hat, const V& k,
                                           const V& inverse, V& out) {
      V rest;
      simd::multiply_add<V>(-x_hat, k, g * scale, rest);
      out = rest * inverse;
    };
    simd::apply<T>(differentiate, rows, columns, dx + first * columns, columns, dy_rows, gammas,
                   rows_of(normal), simd::Operand<T>{slope, 0, 1}, r);
  };
  simd::add_up_halves(0, all_rows, most_rows, columns, std::array{of_gamma}, backward);
  if (dgamma == nullptr) return;
  if (store == Store::overwrite) std::fill_n(dgamma, columns, T(0));
  simd::map(simd::AddTo(), columns, static_cast<const T*>(of_gamma), dgamma);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
