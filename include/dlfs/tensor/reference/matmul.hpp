#pragma once

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::reference {

/// out[i, j] = sum over k of a[i, k] b[k, j], computed in double.
template <AnyTensor A, AnyTensor B>
Tensor<Element<A>> matmul(const A& a, const B& b) {
  Tensor<Element<A>> out({a.extent(0), b.extent(1)});
  for (Index i = 0; i < a.extent(0); ++i) {
    for (Index j = 0; j < b.extent(1); ++j) {
      double sum = 0;
      for (Index k = 0; k < a.extent(1); ++k) {
        sum += static_cast<double>(a(i, k)) * static_cast<double>(b(k, j));
      }
      out(i, j) = static_cast<Element<A>>(sum);
    }
  }
  return out;
}

}  // namespace dlfs::reference
DLFS_STRICT_MATH_END
