#pragma once

#include <algorithm>

#include "dlfs/math/simd/bias_gradient.hpp"
#include "dlfs/math/simd/correlation.hpp"
#include "dlfs/math/simd/product.hpp"
#include "dlfs/math/store.hpp"

// Correlations with windows of one pixel: for each image a product of the weights (filters,
// channels) with its pixels (channels, positions), where they lie.

namespace dlfs::simd {

/// Whether every position sees the one pixel in its place.
constexpr bool is_pointwise(const WindowAxis& y, const WindowAxis& x) {
  const auto is_one_pixel = [](const WindowAxis& axis) {
    return axis.taps == 1 && axis.first == 0 && axis.stride == 1;
  };
  return is_one_pixel(y) && is_one_pixel(x);
}

/// As correlate.
template <class T>
void pointwise_correlate(Index count, const Images<const T>& in, const Weights<T>& weights,
                         const T* start, const Images<T>& out) {
  for (Index n = 0; n < count; ++n) {
    for (Index f = 0; f < out.channels; ++f) {
      std::fill_n(out.channel(n, f), out.plane(), start[f]);
    }
    multiply<T>(out.channels, in.channels, out.plane(),
                {weights.data, weights.filter, weights.channel}, {in.channel(n, 0), in.plane(), 1},
                {out.channel(n, 0), out.plane(), 1}, Store::add);
  }
}

/// As weight_gradient.
template <class T>
void pointwise_weight_gradient(Index count, const Images<const T>& in, const Images<const T>& dy,
                               T* dweight, Store store, const BiasGradient<T>& bias) {
  for (Index n = 0; n < count; ++n) {
    bias.add(dy, n);
    multiply<T>(dy.channels, dy.plane(), in.channels, {dy.channel(n, 0), dy.plane(), 1},
                {in.channel(n, 0), 1, in.plane()}, {dweight, in.channels, 1},
                n == 0 ? store : Store::add);
  }
}

}  // namespace dlfs::simd
