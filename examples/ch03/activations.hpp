#pragma once

#include <dlfs/dlfs.hpp>

// The activation functions of section 3.2, element by element, for tensors of any shape.

namespace ch03 {

/// 1 where x is positive, else 0.
inline dlfs::Tensor<double> step_function(const dlfs::Tensor<double>& x) {
  return dlfs::cast<double>(x > 0);
}

/// 1 / (1 + exp(-x))
inline dlfs::Tensor<double> sigmoid(const dlfs::Tensor<double>& x) { return 1 / (1 + exp(-x)); }

/// max(0, x)
inline dlfs::Tensor<double> relu(const dlfs::Tensor<double>& x) { return dlfs::maximum(0, x); }

}  // namespace ch03
