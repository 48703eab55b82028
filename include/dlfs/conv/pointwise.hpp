#pragma once

#include <algorithm>

#include "dlfs/conv/bias_gradient.hpp"
#include "dlfs/conv/correlation.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/gemm/gemm.hpp"

// Correlations with windows of one pixel: products of the weights (filters, channels) and the
// pixels (channels, positions) of one image, or of several small images side by side.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::conv {

/// Whether each position of an output (height, width) sees one pixel of `in`.
template <class T>
bool is_pointwise(const Images<T>& in, const WindowAxis& y, const WindowAxis& x, Index height,
                  Index width) {
  const auto is_one_pixel = [](const WindowAxis& axis, Index positions, Index extent) {
    return axis.taps == 1 && axis.first == 0 && (positions - 1) * axis.stride < extent;
  };
  return is_one_pixel(y, height, in.height) && is_one_pixel(x, width, in.width);
}

/// The number of images that are multiplied together, given the number of weights and the positions
/// in an image. It is more than one if an image has fewer than `few` positions and the weights,
/// which each product reads or writes, fill the second-level cache. Otherwise copying the images
/// costs more.
template <class T>
constexpr Index images_together(Index count, Index weights, Index positions, Index few) {
  constexpr Index columns = 256;
  if (positions >= few || weights < many_elements<T>) return 1;
  return std::clamp<Index>(columns / positions, 1, count);
}

/// The pixels under pointwise windows: read in place, or copied side by side.
template <class T>
class PointwisePixels {
 public:
  /// For `together` images at a time, with windows at `height` by `width` positions.
  PointwisePixels(Index together, const Images<const T>& images, Index y_stride, Index x_stride,
                  Index height, Index width)
      : kernels_(simd::kernels<T>()),
        images_(images),
        y_stride_(y_stride),
        x_stride_(x_stride),
        height_(height),
        width_(width),
        are_all_(height == images.height && width == images.width),
        in_place_(are_all_ && together == 1),
        copy_(in_place_ ? 0 : images.channels * together * height * width + kernels_.lanes) {}

  /// (channels, count * height * width), from image `first` on.
  Strided<const T> of(Index first, Index count) const {
    if (in_place_) return {images_.channel(first, 0), images_.plane(), 1};
    T* to = copy_.data();
    for (Index c = 0; c < images_.channels; ++c) {
      for (Index n = first; n < first + count; ++n) to = copy_plane(images_.channel(n, c), to);
    }
    return {copy_.data(), count * height_ * width_, 1};
  }

 private:
  T* copy_plane(const T* from, T* to) const {
    if (are_all_) return std::copy_n(from, images_.plane(), to);
    kernels_.copy_rows(height_, width_,
                       {.data = from,
                        .stride = y_stride_ * images_.width,
                        .step = x_stride_,
                        .rows = {0, height_},
                        .columns = {0, width_},
                        .memory_begin = from,
                        .memory_end = from + images_.plane()},
                       to, width_);
    return to + height_ * width_;
  }

  const Kernels<T>& kernels_;
  Images<const T> images_;
  Index y_stride_;
  Index x_stride_;
  Index height_;
  Index width_;
  bool are_all_;
  bool in_place_;
  Scratch<T> copy_;
};

/// Like correlate, if is_pointwise.
template <class T>
void pointwise_correlate(Index count, const Images<const T>& in, const Weights<T>& weights,
                         const WindowAxis& y, const WindowAxis& x, const T* start,
                         const Images<T>& out) {
  const Index together = images_together<T>(count, in.channels * out.channels, out.plane(), 64);
  const PointwisePixels<T> pixels(together, in, y.stride, x.stride, out.height, out.width);
  const Scratch<T> sums(together == 1 ? 0 : out.channels * together * out.plane());
  for (Index first = 0; first < count; first += together) {
    const Index images = std::min(together, count - first);
    const Index columns = images * out.plane();
    T* const to = together == 1 ? out.channel(first, 0) : sums.data();
    gemm::gemm_from<T>(start, out.channels, in.channels, columns,
                       {weights.data, weights.filter, weights.channel}, pixels.of(first, images),
                       {to, columns, 1});
    for (Index i = 0; together > 1 && i < out.channels * images; ++i) {
      std::copy_n(to + i * out.plane(), out.plane(), out.channel(first + i % images, i / images));
    }
  }
}

/// Like weight_gradient, if is_pointwise.
template <class T>
void pointwise_weight_gradient(Index count, const Images<const T>& in, const Images<const T>& dy,
                               const WindowAxis& y, const WindowAxis& x, T* dweight, Store store,
                               const BiasGradient<T>& bias) {
  const Index together = images_together<T>(count, in.channels * dy.channels, dy.plane(), 16);
  const PointwisePixels<T> pixels(together, in, y.stride, x.stride, dy.height, dy.width);
  const PointwisePixels<T> gradients(together, dy, 1, 1, dy.height, dy.width);
  for (Index first = 0; first < count; first += together) {
    const Index images = std::min(together, count - first);
    for (Index n = first; n < first + images; ++n) bias.add(dy, n);
    gemm::gemm<T>(dy.channels, images * dy.plane(), in.channels, gradients.of(first, images),
                  pixels.of(first, images).transposed(), {dweight, in.channels, 1},
                  first == 0 ? store : Store::add);
  }
}

}  // namespace dlfs::conv
DLFS_STRICT_MATH_END
