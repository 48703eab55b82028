#pragma once

#include <algorithm>

#include "dlfs/conv/bias_gradient.hpp"
#include "dlfs/conv/correlation.hpp"
#include "dlfs/core/index_range.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"

// Depthwise correlations: filter c sees channel c alone. There is no product of matrices; each
// plane is small work, in which the taps of its window stay in the first-level cache.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::conv {

/// One axis of a plane's copy. With a stride, pixels are sorted by their remainder (class), so that
/// the pixels under one tap are neighbours.
struct PlaneAxis {
  WindowAxis window;
  Index classes;
  Index size;  // pixels of each class

  PlaneAxis(const WindowAxis& window_, Index positions)
      : window(window_),
        classes(std::min(window.stride, window.span() + 1)),
        size(positions + window.span() / window.stride) {}

  /// The class under a tap, and the pixel of the class at position 0.
  Index class_of(Index tap) const { return from_lowest(tap) % window.stride; }
  Index pixel_of(Index tap) const { return from_lowest(tap) / window.stride; }

 private:
  Index from_lowest(Index tap) const { return window.offset(tap) - window.lowest(); }
};

/// Copies of a few rows of one plane after the other, with zeros outside of the image.
template <class T>
class DepthwiseBands {
 public:
  /// For a window at `height` by `width` positions.
  DepthwiseBands(Index count, const Images<const T>& images, const WindowAxis& y,
                 const WindowAxis& x, Index height, Index width)
      : kernels_(simd::kernels<T>()),
        images_(images),
        memory_end_(images.channel(count - 1, images.channels)),
        height_(height),
        width_(width),
        band_height_(rows_together(y, x, height, width)),
        y_(y, band_height_),
        x_(x, width),
        pixels_(size() + kernels_.lanes),
        offsets_(y.taps * x.taps) {
    Index* offset = offsets_.data();
    for (Index i = 0; i < y.taps; ++i) {
      for (Index j = 0; j < x.taps; ++j) {
        const Index plane = y_.class_of(i) * x_.classes + x_.class_of(j);
        *offset++ = (plane * y_.size + y_.pixel_of(i)) * x_.size + x_.pixel_of(j);
      }
    }
  }

  /// Calls body(plane, first position) for each band of a channel.
  template <class Body>
  void for_each(Index image, Index channel, const Body& body) const {
    for (Index top = 0; top < height_; top += band_height_) {
      copy(image, channel, top);
      body(WindowPlane<T>{std::min(band_height_, height_ - top), width_, x_.size,
                          y_.window.taps * x_.window.taps, offsets_.data(), pixels_.data()},
           top * width_);
    }
  }

 private:
  static Index rows_together(const WindowAxis& y, const WindowAxis& x, Index height, Index width) {
    constexpr Index most_elements = 24 * 1024 / sizeof(T);  // in the first-level cache
    const PlaneAxis columns(x, width);
    const auto size = [&](Index rows) {
      const PlaneAxis axis(y, rows);
      return axis.classes * axis.size * columns.classes * columns.size;
    };
    while (height > 1 && size(height) > most_elements) height = (height + 1) / 2;
    return height;
  }

  Index size() const { return y_.classes * y_.size * x_.classes * x_.size; }

  void copy(Index image, Index channel, Index top) const {
    using dlfs::detail::range_inside;
    T* to = pixels_.data();
    for (Index i = 0; i < y_.classes; ++i) {
      for (Index j = 0; j < x_.classes; ++j, to += y_.size * x_.size) {
        const Index row = y_.window.lowest() + i + top * y_.window.stride;
        const Index left = x_.window.lowest() + j;
        kernels_.copy_rows(y_.size, x_.size,
                           {.data = images_.channel(image, channel) + row * images_.width + left,
                            .stride = y_.window.stride * images_.width,
                            .step = x_.window.stride,
                            .rows = range_inside(row, y_.window.stride, y_.size, images_.height),
                            .columns = range_inside(left, x_.window.stride, x_.size, images_.width),
                            .memory_begin = images_.data,
                            .memory_end = memory_end_},
                           to, x_.size);
      }
    }
  }

  const Kernels<T>& kernels_;
  Images<const T> images_;
  const T* memory_end_;
  Index height_;
  Index width_;
  Index band_height_;
  PlaneAxis y_;
  PlaneAxis x_;
  Scratch<T> pixels_;
  Scratch<Index> offsets_;
};

/// Like correlate, but channel c of `out` sees channel c of `in` alone, with the weights of filter
/// c.
template <class T>
void depthwise_correlate(Index count, const Images<const T>& in, const Weights<T>& weights,
                         const WindowAxis& y, const WindowAxis& x, const T* start,
                         const Images<T>& out) {
  const Kernels<T>& kernels = simd::kernels<T>();
  const DepthwiseBands<T> bands(count, in, y, x, out.height, out.width);
  const Scratch<T> filter(y.taps * x.taps);
  const bool is_narrow = out.width < kernels.lanes;
  const Scratch<T> narrow(is_narrow ? out.plane() + kernels.lanes : 0);
  for (Index c = 0; c < in.channels; ++c) {
    T* weight = filter.data();
    for (Index i = 0; i < y.taps; ++i) {
      for (Index j = 0; j < x.taps; ++j) {
        *weight++ = weights.data[c * weights.filter + i * weights.y_tap + j * weights.x_tap];
      }
    }
    for (Index n = 0; n < count; ++n) {
      bands.for_each(n, c, [&](const WindowPlane<T>& plane, Index first) {
        T* const sums = out.channel(n, c) + first;
        kernels.window_sums(plane, filter.data(), start[c], is_narrow ? narrow.data() : sums);
        if (is_narrow) std::copy_n(narrow.data(), plane.rows * plane.columns, sums);
      });
    }
  }
}

/// The gradient of the weights (C, 1, KH, KW), like weight_gradient, of a depthwise correlation.
template <class T>
void depthwise_weight_gradient(Index count, const Images<const T>& in, const Images<const T>& dy,
                               const WindowAxis& y, const WindowAxis& x, T* dweight, Store store,
                               const BiasGradient<T>& bias) {
  const Kernels<T>& kernels = simd::kernels<T>();
  const DepthwiseBands<T> bands(count, in, y, x, dy.height, dy.width);
  const Index taps = y.taps * x.taps;
  const bool is_whole = dy.width % kernels.lanes == 0;
  const Scratch<T> factors(is_whole ? 0 : dy.plane() + kernels.lanes);  // may be read past the end
  if (store == Store::overwrite) std::fill_n(dweight, in.channels * taps, T(0));
  for (Index n = 0; n < count; ++n) {
    bias.add(dy, n);
    for (Index c = 0; c < in.channels; ++c) {
      bands.for_each(n, c, [&](const WindowPlane<T>& plane, Index first) {
        const T* from = dy.channel(n, c) + first;
        if (!is_whole) {
          std::copy_n(from, plane.rows * plane.columns, factors.data());
          from = factors.data();
        }
        // Longer chains would lose digits of their terms. A band of such columns is one row.
        constexpr Index chain_columns = 16 * 1024;
        for (Index j = 0; j < plane.columns; j += chain_columns) {
          WindowPlane<T> part = plane;
          part.columns = std::min(chain_columns, plane.columns - j);
          part.pixels += j;
          kernels.window_products(part, from + j, dweight + c * taps);
        }
      });
    }
  }
}

}  // namespace dlfs::conv
DLFS_STRICT_MATH_END
