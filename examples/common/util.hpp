#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "common/functions.hpp"

// Book: common/util.py.

namespace common {

/// Smooths a noisy curve by a Kaiser window of 11 points (beta 2). The ends are mirrored, so that
/// the length stays. Curves of fewer points stay unchanged.
inline std::vector<double> smooth_curve(const std::vector<double>& x) {
  const int count = static_cast<int>(x.size());
  if (count < 11) return x;
  std::vector<double> y;
  for (int i = 0; i < count; ++i) {
    double smooth = 0, total = 0;
    for (int k = -5; k <= 5; ++k) {
      const double weight = std::cyl_bessel_i(0, 2 * std::sqrt(1 - k * k / 25.0));
      const int mirrored = std::abs(i + k);
      const int source = mirrored < count ? mirrored : 2 * count - 1 - mirrored;
      smooth += weight * x[static_cast<std::size_t>(source)];
      total += weight;
    }
    y.push_back(smooth / total);
  }
  return y;
}

/// The samples in random order, each with its label.
inline std::pair<Array, Labels> shuffle_dataset(const Array& x, const Labels& t, Rng& rng) {
  const auto permutation = argsort(random_uniform<double>({x.extent(0)}, rng));
  return {take(x, permutation, 0), take(t, permutation, 0)};
}

inline Index conv_output_size(Index input, Index filter, Index stride = 1, Index pad = 0) {
  return (input + 2 * pad - filter) / stride + 1;
}

/// Lays out the patches under a window as the rows of a matrix.
///
///   input_data (N, C, H, W) -> (N * OH * OW, C * filter_h * filter_w)
inline Array im2col(const Array& input_data, Index filter_h, Index filter_w, Index stride = 1,
                    Index pad = 0) {
  const Index N = input_data.extent(0), C = input_data.extent(1);
  const Index out_h = conv_output_size(input_data.extent(2), filter_h, stride, pad);
  const Index out_w = conv_output_size(input_data.extent(3), filter_w, stride, pad);
  const Array img = dlfs::pad(input_data, {{0, 0}, {0, 0}, {pad, pad}, {pad, pad}});
  Array col({N, C, filter_h, filter_w, out_h, out_w});
  for (Index y = 0; y < filter_h; ++y)
    for (Index x = 0; x < filter_w; ++x)
      assign(col(all, all, y, x), img(all, all, Slice{y, y + stride * out_h, stride},
                                      Slice{x, x + stride * out_w, stride}));
  return copy(col.transpose({0, 4, 5, 1, 2, 3})).reshape({N * out_h * out_w, -1});
}

/// The way back: each pixel becomes the sum of the numbers that im2col copies from it.
inline Array col2im(const Array& col, const Shape& input_shape, Index filter_h, Index filter_w,
                    Index stride = 1, Index pad = 0) {
  const Index N = input_shape[0], C = input_shape[1], H = input_shape[2], W = input_shape[3];
  const Index out_h = conv_output_size(H, filter_h, stride, pad);
  const Index out_w = conv_output_size(W, filter_w, stride, pad);
  const Array patches =
      copy(col.reshape({N, out_h, out_w, C, filter_h, filter_w}).transpose({0, 3, 4, 5, 1, 2}));
  Array img({N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1});
  for (Index y = 0; y < filter_h; ++y)
    for (Index x = 0; x < filter_w; ++x)
      img(all, all, Slice{y, y + stride * out_h, stride}, Slice{x, x + stride * out_w, stride}) +=
          patches(all, all, y, x);
  return copy(img(all, all, Slice{pad, pad + H}, Slice{pad, pad + W}));
}

}  // namespace common
