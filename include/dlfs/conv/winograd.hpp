#pragma once

#include <algorithm>
#include <type_traits>

#include "dlfs/conv/bias_gradient.hpp"
#include "dlfs/conv/patches.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/gemm/gemm.hpp"

// Correlations of 3x3 windows with stride 1 by Winograd's F(4x4, 3x3): a quarter of the products.
//
// The outputs are divided into tiles of 4x4. The 6x6 pixels that a tile sees, with the channels in
// the lanes, are transformed to 36 points, and so are the weights. For each point, the sums over
// the channels are a matrix product. The results are transformed to outputs. The gradient of the
// weights exchanges the roles: tiles of pixels and of dy are transformed, and the products are
// summed over the tiles.
//
// In float, for normal data, the error of sums is at most 1e-6 of the magnitudes of their terms,
// about three times that of plain sums. An infinity or a NaN spreads to all outputs of its tile.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::conv {

/// Whether Winograd's algorithm is faster than the plain sum, for `count` images of outputs.
template <class T, class Output>
bool suits_winograd(Index count, Index channels, const WindowAxis& y, const WindowAxis& x,
                    const Images<Output>& out) {
  // Outputs that see only padding must not get rounding errors of their neighbours.
  const auto suits = [](const WindowAxis& axis) {
    return axis.taps == winograd::taps_side && axis.stride == 1 &&
           axis.span() == winograd::taps_side - 1 && axis.lowest() > -winograd::taps_side;
  };
  constexpr Index least_channels = 16;
  // With fewer outputs, transforming the weights and reading all their points costs too much.
  const Index least_outputs = std::max<Index>(256, channels * out.channels / 512);
  return std::is_floating_point_v<T> && suits(y) && suits(x) &&
         std::min(channels, out.channels) >= least_channels &&
         std::min(out.height, out.width) > 2 && count * out.plane() >= least_outputs;
}

/// The division of output images into tiles. A band is a few rows of tiles of one image. A block is
/// a few bands, possibly of several images, that are multiplied together.
struct WinogradTiles {
  static constexpr Index side = winograd::outputs_side;

  /// A part of an image, in tiles.
  struct Band {
    Index image;
    Index row;  // first row of tiles in the image
    Index rows;
    Index first_tile;  // index of the first tile in the block
  };

  Index count;  // number of images
  Index rows;
  Index columns;
  Index band_rows;
  Index bands;        // bands of an image
  Index block_bands;  // bands of a block

  /// `points` is the number of elements of a tile at one point, of both factors or factor and
  /// product.
  WinogradTiles(Index count_, Index height, Index width, Index points, Index element_bytes)
      : count(count_), rows((height + side - 1) / side), columns((width + side - 1) / side) {
    constexpr Index block_bytes = 768 * 1024;  // in the second-level cache
    constexpr Index least_tiles = 64;          // this many pay for reading the weights again
    constexpr Index all_points = winograd::points_side * winograd::points_side;
    const Index tiles = std::max(least_tiles, block_bytes / (all_points * points * element_bytes));
    band_rows = std::clamp<Index>(tiles / columns, 1, rows);
    bands = (rows + band_rows - 1) / band_rows;
    band_rows = (rows + bands - 1) / bands;
    block_bands = std::clamp<Index>(tiles / (band_rows * columns), 1, count * bands);
  }

  Index block_tiles() const { return block_bands * band_rows * columns; }

  /// Calls `body(band)` for each band of a block. Returns the number of the block's tiles.
  template <class Body>
  Index for_each_band(Index first, const Body& body) const {
    Index tile = 0;
    for (Index i = first; i < std::min(first + block_bands, count * bands); ++i) {
      const Index row = i % bands * band_rows;
      const Band band{i / bands, row, std::min(band_rows, rows - row), tile};
      body(band);
      tile += band.rows * columns;
    }
    return tile;
  }
};

/// A matrix for each point, whose rows are whole vectors.
template <class T>
class WinogradPoints {
 public:
  static constexpr Index side = winograd::points_side;
  static constexpr Index count = side * side;

  /// The distance between points is one vector more, or else all points would share a few cache
  /// lines of the first-level cache.
  WinogradPoints(Index lanes, Index rows, Index columns)
      : width_((columns + lanes - 1) / lanes * lanes),
        stride_(rows * width_ + lanes),
        data_(count * stride_) {}

  Index width() const { return width_; }
  /// The numbers of all points and of what lies between them.
  T* data() const { return data_.data(); }
  Index size() const { return count * stride_; }
  Strided<T> matrix(Index point) const { return {data_.data() + point * stride_, width_, 1}; }
  Strided<const T> factor(Index point) const { return {data_.data() + point * stride_, width_, 1}; }
  Strided<const T> transposed(Index point) const {
    return {data_.data() + point * stride_, 1, width_};
  }

