#pragma once

#include <cmath>

#include <dlfs/dlfs.hpp>

// The loss functions of section 4.2. SoftmaxCrossEntropy and MeanSquaredError of the library are
// means over a batch, and compute gradients, too.

namespace ch04 {

/// 1/2 sum (y - t)^2
inline double sum_squared_error(const dlfs::Tensor<double>& y, const dlfs::Tensor<double>& t) {
  return 0.5 * dlfs::sum(dlfs::square(y - t));
}

/// -sum t log(y + 1e-7) of one sample; t is one-hot, and 1e-7 keeps the logarithm of 0 finite.
inline double cross_entropy_error(const dlfs::Tensor<double>& y, const dlfs::Tensor<double>& t) {
  return -dlfs::sum(t * dlfs::log(y + 1e-7));
}

/// The mean over a batch of -log(y + 1e-7) at the label: y (N, C), labels (N).
inline double cross_entropy_error(const dlfs::Tensor<double>& y, const dlfs::Labels& labels) {
  double sum = 0;
  for (dlfs::Index n = 0; n < labels.size(); ++n) sum -= std::log(y(n, labels(n)) + 1e-7);
  return sum / static_cast<double>(labels.size());
}

}  // namespace ch04
