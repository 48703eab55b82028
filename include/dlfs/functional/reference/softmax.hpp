#pragma once

#include <algorithm>
#include <cmath>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::reference {

/// log(sum over j of exp(x[i, j])) of one row of a matrix, in double.
template <class T>
double log_sum_exp(const Tensor<T>& x, Index i) {
  auto largest = static_cast<double>(x(i, 0));
  for (Index j = 1; j < x.extent(1); ++j) {
    largest = std::max(largest, static_cast<double>(x(i, j)));
  }
  double sum = 0;
  for (Index j = 0; j < x.extent(1); ++j) {
    sum += std::exp(static_cast<double>(x(i, j)) - largest);
  }
  return largest + std::log(sum);
}

/// exp(x[i, j]) / sum over k of exp(x[i, k]) for the rows of a matrix, in double.
template <class T>
Tensor<T> softmax(const Tensor<T>& x) {
  Tensor<T> out(x.shape());
  for (Index i = 0; i < x.extent(0); ++i) {
    const double log_sum = log_sum_exp(x, i);
    for (Index j = 0; j < x.extent(1); ++j) {
      out(i, j) = static_cast<T>(std::exp(static_cast<double>(x(i, j)) - log_sum));
    }
  }
  return out;
}

}  // namespace dlfs::reference
DLFS_STRICT_MATH_END
