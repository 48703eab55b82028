#pragma once

#include <cmath>
#include <concepts>
#include <string_view>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/math/expect.hpp"
#include "dlfs/math/store.hpp"

// Kernels of layer normalisation: each row of x (R, D) is normalised by its own mean and variance.
// They run on the calling thread, and throw ShapeError for other shapes, or views with gaps.
//
// Source: Ba et al., "Layer normalization" (2016).

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta of each row.
///
///   x (R, D)   gamma, beta (D)   y (R, D), overwritten
///   statistics (R, 2), overwritten: of each row the mean, and 1 / sqrt(variance + epsilon)
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void layer_normalization(const X& x, TensorView<const Element<X>> gamma,
                         TensorView<const Element<X>> beta, Element<X> epsilon,
                         TensorView<Element<X>> y, TensorView<Element<X>> statistics) {
  using T = Element<X>;
  constexpr std::string_view name = "layer_normalization";
  const TensorView<const T> in = x;
  detail::expect_dense(name, "x", in, {in.extent(0), gamma.size()});
  detail::expect_dense(name, "gamma", gamma);
  detail::expect_dense(name, "beta", beta, gamma.shape());
  detail::expect_dense(name, "y", y, in.shape());
  detail::expect_dense(name, "the statistics", statistics, {in.extent(0), 2});
  for (Index r = 0; r < in.extent(0); ++r) {
    const auto row = as_array(in[r]);
    const T mean = row.mean();
    const T inverse_deviation = 1 / std::sqrt((row - mean).square().mean() + epsilon);
    as_array(y[r]) = (row - mean) * inverse_deviation * as_array(gamma) + as_array(beta);
    statistics(r, 0) = mean;
    statistics(r, 1) = inverse_deviation;
  }
}

/// The gradients of layer_normalization, with x^ = (x - mean) / deviation and g = dy gamma:
///
///   dgamma = sum of dy x^    dbeta = sum of dy    dx = (g - mean(g) - x^ mean(g x^)) / deviation
///
///   x, dy, dx (R, D), dx may be null   statistics (R, 2) of the forward kernel
///   dgamma, dbeta (D), stored as `store` says
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void layer_normalization_backward(const X& x, TensorView<const Element<X>> dy,
                                  TensorView<const Element<X>> statistics,
                                  TensorView<const Element<X>> gamma, TensorView<Element<X>> dgamma,
                                  TensorView<Element<X>> dbeta, Store store,
                                  TensorView<Element<X>> dx) {
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
  if (store == Store::overwrite) as_array(dgamma) = as_array(dbeta) = T(0);

  const Scratch<T> memory(gamma.size());
  ArrayMap<T> normal(memory.data(), gamma.size());
  for (Index r = 0; r < in.extent(0); ++r) {
    const T inverse_deviation = statistics(r, 1);
    const auto dy_row = as_array(dy[r]);
    normal = (as_array(in[r]) - statistics(r, 0)) * inverse_deviation;
    as_array(dgamma) += dy_row * normal;
    as_array(dbeta) += dy_row;
    if (dx.data() == nullptr) continue;
    const auto g = dy_row * as_array(gamma);
    const T mean = g.mean();
    const T slope = (g * normal).mean();
    as_array(dx[r]) = (g - mean - normal * slope) * inverse_deviation;
  }
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
