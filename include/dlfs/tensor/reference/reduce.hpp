#pragma once

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::reference {

/// out[j] = sum over i of x[i, j], computed in double.
template <AnyTensor X>
Tensor<Element<X>> sum_rows(const X& x) {
  Tensor<Element<X>> out({x.extent(1)});
  for (Index j = 0; j < x.extent(1); ++j) {
    double sum = 0;
    for (Index i = 0; i < x.extent(0); ++i) sum += static_cast<double>(x(i, j));
    out(j) = static_cast<Element<X>>(sum);
  }
  return out;
}

}  // namespace dlfs::reference
DLFS_STRICT_MATH_END