  /// The points of rows i, i + step, ...
  Squares<T> rows_from(Index i, Index step = 1) const {
    return {data_.data() + i * width_, side * stride_, stride_, step * width_};
  }
  Squares<const T> const_rows_from(Index i, Index step = 1) const {
    return {data_.data() + i * width_, side * stride_, stride_, step * width_};
  }

 private:
  Index width_;
  Index stride_;
  Scratch<T> data_;
};

/// Row c of the points holds channel c of all filters.
template <class T>
void transform_weights(const Kernels<T>& kernels, Index channels, Index filters,
                       const Weights<T>& weights, const WindowAxis& y, const WindowAxis& x,
                       const WinogradPoints<T>& points) {
  constexpr Index side = winograd::taps_side;
  const Index width = points.width();
  const Scratch<T> taps(side * side * width);
  Squares<const T> from{taps.data(), side * width, width, 0};
  // Taps that go backwards start with the last.
  if (y.dilation < 0) {
    from.data += (side - 1) * side * width;
    from.row = -from.row;
  }
  if (x.dilation < 0) {
    from.data += (side - 1) * width;
    from.column = -from.column;
  }
  for (Index c = 0; c < channels; ++c) {
    kernels.transpose(filters, side * side, weights.data + c * weights.channel, weights.filter,
                      taps.data(), width);
    kernels.winograd.taps(1, filters, from, nullptr, points.rows_from(c));
  }
}

/// A source of tiles for `transform`: its pixels with the channels innermost.
template <class T>
class WinogradInput {
 public:
  /// `y` and `x`: the window of pixels that a tile sees, starting at its first output.
  WinogradInput(const Kernels<T>& kernels, const WinogradTiles& tiles, Images<const T> images,
                const WindowAxis& y, const WindowAxis& x, Transform<T>* to_points)
      : kernels_(kernels),
        tiles_(tiles),
        images_(images),
        layout_(images.channels, y, x, tiles.side * tiles.band_rows, tiles.side * tiles.columns),
        to_points_(to_points),
        points_(kernels.lanes, tiles.block_tiles(), images.channels),
        pixels_(layout_.size() + kernels.lanes) {}

  const WinogradPoints<T>& points() const { return points_; }

  void transform(const WinogradTiles::Band& band) const {
    constexpr Index side = WinogradTiles::side;
    copy_channels_last(kernels_, layout_, images_, band.image, band.row * side, pixels_.data());
    for (Index i = 0; i < band.rows; ++i) {
      to_points_(tiles_.columns, images_.channels,
                 {pixels_.data() + i * side * layout_.row, layout_.row, images_.channels,
                  side * images_.channels},
                 nullptr, points_.rows_from(band.first_tile + i * tiles_.columns));
    }
  }

 private:
  const Kernels<T>& kernels_;
  const WinogradTiles& tiles_;
  Images<const T> images_;
  PatchLayout layout_;
  Transform<T>* to_points_;
  WinogradPoints<T> points_;
  Scratch<T> pixels_;
};

/// Like correlate, if suits_winograd.
template <class T>
void winograd_correlate(Index count, Images<const T> in, const Weights<T>& weights, WindowAxis y,
                        WindowAxis x, const T* start, Images<T> out) {
  const Kernels<T>& kernels = simd::kernels<T>();
  constexpr Index side = WinogradTiles::side;
  const WinogradTiles tiles(count, out.height, out.width, in.channels + out.channels, sizeof(T));
  const WinogradPoints<T> filters(kernels.lanes, in.channels, out.channels);
  transform_weights(kernels, in.channels, out.channels, weights, y, x, filters);

  const WinogradInput<T> pixels(kernels, tiles, in, {winograd::taps_side, y.lowest(), 1, 1},
                                {winograd::taps_side, x.lowest(), 1, 1}, kernels.winograd.pixels);
  const WinogradPoints<T> sums(kernels.lanes, tiles.block_tiles(), out.channels);
  const Index width = sums.width();
  const Scratch<T> bias(width);
  std::copy_n(start, out.channels, bias.data());
  const Scratch<T> band_outputs((tiles.band_rows * side * out.width + side) * width);

  for (Index block = 0; block < count * tiles.bands; block += tiles.block_bands) {
    const Index tile_count =
        tiles.for_each_band(block, [&](const auto& band) { pixels.transform(band); });
    for (Index p = 0; p < WinogradPoints<T>::count; ++p) {
      gemm::gemm<T>(tile_count, in.channels, width, pixels.points().factor(p), filters.factor(p),
                    sums.matrix(p), Store::overwrite);
    }
    tiles.for_each_band(block, [&](const WinogradTiles::Band& band) {
      // From right to left: if a tile writes past the end of its rows, into the start of the next
      // rows, the tiles there overwrite it.
      const Index last = tiles.columns - 1;
      for (Index i = 0; i < band.rows; ++i) {
        kernels.winograd.outputs_of_points(
            tiles.columns, out.channels,
            sums.const_rows_from(band.first_tile + i * tiles.columns + last, -1), bias.data(),
            {band_outputs.data() + side * (i * out.width + last) * width, out.width * width, width,
             -side * width});
      }
      const Index top = band.row * side;
      const Index height = std::min(band.rows * side, out.height - top);
      kernels.transpose(height * out.width, out.channels, band_outputs.data(), width,
                        out.channel(band.image, 0) + top * out.width, out.plane());
    });
  }
}

