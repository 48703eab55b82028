#pragma once

#include <algorithm>

#include "dlfs/conv/bias_gradient.hpp"
#include "dlfs/conv/correlation.hpp"
#include "dlfs/conv/patches.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/gemm/gemm.hpp"
#include "dlfs/gemm/macro_kernel.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::conv {

/// The gradient of the weights of a correlation (see correlate), summed over images and positions:
///
///   dweight[f, c, y, x] = sum over n, i, j of dy[n, f, i, j] in[n, c, h, w]
///
/// Computed as a product over the positions. Its rows are those of dy, read in place. A vector
/// holds the channels and taps of a segment, which is a row of the window.
template <class T>
class WeightGradient {
 public:
  WeightGradient(Index channels, Index filters, WindowAxis y, WindowAxis x)
      : kernels_(simd::kernels<T>()),
        channels_(channels),
        filters_(filters),
        y_(y),
        x_(x),
        // Neighbouring taps are neighbouring pixels only without a dilation.
        segment_taps_(x.dilation == 1 ? x.taps : 1),
        segments_(y.taps * x.taps / segment_taps_),
        sums_(filters * stride()) {}

  /// Adds the contributions of `count` images and the gradients of their outputs.
  void sum_up(Index count, Images<const T> in, Images<const T> dy,
              const BiasGradient<T>& bias) const {
    const Index height = band_height(dy);
    const PatchLayout layout(channels_, y_, x_, height, dy.width);
    const Index most_images =
        height < dy.height ? 1 : std::clamp<Index>(band_elements() / layout.size(), 1, count);
    const Index positions = height * dy.width;

    // A vector may extend past the last pixel.
    const Index pixels_size = most_images * layout.size() + vectors(segment_taps_) * kernels_.lanes;
    const Scratch<T> pixels(pixels_size);
    const Scratch<Term> terms(most_images * positions);
    list_terms(layout, most_images, positions, dy, terms.data());
    const Scratch<Panel<T>> panels(segments_ * vectors(segment_taps_));
    list_panels(layout, pixels.data(), panels.data());
    const Scratch<T> zeros(filters_);
    std::fill_n(zeros.data(), filters_, T(0));
    const Index ahead = next_columns(kernels_, filters_ * stride());

    for (Index first = 0; first < count; first += most_images) {
      const Index images = std::min(most_images, count - first);
      for (Index image = 0; image < images; ++image) bias.add(dy, first + image);
      for (Index top = 0; top < dy.height; top += height) {
        const Index rows = std::min(height, dy.height - top);
        for (Index image = 0; image < images; ++image) {
          copy_channels_last(kernels_, layout, in, first + image, top,
                             pixels.data() + image * layout.size());
        }
        Tile<T> tile{.a = dy.channel(first, 0) + top * dy.width, .a_stride = dy.plane()};
        tile.c_stride = stride();
        tile.start = zeros.data();
        const Index depth = images * rows * dy.width;
        const Index terms_together = block_extent(depth, most_terms, 1);
        for (Index t = 0; t < depth; t += terms_together) {
          tile.terms = terms.data() + t;
          tile.depth = std::min(terms_together, depth - t);
          tile.adds = first + top + t > 0;
          macro_kernel(kernels_, tile, filters_, panels.data(), segments_ * vectors(segment_taps_),
                       ahead);
        }
      }
    }
  }

  /// dweight (F, C, KH, KW) = or += the sums.
  void store_to(T* dweight, Store store) const {
    const Index taps = y_.taps * x_.taps;
    const Index size = channels_ * taps;
    const Scratch<T> summand(size);
    for (Index f = 0; f < filters_; ++f) {
      const T* const sums = sums_.data() + f * stride();
      T* const to = dweight + f * size;
      T* const filter = store == Store::add ? summand.data() : to;
      if (stride() == size) {
        kernels_.transpose(taps, channels_, sums, channels_, filter, taps);
      } else {
        for (Index segment = 0; segment < segments_; ++segment) {
          kernels_.transpose(segment_taps_, channels_,
                             sums + segment * vectors(segment_taps_) * kernels_.lanes, channels_,
                             filter + segment * segment_taps_, taps);
        }
      }
      for (Index i = 0; store == Store::add && i < size; ++i) to[i] += summand[i];
    }
  }

 private:
  static constexpr Index most_terms = 224;  // for three vectors, in the first-level cache

  /// Number of elements in a band's pixels, which stay in the second-level cache. It is larger if
  /// the sums of each band's products do not fit in this cache.
  Index band_elements() const {
    const bool are_many_sums = filters_ * stride() >= many_elements<T>;
    return (are_many_sums ? 768 : 192) * Index{1024 / sizeof(T)};
  }

  Index vectors(Index taps) const { return kernels_.vectors(taps * channels_); }
  Index stride() const { return segments_ * vectors(segment_taps_) * kernels_.lanes; }

  Index band_height(const Images<const T>& dy) const {
    Index height = dy.height;
    while (height > 1 &&
           PatchLayout(channels_, y_, x_, height, dy.width).size() > band_elements()) {
      height = (height + 1) / 2;
    }
    return height;
  }

  void list_terms(const PatchLayout& layout, Index images, Index positions,
                  const Images<const T>& dy, Term* term) const {
    for (Index image = 0; image < images; ++image) {
      Index p = 0;
      for (Index i = 0; p < positions; ++i) {
        for (Index j = 0; j < dy.width; ++j, ++p) {
          *term++ = {image * dy.stride + p, image * layout.size() + i * y_.stride * layout.row +
                                                j * x_.stride * channels_};
        }
      }
    }
  }

  void list_panels(const PatchLayout& layout, const T* data, Panel<T>* panel) const {
    T* sum = sums_.data();
    for (Index segment = 0; segment < segments_; ++segment) {
      const Index tap = segment * segment_taps_;
      const T* const corner =
          data + tap / x_.taps * y_.dilation * layout.row + tap % x_.taps * x_.dilation * channels_;
      for (Index v = 0; v < vectors(segment_taps_); ++v, sum += kernels_.lanes) {
        *panel++ = {corner + v * kernels_.lanes, sum};
      }
    }
  }

  const Kernels<T>& kernels_;
  Index channels_;
  Index filters_;
  WindowAxis y_;
  WindowAxis x_;
  Index segment_taps_;
  Index segments_;
  Scratch<T> sums_;
};

/// dweight = or += the sums of WeightGradient.
template <class T>
void weight_gradient(Index count, Images<const T> in, Images<const T> dy, WindowAxis y,
                     WindowAxis x, T* dweight, Store store, const BiasGradient<T>& bias) {
  const WeightGradient<T> gradient(in.channels, dy.channels, y, x);
  gradient.sum_up(count, in, dy, bias);
  gradient.store_to(dweight, store);
}

}  // namespace dlfs::conv
DLFS_STRICT_MATH_END
