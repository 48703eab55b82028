#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <string_view>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/expect.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/functional/deviations.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

// Kernels of layer normalisation: each row of x (R, D) is normalised by its own mean and variance.
// They run on the calling thread, and throw ShapeError for other shapes or non-contiguous views.
//
// Source: Ba et al., "Layer normalization" (2016).

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Number of rows that are computed together: their numbers stay in the first-level cache.
constexpr Index rows_together(Index rows, Index columns) {
  constexpr Index cached_elements = 4096;
  return std::clamp<Index>(cached_elements / std::max<Index>(columns, 1), 1,
                           std::max<Index>(rows, 1));
}

}  // namespace detail

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each row.
///
///   x (R, D)   gamma, beta (D)   y (R, D), overwritten
///   statistics (R, 2), overwritten: for each row the mean, and 1 / sqrt(variance + epsilon)
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void layer_normalization(const X& x, TensorArg<Element<X>> gamma, TensorArg<Element<X>> beta,
                         Element<X> epsilon, TensorView<Element<X>> y,
                         TensorView<Element<X>> statistics) {
  using T = Element<X>;
  constexpr std::string_view name = "layer_normalization";
  const TensorView<const T> in = x;
  detail::expect_dense(name, "x", in, {in.extent(0), gamma.size()});
  detail::expect_dense(name, "gamma", gamma);
  detail::expect_dense(name, "beta", beta, gamma.shape());
  detail::expect_dense(name, "y", y, in.shape());
  detail::expect_dense(name, "the statistics", statistics, {in.extent(0), 2});
  detail::expect_same_or_apart(name, "y", y, "x", in);
  detail::expect_apart(name, "y", y, "gamma", gamma);
  detail::expect_apart(name, "y", y, "beta", beta);
  detail::expect_apart(name, "the statistics", statistics, "x", in);
  detail::expect_apart(name, "the statistics", statistics, "gamma", gamma);
  detail::expect_apart(name, "the statistics", statistics, "beta", beta);
  detail::expect_apart(name, "the statistics", statistics, "y", y);

  const Index columns = gamma.size();
  const Index most_rows = detail::rows_together(in.extent(0), columns);
  const Scratch<T> memory(3 * most_rows);
  T* const mean = memory.data();
  T* const correction = mean + most_rows;
  T* const rstd = correction + most_rows;
  const simd::Operand<T> mean_of_row{mean, 0, 1};
  for (Index first = 0; first < in.extent(0); first += most_rows) {
    const Index rows = std::min(most_rows, in.extent(0) - first);
    const simd::Operand<T> numbers{in.data() + first * columns, 1, columns};
    simd::add_up_columns(simd::AddTo(), rows, columns, std::array{mean}, numbers);
    for (Index r = 0; r < rows; ++r) mean[r] /= static_cast<T>(columns);
    // The sums of the deviations from this mean correct both statistics, as in batch_statistics.
    simd::add_up_columns(detail::Deviate(), rows, columns, std::array{correction, rstd}, numbers,
                         mean_of_row);
    simd::map(
        [n = static_cast<T>(columns), epsilon]<class V>(V& m, V& rest, V& squares) {
          V std;
          detail::correct_statistics(n, n, m, rest, squares);
          simd::sqrt<V>(squares + epsilon, std);
          squares = T(1) / std;
        },
        rows, mean, correction, rstd);
    const auto normalize = []<class V>(const V& number, const V& m, const V& inverse,
                                       const V& scale, const V& shift, V& out) {
      simd::multiply_add<V>((number - m) * inverse, scale, shift, out);
    };
    simd::apply<T>(normalize, rows, columns, y.data() + first * columns, columns, numbers,
                   mean_of_row, simd::Operand<T>{rstd, 0, 1}, simd::Operand<T>{gamma.data()},
                   simd::Operand<T>{beta.data()});
    for (Index r = 0; r < rows; ++r) {
      statistics(first + r, 0) = mean[r];
      statistics(first + r, 1) = rstd[r];
    }
  }
}

