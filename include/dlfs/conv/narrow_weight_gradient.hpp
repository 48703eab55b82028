#pragma once

#include <algorithm>
#include <numeric>

#include "dlfs/conv/bias_gradient.hpp"
#include "dlfs/conv/correlation.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::conv {

/// Whether the channels under a row of the window leave too many lanes of WeightGradient idle.
template <class T>
bool suits_narrow_weight_gradient(Index channels, const WindowAxis& x) {
  const Kernels<T>& kernels = simd::kernels<T>();
  const Index row = channels * x.taps;
  return channels < kernels.lanes && 4 * row < 3 * kernels.vectors(row) * kernels.lanes;
}

/// The sums of WeightGradient with positions in the lanes: lane l of a sum adds the positions whose
/// remainder modulo the lanes is l. Both factors are read along their rows, dy in place, the pixels
/// in a band.
template <class T>
void narrow_weight_gradient(Index count, Images<const T> in, Images<const T> dy, WindowAxis y,
                            WindowAxis x, T* dweight, Store store, const BiasGradient<T>& bias) {
  const Kernels<T>& kernels = simd::kernels<T>();
  const Index lanes = kernels.lanes;
  const Index filters = dy.channels;
  const Index taps = in.channels * y.taps * x.taps;
  const Index products = (taps + nr_vectors - 1) / nr_vectors;  // for some rows of dy
  const Index tap_sums = products * nr_vectors;
  constexpr Index chain_positions = 16 * 1024;  // longer chains would lose digits of their terms
  const CorrelationBlocks blocks(1, in.channels, y, x, dy.height, dy.width, sizeof(T));
  const BandLayout layout(in.channels, y, x, blocks.height, dy.width);

  const Scratch<T> sums(filters * tap_sums * lanes);
  std::fill_n(sums.data(), filters * tap_sums * lanes, T(0));
  const Scratch<T> band(layout.size() + lanes);
  std::fill_n(band.data() + layout.size(), lanes, T(0));
  const Scratch<T> rest(filters * lanes);  // positions after the last whole vector, and zeros
  const Scratch<Term> terms(taps);
  list_terms<T>(layout, {nullptr, 0, y.taps * x.taps, x.taps, 1}, terms.data());

  // Adds the products with dy at `a` for the positions from `first` on. Each product also
  // prefetches a part of dy at the same positions of the next image, `to_next` elements away.
  const auto multiply = [&](const T* a, Index a_stride, Index first, Index depth, Index to_next) {
    Tile<T> tile{.depth = depth, .a_stride = a_stride, .c_stride = tap_sums * lanes};
    for (Index f = 0; f < filters; f += kernels.mr) {
      const Index rows = std::min(kernels.mr, filters - f);
      const Index next_step = to_next > 0 ? rows * lanes / products : 0;
      const T* next = a + to_next + f * a_stride;
      tile.a = a + f * a_stride;
      for (Index t = 0; t < taps; t += nr_vectors) {
        for (Index v = 0; v < nr_vectors; ++v) {
          tile.b[v] = band.data() + terms[std::min(t + v, taps - 1)].b + first;
          tile.c[v] = sums.data() + (f * tap_sums + t + v) * lanes;
        }
        kernels.lane_kernel(tile, rows, next, next_step);
        next += depth / lanes * next_step;
      }
    }
  };

  for (Index image = 0; image < count; ++image) {
    bias.add(dy, image);
    for (Index top = 0; top < dy.height; top += blocks.height) {
      const Index positions = std::min(blocks.height, dy.height - top) * dy.width;
      const Index whole = positions / lanes * lanes;
      const T* const from = dy.channel(image, 0) + top * dy.width;
      copy_band(kernels, layout, in, image, 0, in.channels, top, in.channel(count - 1, in.channels),
                band.data());
      for (Index first = 0; first < whole; first += chain_positions) {
        multiply(from + first, dy.plane(), first, std::min(chain_positions, whole - first),
                 image + 1 < count ? dy.stride : 0);
      }
      if (whole == positions) continue;
      for (Index f = 0; f < filters; ++f) {
        T* const end =
            std::copy_n(from + f * dy.plane() + whole, positions - whole, rest.data() + f * lanes);
        std::fill(end, rest.data() + (f + 1) * lanes, T(0));
      }
      multiply(rest.data(), lanes, whole, lanes, 0);
    }
  }
  for (Index i = 0; i < filters * taps; ++i) {
    const T* const sum = sums.data() + (i / taps * tap_sums + i % taps) * lanes;
    dweight[i] = std::accumulate(sum, sum + lanes, store == Store::add ? dweight[i] : T(0));
  }
}

}  // namespace dlfs::conv
DLFS_STRICT_MATH_END
