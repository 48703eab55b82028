#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "dlfs/core/scratch.hpp"
#include "dlfs/gemm/gemm.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"
#include "dlfs/tensor/elementwise.hpp"

// Scaled dot-product attention of one head of one sample. The scores of a block of queries stay in
// a cache; the backward pass computes them again from the queries, the keys and one number for each
// query, so that no matrix of T^2 scores is saved.
//
// Source: Vaswani et al., "Attention is all you need" (2017); Dao et al., "FlashAttention" (2022).

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The extents of one head, and the distances of its rows in elements.
struct HeadSizes {
  Index steps;       // T
  Index features;    // d
  Index stride;      // of q, k, v and their gradients
  Index out_stride;  // of the output and its gradient
  bool is_causal;    // query i sees the keys 0 to i only

  /// The number of keys that query i sees.
  Index keys(Index query) const { return is_causal ? query + 1 : steps; }

  /// Number of queries whose scores are computed together.
  static constexpr Index queries_together = 64;

  /// Factor of the scores.
  template <class T>
  T scale() const {
    return T(1) / std::sqrt(static_cast<T>(features));
  }
};

/// The rows (T, d) of one head: queries, keys and values, or their gradients.
template <class T>
struct HeadRows {
  T* q;
  T* k;
  T* v;
};

/// The scores of keys that are padding become -infinity. `mask` (T) has 0 for padding; nullptr for
/// none.
template <class T>
void mask_scores(const T* mask, Index count, T* scores) {
  if (mask == nullptr) return;
  simd::map([nothing = -std::numeric_limits<T>::infinity()]<class V>(
                const V& kept, V& score) { score = kept == V{} ? V{} + nothing : score; },
            count, mask, scores);
}

/// scores (rows, T) = q k^T for the queries from `first` on; columns after `keys` are not written.
template <class T>
void head_scores(const HeadSizes& sizes, const HeadRows<const T>& in, Index first, Index rows,
                 Index keys, T* scores) {
  gemm::gemm<T>(rows, sizes.features, keys, {in.q + first * sizes.stride, sizes.stride, 1},
                {in.k, 1, sizes.stride}, {scores, sizes.steps, 1}, Store::overwrite);
}

/// out (T, d) = softmax(scale q k^T) v, and for each query log_sums (T) = the logarithm of the sum
/// of its exponentials. Keys that are padding by the mask (T), or nullptr, have the weight 0. A
/// query that sees nothing else gets 0.
template <class T>
void attend(const HeadSizes& sizes, const HeadRows<const T>& in, const T* mask, T* out,
            T* log_sums) {
  const T scale = sizes.scale<T>();
  const Scratch<T> memory(std::min(sizes.steps, HeadSizes::queries_together) * sizes.steps);
  T* const scores = memory.data();
  for (Index first = 0; first < sizes.steps; first += HeadSizes::queries_together) {
    const Index rows = std::min(HeadSizes::queries_together, sizes.steps - first);
    const Index keys = sizes.keys(first + rows - 1);
    head_scores(sizes, in, first, rows, keys, scores);
    std::array<T, HeadSizes::queries_together> sums;
    for (Index i = 0; i < rows; ++i) {
      T* const row = scores + i * sizes.steps;
      const Index seen = sizes.keys(first + i);
      mask_scores(mask, seen, row);
      const T max = simd::fold<T>(Maximum(), seen, static_cast<const T*>(row));
      if (mask != nullptr && !is_finite(max) && max < 0) {
        std::fill_n(row, keys, T(0));
        sums[static_cast<std::size_t>(i)] = 1;
        log_sums[first + i] = 0;
        continue;
      }
      simd::map(
          [max, scale]<class V>(V& score) {
            const V below = (score - max) * scale;
            simd::exp(below, score);
          },
          seen, row);
      T& sum = sums[static_cast<std::size_t>(i)];
      simd::add_up_columns(simd::AddTo(), 1, seen, std::array{&sum}, simd::Operand<T>{row, 1, 0});
      std::fill_n(row + seen, keys - seen, T(0));
      log_sums[first + i] = rounded(max * scale) + std::log(sum);
    }
    T* const to = out + first * sizes.out_stride;
    gemm::gemm<T>(rows, keys, sizes.features, {scores, sizes.steps, 1}, {in.v, sizes.stride, 1},
                  {to, sizes.out_stride, 1}, Store::overwrite);
    for (Index i = 0; i < rows; ++i) {
      const T inverse = 1 / sums[static_cast<std::size_t>(i)];
      simd::map([inverse]<class V>(V& y) { y *= inverse; }, sizes.features,
                to + i * sizes.out_stride);
    }
  }
}

