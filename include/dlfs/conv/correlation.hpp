#pragma once

#include <algorithm>

#include "dlfs/conv/images.hpp"
#include "dlfs/core/index_range.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/gemm/macro_kernel.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::conv {

using namespace simd;
using namespace gemm;

/// One axis of a window that slides over images. Tap t at position i reads the pixel
/// first + t * dilation + i * stride. A negative dilation means that the taps go backwards.
struct WindowAxis {
  Index taps;
  Index first;
  Index dilation;
  Index stride;

  Index offset(Index tap) const { return first + tap * dilation; }
  Index lowest() const { return std::min(offset(0), offset(taps - 1)); }
  Index span() const { return std::max(offset(0), offset(taps - 1)) - lowest(); }
};

/// The weight of filter f, channel c and tap (y, x) is data[f * filter + c * channel + y * y_tap +
/// x * x_tap].
template <class T>
struct Weights {
  const T* data;
  Index filter;
  Index channel;
  Index y_tap;
  Index x_tap;

  /// Whether the window has rows of `x_taps` taps, and all taps are contiguous.
  bool are_dense(Index x_taps) const { return x_tap == 1 && y_tap == x_taps; }
};

/// The layout of a copy of a band of images, in which each tap of the window sees a dense plane.
/// For each channel and each column of taps it holds the pixels under that column for all positions
/// in x, and all rows that the band's positions in y see. Taps of one column share the rows. With a
/// stride, the rows are sorted by their remainder (class), so that the rows of one tap are
/// neighbours.
struct BandLayout {
  Index channels;
  WindowAxis y;
  WindowAxis x;
  Index width;    // positions in x
  Index classes;  // number of classes of rows
  Index rows;     // number of rows of each class

  BandLayout(Index channels_, WindowAxis y_, WindowAxis x_, Index height, Index width_)
      : channels(channels_),
        y(y_),
        x(x_),
        width(width_),
        classes(std::min(y.stride, y.span() + 1)),
        rows(height + y.span() / y.stride) {}

  Index size() const { return channels * x.taps * classes * rows * width; }

  Index offset(Index channel, Index y_tap, Index x_tap) const {
    const Index row = y.offset(y_tap) - y.lowest();
    const Index block = (channel * x.taps + x_tap) * classes + row % y.stride;
    return (block * rows + row / y.stride) * width;
  }
};

/// Fills the band of one image, for positions in y from `top` on and channels from `first` on.
template <class T>
void copy_band(const Kernels<T>& kernels, const BandLayout& layout, const Images<const T>& images,
               Index image, Index first, Index channels, Index top, const T* memory_end, T* band) {
  using dlfs::detail::range_inside;
  const Index planes = layout.x.taps * layout.classes;  // number of planes of a channel
  const Scratch<Source<T>> sources(planes);
  for (Index plane = 0; plane < planes; ++plane) {
    const Index left = layout.x.offset(plane / layout.classes);
    const Index row = layout.y.lowest() + plane % layout.classes + top * layout.y.stride;
    sources[plane] = {.data = images.channel(image, first) + row * images.width + left,
                      .stride = layout.y.stride * images.width,
                      .step = layout.x.stride,
                      .rows = range_inside(row, layout.y.stride, layout.rows, images.height),
                      .columns = range_inside(left, layout.x.stride, layout.width, images.width),
                      .memory_begin = images.data,
                      .memory_end = memory_end};
  }
  // In memory order: if a copy writes past its end, the next one overwrites it.
  for (Index c = 0; c < channels; ++c) {
    for (Index plane = 0; plane < planes; ++plane, band += layout.rows * layout.width) {
      kernels.copy_rows(layout.rows, layout.width, sources[plane], band, layout.width);
      sources[plane].data += images.plane();
    }
  }
}

/// The block sizes of correlate.
struct CorrelationBlocks {
  Index channels;
  Index height;  // positions in y
  Index images;

  /// A block has a few hundred terms: their pixels for three vectors of positions fit in the
  /// first-level cache. It has as many positions as the second-level cache holds copies of.
  CorrelationBlocks(Index count, Index all_channels, const WindowAxis& y, const WindowAxis& x,
                    Index out_height, Index out_width, Index element_bytes) {
    constexpr Index most_terms = 320;
    const Index band_elements = 192 * 1024 / element_bytes;
    const Index most_channels = std::max<Index>(1, most_terms / (y.taps * x.taps));
    const Index parts = (all_channels + most_channels - 1) / most_channels;
    channels = (all_channels + parts - 1) / parts;

    height = out_height;
    while (height > 1 && BandLayout(channels, y, x, height, out_width).size() > band_elements) {
      height = (height + 1) / 2;
    }
    const Index band = BandLayout(channels, y, x, height, out_width).size();
    images = height < out_height ? 1 : std::clamp<Index>(band_elements / band, 1, count);
  }
};

