#pragma once

#include <algorithm>

#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/gemm/gemm.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/tensor/matmul.hpp"
#include "dlfs/tensor/reduce.hpp"

// y = x W + b on dense rows: what fully connected layers have in common.
//
//   x (rows, D)   W (D, M)   b (M)   y (rows, M)

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// y = x W + b.
template <class T>
void linear(Index rows, const Tensor<T>& W, const Tensor<T>& b, const T* x, T* y) {
  const Index D = W.extent(0);
  const Index M = W.extent(1);
  // What matmul would call in the end: the way there takes as long as a small product.
  if (rows == 1 && D <= gemm::kc<T> && M <= gemm::kc<T>) {
    return simd::kernels<T>().row_kernel(D, M, x, 1, W.data(), M, b.data(), y);
  }
  const gemm::Strided<const T> left{x, D, 1};
  const gemm::Strided<const T> right{W.data(), M, 1};
  if (rows > 0 && D > 0 && M > 0 && ProductGrid::is_one_block(rows, D, M)) {
    return gemm::gemm_from_row<T>(b.data(), rows, D, M, left, right, {y, M, 1});
  }
  for (Index row = 0; row < rows; ++row) std::copy_n(b.data(), M, y + row * M);
  matmul<T>(rows, D, M, left, right, {y, M, 1}, Store::add);
}

/// Where the gradients of `linear` go; nullptr for one that is not wanted.
template <class T>
struct LinearGradients {
  T* dW;
  T* db;
  T* dx;
};

/// dW = x^T dy, db = the sum of the rows of dy, both stored as `store` says, and dx = dy W^T.
template <class T>
void linear_backward(Index rows, const Tensor<T>& W, const T* x, const T* dy,
                     const LinearGradients<T>& to, Store store) {
  const Index D = W.extent(0);
  const Index M = W.extent(1);
  if (to.dW != nullptr) matmul<T>(D, rows, M, {x, 1, D}, {dy, M, 1}, {to.dW, M, 1}, store);
  if (to.db != nullptr) sum_rows<T>(rows, M, dy, to.db, store);
  if (to.dx != nullptr) {
    matmul<T>(rows, M, D, {dy, M, 1}, {W.data(), 1, M}, {to.dx, D, 1}, Store::overwrite);
  }
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
