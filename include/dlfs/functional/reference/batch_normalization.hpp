#pragma once

#include <cmath>

#include "dlfs/core/tensor.hpp"

// Batch normalisation of x (N, F, S), one number at a time.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::reference {

/// The mean and the variance of each feature, as (2, F).
template <class T>
Tensor<T> batch_statistics(const Tensor<T>& x) {
  const Index numbers = x.extent(0) * x.extent(2);
  Tensor<T> statistics({2, x.extent(1)});
  for (Index f = 0; f < x.extent(1); ++f) {
    for (Index n = 0; n < x.extent(0); ++n) {
      for (Index s = 0; s < x.extent(2); ++s) {
        statistics(0, f) += x(n, f, s) / static_cast<T>(numbers);
      }
    }
    for (Index n = 0; n < x.extent(0); ++n) {
      for (Index s = 0; s < x.extent(2); ++s) {
        const T deviation = x(n, f, s) - statistics(0, f);
        statistics(1, f) += deviation * deviation / static_cast<T>(numbers);
      }
    }
  }
  return statistics;
}

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the statistics of x.
template <class T>
Tensor<T> batch_normalization(const Tensor<T>& x, const Tensor<T>& gamma, const Tensor<T>& beta,
                              T epsilon) {
  const Tensor<T> statistics = batch_statistics(x);
  Tensor<T> y(x.shape());
  for (Index n = 0; n < x.extent(0); ++n) {
    for (Index f = 0; f < x.extent(1); ++f) {
      for (Index s = 0; s < x.extent(2); ++s) {
        y(n, f, s) =
            gamma(f) * (x(n, f, s) - statistics(0, f)) / std::sqrt(statistics(1, f) + epsilon) +
            beta(f);
      }
    }
  }
  return y;
}

}  // namespace dlfs::reference
DLFS_STRICT_MATH_END