/// The gradients of `attend`, with P = softmax(scale q k^T):
///
///   dv = P^T dout   dP = dout v^T   dS = scale P (dP - rows of sum(dout out))
///   dq = dS k       dk = dS^T q
template <class T>
void attend_backward(const HeadSizes& sizes, const HeadRows<const T>& in, const T* out,
                     const T* mask, const T* log_sums, const T* dout,
                     const HeadRows<T>& gradients) {
  const T scale = sizes.scale<T>();
  const Index most_rows = std::min(sizes.steps, HeadSizes::queries_together);
  const Scratch<T> memory(2 * most_rows * sizes.steps + most_rows);
  T* const p = memory.data();
  T* const ds = p + most_rows * sizes.steps;
  T* const products = ds + most_rows * sizes.steps;
  for (Index t = 0; t < sizes.steps; ++t) {
    std::fill_n(gradients.k + t * sizes.stride, sizes.features, T(0));
    std::fill_n(gradients.v + t * sizes.stride, sizes.features, T(0));
  }
  for (Index first = 0; first < sizes.steps; first += most_rows) {
    const Index rows = std::min(most_rows, sizes.steps - first);
    const Index keys = sizes.keys(first + rows - 1);
    const T* const dy = dout + first * sizes.out_stride;
    head_scores(sizes, in, first, rows, keys, p);
    gemm::gemm<T>(rows, sizes.features, keys, {dy, sizes.out_stride, 1}, {in.v, 1, sizes.stride},
                  {ds, sizes.steps, 1}, Store::overwrite);
    const auto add_product = []<class V>(const V& a, const V& b, V& sum) {
      simd::multiply_add(a, b, sum, sum);
    };
    simd::add_up_columns(add_product, rows, sizes.features, std::array{products},
                         simd::Operand<T>{dy, 1, sizes.out_stride},
                         simd::Operand<T>{out + first * sizes.out_stride, 1, sizes.out_stride});
    for (Index i = 0; i < rows; ++i) {
      const Index seen = sizes.keys(first + i);
      T* const p_row = p + i * sizes.steps;
      T* const ds_row = ds + i * sizes.steps;
      mask_scores(mask, seen, p_row);
      simd::map(
          [scale, log_sum = log_sums[first + i], product = products[i]]<class V>(V& weight, V& d) {
            V exponent;
            simd::multiply_add<V>(weight, scale, -log_sum, exponent);
            simd::exp(exponent, weight);
            d = (d - product) * weight * scale;
          },
          seen, p_row, ds_row);
      std::fill_n(p_row + seen, keys - seen, T(0));
      std::fill_n(ds_row + seen, keys - seen, T(0));
    }
    gemm::gemm<T>(keys, rows, sizes.features, {p, 1, sizes.steps}, {dy, sizes.out_stride, 1},
                  {gradients.v, sizes.stride, 1}, Store::add);
    gemm::gemm<T>(rows, keys, sizes.features, {ds, sizes.steps, 1}, {in.k, sizes.stride, 1},
                  {gradients.q + first * sizes.stride, sizes.stride, 1}, Store::overwrite);
    gemm::gemm<T>(keys, rows, sizes.features, {ds, 1, sizes.steps},
                  {in.q + first * sizes.stride, sizes.stride, 1}, {gradients.k, sizes.stride, 1},
                  Store::add);
  }
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