/// The gradients of layer_normalization, with x^ = (x - mean) / std and g = dy gamma:
///
///   dgamma = sum of dy x^    dbeta = sum of dy    dx = (g - mean(g) - x^ mean(g x^)) / std
///
///   x, dy, dx (R, D), dx may be null   statistics (R, 2) of the forward kernel
///   dgamma, dbeta (D), stored as `store` says
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void layer_normalization_backward(const X& x, TensorArg<Element<X>> dy,
                                  TensorArg<Element<X>> statistics, TensorArg<Element<X>> gamma,
                                  TensorView<Element<X>> dgamma, TensorView<Element<X>> dbeta,
                                  Store store, TensorView<Element<X>> dx) {
  using T = Element<X>;
  constexpr std::string_view name = "layer_normalization_backward";
  const TensorView<const T> in = x;
  detail::expect_dense(name, "x", in, {in.extent(0), gamma.size()});
  detail::expect_dense(name, "dy", dy, in.shape());
  detail::expect_dense(name, "the statistics", statistics, {in.extent(0), 2});
  detail::expect_dense(name, "gamma", gamma);
  detail::expect_dense(name, "dgamma", dgamma, gamma.shape());
  detail::expect_dense(name, "dbeta", dbeta, gamma.shape());
  if (dx.data() != nullptr) detail::expect_dense(name, "dx", dx, in.shape());
  detail::expect_apart(name, "dx", dx, "x", in);
  detail::expect_apart(name, "dx", dx, "dy", dy);
  detail::expect_apart(name, "dx", dx, "the statistics", statistics);
  detail::expect_apart(name, "dx", dx, "gamma", gamma);
  detail::expect_apart(name, "dx", dx, "dgamma", dgamma);
  detail::expect_apart(name, "dx", dx, "dbeta", dbeta);
  detail::expect_apart(name, "dgamma", dgamma, "x", in);
  detail::expect_apart(name, "dgamma", dgamma, "dy", dy);
  detail::expect_apart(name, "dgamma", dgamma, "the statistics", statistics);
  detail::expect_apart(name, "dgamma", dgamma, "gamma", gamma);
  detail::expect_apart(name, "dbeta", dbeta, "dgamma", dgamma);
  detail::expect_apart(name, "dbeta", dbeta, "x", in);
  detail::expect_apart(name, "dbeta", dbeta, "dy", dy);
  detail::expect_apart(name, "dbeta", dbeta, "the statistics", statistics);
  detail::expect_apart(name, "dbeta", dbeta, "gamma", gamma);
  if (in.empty()) {
    if (store == Store::overwrite) {
      std::fill_n(dgamma.data(), dgamma.size(), T(0));
      std::fill_n(dbeta.data(), dbeta.size(), T(0));
    }
    return;
  }

  const Index columns = gamma.size();
  const Index most_rows = detail::rows_together(in.extent(0), columns);
  const Scratch<T> memory(most_rows * (columns + 2) + 2 * columns);
  T* const normal = memory.data();
  T* const mean = normal + most_rows * columns;
  T* const slope = mean + most_rows;
  T* const of_gamma = slope + most_rows;
  T* const of_beta = of_gamma + columns;
  const auto backward = [&](Index first, Index last, const std::array<T*, 2>& sums) {
    const Index rows = last - first;
    const auto rows_of = [&](const T* data) { return simd::Operand<T>{data, 1, columns}; };
    const auto row_of = [&](Index which) {
      return simd::Operand<T>{statistics.data() + 2 * first + which, 0, 2};
    };
    const auto rstd = row_of(1);
    const auto dy_rows = rows_of(dy.data() + first * columns);
    const auto normalize = [](const auto& number, const auto& m, const auto& inverse, auto& out) {
      out = (number - m) * inverse;
    };
    simd::apply<T>(normalize, rows, columns, normal, columns, rows_of(in.data() + first * columns),
                   row_of(0), rstd);
    const auto add_parameters = []<class V>(const V& g, const V& x_hat, V& products, V& sum) {
      simd::multiply_add(g, x_hat, products, products);
      sum += g;
    };
    simd::add_up_rows(add_parameters, rows, columns, sums, dy_rows, rows_of(normal));
    if (dx.data() == nullptr) return;
    const simd::Operand<T> gammas{gamma.data()};
    const auto add_means = []<class V>(const V& g, const V& scale, const V& x_hat, V& sum,
                                       V& products) {
      const V scaled = g * scale;
      simd::multiply_add(g, scale, sum, sum);
      simd::multiply_add(scaled, x_hat, products, products);
    };
    simd::add_up_columns(add_means, rows, columns, std::array{mean, slope}, dy_rows, gammas,
                         rows_of(normal));
    for (Index r = 0; r < rows; ++r) {
      mean[r] /= static_cast<T>(columns);
      slope[r] /= static_cast<T>(columns);
    }
    const auto differentiate = []<class V>(const V& g, const V& scale, const V& m, const V& x_hat,
                                           const V& k, const V& inverse, V& out) {
      V rest;
      simd::multiply_add<V>(g, scale, -m, rest);
      simd::multiply_add<V>(-x_hat, k, rest, rest);
      out = rest * inverse;
    };
    simd::apply<T>(differentiate, rows, columns, dx.data() + first * columns, columns, dy_rows,
                   gammas, simd::Operand<T>{mean, 0, 1}, rows_of(normal),
                   simd::Operand<T>{slope, 0, 1}, rstd);
  };
  simd::add_up_halves(0, in.extent(0), most_rows, columns, std::array{of_gamma, of_beta}, backward);
  if (store == Store::overwrite) as_array(dgamma) = as_array(dbeta) = T(0);
  simd::map(simd::AddTo(), columns, static_cast<const T*>(of_gamma), dgamma.data());
  simd::map(simd::AddTo(), columns, static_cast<const T*>(of_beta), dbeta.data());
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