/// The gradient of the weights (F, C, 3, 3), like WeightGradient, if suits_winograd.
template <class T>
void winograd_weight_gradient(Index count, Images<const T> in, Images<const T> dy, WindowAxis y,
                              WindowAxis x, T* dweight, Store store, const BiasGradient<T>& bias) {
  const Kernels<T>& kernels = simd::kernels<T>();
  constexpr Index taps = winograd::taps_side * winograd::taps_side;
  const WinogradTiles tiles(count, dy.height, dy.width, in.channels + dy.channels, sizeof(T));
  const WinogradInput<T> pixels(kernels, tiles, in, y, x, kernels.winograd.pixels);
  const WindowAxis one{1, 0, 1, 1};
  const WinogradInput<T> gradients(kernels, tiles, dy, one, one, kernels.winograd.outputs);
  // The larger number of channels fills the lanes; the other channels are rows.
  const bool filters_fill_lanes = dy.channels > in.channels;
  const auto& row_points = (filters_fill_lanes ? pixels : gradients).points();
  const auto& lane_points = (filters_fill_lanes ? gradients : pixels).points();
  const Index rows = std::min(in.channels, dy.channels);
  const Index columns = std::max(in.channels, dy.channels);
  const WinogradPoints<T> sums(kernels.lanes, rows, columns);
  const Index width = sums.width();
  // Longer chains would lose digits of their terms.
  constexpr Index chain_positions = 64 * 1024;
  const bool are_many = count * dy.plane() > chain_positions;
  const Scratch<T> totals(are_many ? sums.size() : 0);
  if (are_many) {
    std::fill_n(sums.data(), sums.size(), T(0));
    std::fill_n(totals.data(), sums.size(), T(0));
  }
  const Index chain_blocks =
      std::max<Index>(1, chain_positions / (tiles.block_tiles() * tiles.side * tiles.side));
  const Index chain_bands = are_many ? chain_blocks * tiles.block_bands : count * tiles.bands;

  for (Index block = 0; block < count * tiles.bands; block += tiles.block_bands) {
    const bool begins = block % chain_bands == 0;
    if (begins && block > 0) {
      map(AddTo(), sums.size(), static_cast<const T*>(sums.data()), totals.data());
    }
    const Index tile_count = tiles.for_each_band(block, [&](const WinogradTiles::Band& band) {
      gradients.transform(band);
      if (band.row == 0) bias.add(dy, band.image);
      pixels.transform(band);
    });
    for (Index p = 0; p < WinogradPoints<T>::count; ++p) {
      gemm::gemm<T>(rows, tile_count, width, row_points.transposed(p), lane_points.factor(p),
                    sums.matrix(p), begins ? Store::overwrite : Store::add);
    }
  }
  if (are_many) map(AddTo(), sums.size(), static_cast<const T*>(totals.data()), sums.data());

  const Index filter_size = taps * in.channels;
  const Index row_step = filters_fill_lanes ? taps : filter_size;
  const Index column_step = filters_fill_lanes ? filter_size : taps;
  const Scratch<T> in_lanes(taps * width);
  const Scratch<T> windows(taps * columns);
  for (Index i = 0; i < rows; ++i) {
    kernels.winograd.taps_of_points(1, columns, sums.const_rows_from(i), nullptr,
                                    {in_lanes.data(), winograd::taps_side * width, width, 0});
    kernels.transpose(taps, columns, in_lanes.data(), width, windows.data(), taps);
    for (Index j = 0; j < columns; ++j) {
      const T* const from = windows.data() + j * taps;
      T* const to = dweight + i * row_step + j * column_step;
      if (store == Store::add) {
        for (Index t = 0; t < taps; ++t) to[t] += from[t];
      } else {
        std::copy_n(from, taps, to);
      }
    }
  }
}

}  // namespace dlfs::conv
DLFS_STRICT_MATH_END
