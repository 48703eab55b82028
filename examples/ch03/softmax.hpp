#pragma once

#include <dlfs/dlfs.hpp>

// Softmax of a vector, section 3.5; dlfs::softmax takes batches.

namespace ch03 {

/// exp(a) / sum(exp(a)). It overflows: exp(1000) is infinite.
inline dlfs::Tensor<double> overflowing_softmax(const dlfs::Tensor<double>& a) {
  const dlfs::Tensor<double> exp_a = exp(a);
  return exp_a / sum(exp_a);
}

/// The same without overflow: a number that is subtracted from all of a cancels out.
inline dlfs::Tensor<double> softmax(const dlfs::Tensor<double>& a) {
  const dlfs::Tensor<double> exp_a = exp(a - max(a));
  return exp_a / sum(exp_a);
}

}  // namespace ch03