/// Lists the terms of the sums over the first channels of a band.
template <class T>
void list_terms(const BandLayout& layout, const Weights<T>& weights, Term* term) {
  for (Index c = 0; c < layout.channels; ++c) {
    for (Index i = 0; i < layout.y.taps; ++i) {
      for (Index j = 0; j < layout.x.taps; ++j) {
        *term++ = {c * weights.channel + i * weights.y_tap + j * weights.x_tap,
                   layout.offset(c, i, j)};
      }
    }
  }
}

/// Cross-correlation of images with filters:
///
///   out[n, f, i, j] = start[f] + sum over c, y, x of weight(f, c, y, x) in[n, c, h, w]
///
/// where (h, w) is the pixel under tap (y, x) of position (i, j); it counts as 0 outside of the
/// image. `out` has a channel for each filter.
///
/// Computed as the product of the weights, read in place, with the pixels of a band. Each vector
/// holds neighbouring positions.
template <class T>
void correlate(Index count, Images<const T> in, const Weights<T>& weights, WindowAxis y,
               WindowAxis x, const T* start, Images<T> out) {
  const Kernels<T>& kernels = simd::kernels<T>();
  const Index lanes = kernels.lanes;
  const Index filters = out.channels;
  const CorrelationBlocks blocks(count, in.channels, y, x, out.height, out.width, sizeof(T));
  const BandLayout layout(blocks.channels, y, x, blocks.height, out.width);
  const Index most_panels = blocks.images * kernels.vectors(blocks.height * out.width);

  const Scratch<T> band(blocks.images * layout.size() + lanes);
  const Scratch<Panel<T>> panels(most_panels);
  const Scratch<Term> terms(blocks.channels * y.taps * x.taps);
  list_terms(layout, weights, terms.data());
  const Scratch<T> spare(blocks.images * filters * lanes);

  const Index bands = (out.height + blocks.height - 1) / blocks.height;
  for (Index i = 0; i < bands * count; i += blocks.images) {
    const Index first = i / bands;  // the image, or the first of several whole ones
    const Index images = std::min(blocks.images, count - first);
    const Index top = piece_begin(out.height, bands, i % bands);
    const Index positions = (piece_begin(out.height, bands, i % bands + 1) - top) * out.width;
    const Index vectors = kernels.vectors(positions);
    // Fewer positions than a vector are computed as a whole vector and copied.
    const bool is_small = positions < lanes;

    for (Index image = 0; image < images; ++image) {
      T* const to = out.channel(first + image, 0) + top * out.width;
      for (Index v = 0; v < vectors; ++v) {
        const Index position = is_small ? 0 : vector_begin(v, lanes, positions);
        panels[image * vectors + v] = {
            band.data() + image * layout.size() + position,
            is_small ? spare.data() + image * filters * lanes : to + position};
      }
    }
    Tile<T> tile{.terms = terms.data(), .a_stride = weights.filter};
    tile.c_stride = is_small ? lanes : out.plane();
    for (Index c = 0; c < in.channels; c += blocks.channels) {
      const Index channels = std::min(blocks.channels, in.channels - c);
      for (Index image = 0; image < images; ++image) {
        copy_band(kernels, layout, in, first + image, c, channels, top,
                  in.channel(count - 1, in.channels), band.data() + image * layout.size());
      }
      tile.depth = channels * y.taps * x.taps;
      tile.a = weights.data + c * weights.channel;
      tile.start = c == 0 ? start : nullptr;
      // Computing few terms takes less time than fetching their results from distant memory.
      const bool fetches = tile.depth <= 16 && vectors >= 16;
      // Vectors that overlap must be in one group: see vector_begin.
      const bool overlap = !is_small && positions % lanes != 0;
      const Index together = overlap || fetches ? vectors : images * vectors;
      for (Index v = 0; v < images * vectors; v += together) {
        const bool has_next = fetches && first + v / vectors + 2 < count;
        macro_kernel(kernels, tile, filters, panels.data() + v, together,
                     has_next ? 2 * out.stride : 0);
      }
    }
    if (!is_small) continue;
    for (Index channel = 0; channel < images * filters; ++channel) {
      std::copy_n(spare.data() + channel * lanes, positions,
                  out.channel(first + channel / filters, channel % filters) + top * out.width);
    }
  }
}

}  // namespace dlfs::conv
DLFS_STRICT_MATH_END
