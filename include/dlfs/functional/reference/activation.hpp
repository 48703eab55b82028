#pragma once

#include <cmath>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::reference {

/// out[i] = max(x[i], 0)
template <class T>
void relu(const Tensor<T>& x, Tensor<T>& out) {
  for (Index i = 0; i < x.size(); ++i) out.data()[i] = x.data()[i] <= 0 ? 0 : x.data()[i];
}

/// dx[i] = dy[i] where y[i] > 0, else 0
template <class T>
void relu_backward(const Tensor<T>& y, const Tensor<T>& dy, Tensor<T>& dx) {
  for (Index i = 0; i < y.size(); ++i) dx.data()[i] = y.data()[i] <= 0 ? 0 : dy.data()[i];
}

/// out[i] = 1 / (1 + exp(-x[i]))
template <class T>
void sigmoid(const Tensor<T>& x, Tensor<T>& out) {
  for (Index i = 0; i < x.size(); ++i) out.data()[i] = 1 / (1 + std::exp(-x.data()[i]));
}

/// out[i] = tanh(x[i])
template <class T>
void tanh(const Tensor<T>& x, Tensor<T>& out) {
  for (Index i = 0; i < x.size(); ++i) out.data()[i] = std::tanh(x.data()[i]);
}

}  // namespace dlfs::reference
DLFS_STRICT_MATH_END
