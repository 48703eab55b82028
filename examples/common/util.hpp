#pragma once

#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

#include "common/functions.hpp"

// Book: common/util.py.

namespace common {

/// Smooths a noisy curve by a Kaiser window of 11 points (beta 2). The ends are mirrored, so that
/// the length stays. Curves of fewer points stay unchanged.
inline std::vector<double> smooth_curve(const std::vector<double>& curve) {
  constexpr int reach = 5;  // of the window to each side, in points
  const int count = static_cast<int>(curve.size());
  if (count <= 2 * reach) return curve;
  double window[2 * reach + 1];
  double total = 0;
  for (int k = -reach; k <= reach; ++k) {
    const double position = static_cast<double>(k) / reach;
    total += window[k + reach] = std::cyl_bessel_i(0, 2 * std::sqrt(1 - position * position));
  }
  std::vector<double> smooth(curve.size());
  for (int i = 0; i < count; ++i) {
    for (int k = -reach; k <= reach; ++k) {
      const int mirrored = std::abs(i + k);
      const int source = mirrored < count ? mirrored : 2 * count - 1 - mirrored;
      smooth[static_cast<std::size_t>(i)] +=
          window[k + reach] / total * curve[static_cast<std::size_t>(source)];
    }
  }
  return smooth;
}

/// The samples in random order, each with its label.
inline std::pair<Array, Labels> shuffle_dataset(const Array& x, const Labels& t, Rng& rng) {
  std::vector<Index> permutation(static_cast<std::size_t>(x.extent(0)));
  std::iota(permutation.begin(), permutation.end(), 0);
  rng.shuffle(permutation);
  const auto order = from_range(permutation);
  return {take(x, order, 0), take(t, order, 0)};
}

inline Index conv_output_size(Index input_size, Index filter_size, Index stride = 1,
                              Index pad = 0) {
  return (input_size + 2 * pad - filter_size) / stride + 1;
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

  Array col({N, out_h, out_w, C, filter_h, filter_w});
  for (Index y = 0; y < filter_h; ++y) {
    const Slice rows{y, y + stride * out_h, stride};
    for (Index x = 0; x < filter_w; ++x) {
      const Slice columns{x, x + stride * out_w, stride};
      assign(col(all, all, all, all, y, x).transpose({0, 3, 1, 2}), img(all, all, rows, columns));
    }
  }
  return std::move(col).reshape({N * out_h * out_w, -1});
}

/// The way back: each pixel becomes the sum of the numbers that im2col copies from it.
inline Array col2im(const Array& col, const Shape& input_shape, Index filter_h, Index filter_w,
                    Index stride = 1, Index pad = 0) {
  const Index N = input_shape[0], C = input_shape[1], H = input_shape[2], W = input_shape[3];
  const Index out_h = conv_output_size(H, filter_h, stride, pad);
  const Index out_w = conv_output_size(W, filter_w, stride, pad);
  const auto patches = col.reshape({N, out_h, out_w, C, filter_h, filter_w});

  Array img({N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1});
  for (Index y = 0; y < filter_h; ++y) {
    const Slice rows{y, y + stride * out_h, stride};
    for (Index x = 0; x < filter_w; ++x) {
      const Slice columns{x, x + stride * out_w, stride};
      img(all, all, rows, columns) += patches(all, all, all, all, y, x).transpose({0, 3, 1, 2});
    }
  }
  return copy(img(all, all, Slice{pad, pad + H}, Slice{pad, pad + W}));
}

}  // namespace common
