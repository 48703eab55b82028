#pragma once

#include <algorithm>
#include <array>

#include "dlfs/core/tensor.hpp"
#include "dlfs/gemm/gemm.hpp"
#include "dlfs/gemm/pack.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::gemm {

/// The product of one row at a time with a matrix b (k, parts n) that stays as it is:
///
///   out = start + a b, for a (k)
///
/// It has a copy of b in which each of the `parts` parts of a row fills whole vectors, with zeros
/// at the end. `start` and `out` have this layout, too. The sums are those of gemm, bit by bit.
/// Computing them does not allocate.
template <class T>
class RowProduct {
 public:
  /// The number of elements of a part with n numbers.
  static Index padded(Index n) {
    const Index lanes = simd::kernels<T>().lanes;
    return (n + lanes - 1) / lanes * lanes;
  }

  /// Sums of more than `chain` terms are several chains: see chain_length.
  RowProduct(Index k, Index parts, Index n, const Strided<const T>& b, Index chain)
      : kernels_(&simd::kernels<T>()), chain_(chain), packed_(Tensor<T>({k, parts * padded(n)})) {
    for (Index t = 0; t < k; ++t) {
      for (Index j = 0; j < parts * n; ++j) {
        packed_.data()[t * columns() + j / n * padded(n) + j % n] = *b.at(t, j);
      }
    }
  }
  RowProduct(Index k, Index parts, Index n, const Strided<const T>& b)
      : RowProduct(k, parts, n, b, chain_length<T>(k)) {}

  /// Elements of `start` and `out`.
  Index columns() const { return packed_.extent(1); }

  /// out = start + a b; both may be the same.
  void run(const T* a, const T* start, T* out) const {
    const Index k = packed_.extent(0);
    for (Index t = 0; t < k; t += chain_) {
      kernels_->step_kernel(std::min(chain_, k - t), columns(), a + t,
                            packed_.data() + t * columns(), columns(), t == 0 ? start : out, t > 0,
                            out);
    }
  }

 private:
  const Kernels<T>* kernels_;
  Index chain_;
  Tensor<T> packed_;
};

}  // namespace dlfs::gemm
DLFS_STRICT_MATH_END
