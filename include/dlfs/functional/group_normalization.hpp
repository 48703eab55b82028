#pragma once

#include <algorithm>
#include <array>
#include <concepts>

#include "dlfs/core/pairwise.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/functional/deviations.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

// Kernels of group normalisation: each group of a sample's channels is normalised by its own mean
// and variance. They run on the calling thread, on contiguous views.
//
// Source: Wu and He, "Group normalization" (2018).

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// of_channel[c] = of_group[the group of c].
template <class T>
void spread_over_channels(Index channels, Index groups, const T* of_group, T* of_channel) {
  for (Index c = 0; c < channels; ++c) of_channel[c] = of_group[c / (channels / groups)];
}

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each group.
///
///   x, y (N, C, S)   gamma, beta: C numbers
///   statistics (N, 2, groups), overwritten: the means, and 1 / sqrt(variance + epsilon)
template <std::floating_point T>
void group_normalization(TensorView<const T> x, Index groups, const T* gamma, const T* beta,
                         T epsilon, TensorView<T> y, T* statistics) {
  if (x.empty()) return;
  const Index channels = x.extent(1);
  const Index pixels = x.extent(2);
  const Index columns = channels / groups * pixels;
  const Scratch<T> memory(2 * channels + groups);
  T* const mean_of_channel = memory.data();
  T* const rstd_of_channel = mean_of_channel + channels;
  T* const correction = rstd_of_channel + channels;
  for (Index n = 0; n < x.extent(0); ++n) {
    T* const mean = statistics + 2 * groups * n;
    T* const rstd = mean + groups;
    const T* const sample = x.data() + n * channels * pixels;
    const simd::Operand<T> numbers{sample, 1, columns};
    simd::add_up_columns(simd::AddTo(), groups, columns, std::array{mean}, numbers);
    for (Index g = 0; g < groups; ++g) mean[g] /= static_cast<T>(columns);
    // The sums of the deviations from this mean correct both statistics, as in batch_statistics.
    simd::add_up_columns(Deviate(), groups, columns, std::array{correction, rstd}, numbers,
                         simd::Operand<T>{mean, 0, 1});
    simd::map(
        [count = static_cast<T>(columns), epsilon]<class V>(V& m, V& rest, V& squares) {
          V std;
          correct_statistics(count, count, m, rest, squares);
          simd::sqrt<V>(squares + epsilon, std);
          squares = T(1) / std;
        },
        groups, mean, correction, rstd);
    spread_over_channels(channels, groups, mean, mean_of_channel);
    spread_over_channels(channels, groups, rstd, rstd_of_channel);
    const auto normalize = []<class V>(const V& number, const V& m, const V& inverse,
                                       const V& scale, const V& shift, V& out) {
      simd::multiply_add<V>((number - m) * inverse, scale, shift, out);
    };
    simd::apply<T>(normalize, channels, pixels, y.data() + n * channels * pixels, pixels,
                   simd::Operand<T>{sample, 1, pixels}, simd::Operand<T>{mean_of_channel, 0, 1},
                   simd::Operand<T>{rstd_of_channel, 0, 1}, simd::Operand<T>{gamma, 0, 1},
                   simd::Operand<T>{beta, 0, 1});
  }
}

/// The gradients of group_normalization, with x^ = (x - mean) / std and g = dy gamma:
///
///   dgamma = sum of dy x^    dbeta = sum of dy    dx = (g - mean(g) - x^ mean(g x^)) / std
///
///   x, dy, dx (N, C, S), dx may be null   statistics of the forward kernel
///   dgamma, dbeta: C numbers, stored as `store` says
template <std::floating_point T>
void group_normalization_backward(TensorView<const T> x, TensorView<const T> dy, Index groups,
                                  const T* statistics, const T* gamma, T* dgamma, T* dbeta,
                                  Store store, TensorView<T> dx) {
  const Index channels = x.extent(1);
  if (store == Store::overwrite) {
    std::fill_n(dgamma, channels, T(0));
    std::fill_n(dbeta, channels, T(0));
  }
  if (x.empty()) return;
  const Index pixels = x.extent(2);
  const Index columns = channels / groups * pixels;
  const Scratch<T> memory(channels * (pixels + 6) + 2 * groups);
  T* const normal = memory.data();
  T* const mean_of_channel = normal + channels * pixels;
  T* const rstd_of_channel = mean_of_channel + channels;
  T* const offset_of_channel = rstd_of_channel + channels;
  T* const slope_of_channel = offset_of_channel + channels;
  T* const of_gamma = slope_of_channel + channels;
  T* const of_beta = of_gamma + channels;
  T* const offset = of_beta + channels;
  T* const slope = offset + groups;
  const auto each = [](const T* data) { return simd::Operand<T>{data, 0, 1}; };
  const auto backward = [&](Index n, Index, const std::array<T*, 2>& sums) {
    const auto rows = [&](const T* data) { return simd::Operand<T>{data, 1, pixels}; };
    const auto gradient = rows(dy.data() + n * channels * pixels);
    spread_over_channels(channels, groups, statistics + 2 * groups * n, mean_of_channel);
    spread_over_channels(channels, groups, statistics + 2 * groups * n + groups, rstd_of_channel);
    const auto normalize = [](const auto& number, const auto& m, const auto& inverse, auto& out) {
      out = (number - m) * inverse;
    };
    simd::apply<T>(normalize, channels, pixels, normal, pixels,
                   rows(x.data() + n * channels * pixels), each(mean_of_channel),
                   each(rstd_of_channel));
    const auto add_up = []<class V>(const V& g, const V& x_hat, V& products, V& sum) {
      simd::multiply_add(g, x_hat, products, products);
      sum += g;
    };
    simd::add_up_columns(add_up, channels, pixels, sums, gradient, rows(normal));
    if (dx.data() == nullptr) return;
    const Index together = channels / groups;
    for (Index g = 0; g < groups; ++g) {
      const auto mean_of = [&](const T* sum) {
        const auto scaled = [&](Index c) { return rounded(gamma[c] * sum[c]); };
        return sum_pairwise<T>(g * together, (g + 1) * together, scaled) / static_cast<T>(columns);
      };
      slope[g] = mean_of(sums[0]);
      offset[g] = mean_of(sums[1]);
    }
    spread_over_channels(channels, groups, offset, offset_of_channel);
    spread_over_channels(channels, groups, slope, slope_of_channel);
    const auto differentiate = []<class V>(const V& g, const V& scale, const V& m, const V& x_hat,
                                           const V& k, const V& inverse, V& out) {
      V rest;
      simd::multiply_add<V>(g, scale, -m, rest);
      simd::multiply_add<V>(-x_hat, k, rest, rest);
      out = rest * inverse;
    };
    simd::apply<T>(differentiate, channels, pixels, dx.data() + n * channels * pixels, pixels,
                   gradient, each(gamma), each(offset_of_channel), rows(normal),
                   each(slope_of_channel), each(rstd_of_channel));
  };
  simd::add_up_halves(0, x.extent(0), 1, channels, std::array{of_gamma, of_beta}, backward);
  simd::map(simd::AddTo(), channels, static_cast<const T*>(of_gamma), dgamma);
  simd::map(simd::AddTo(), channels, static_cast<const T*>(of_beta), dbeta);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
