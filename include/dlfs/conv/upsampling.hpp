#pragma once

#include <algorithm>
#include <concepts>

#include "dlfs/conv/window.hpp"
#include "dlfs/core/pairwise.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/multiply_add.hpp"

// Images enlarged by whole factors: x (N, C, H, W) -> y (N, C, H FH, W FW), and the gradients.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// What stands between the pixels of an enlarged image.
enum class Interpolation {
  nearest,   ///< each pixel is repeated
  bilinear,  ///< in between in both directions; the edges are repeated (align_corners=False)
};

namespace detail {

/// The place of a row or column of the large image between two of the small one.
template <class T>
struct Between {
  Index low;
  Index high;
  T share_of_low;
  T share_of_high;
};

/// Pixel i has its centre at (i + 1/2) / factor - 1/2 of the small image, or at the first pixel.
template <class T>
void place_between(Index extent, Index factor, Between<T>* places) {
  for (Index i = 0; i < extent * factor; ++i) {
    const Index at = std::max<Index>(2 * i + 1 - factor, 0);  // in pixels / (2 factor)
    const Index low = at / (2 * factor);
    const T share = static_cast<T>(at % (2 * factor)) / static_cast<T>(2 * factor);
    places[i] = {low, std::min(low + 1, extent - 1), 1 - share, share};
  }
}

/// Calls visit(small, large) with the offsets of each channel's image.
template <class T, class Visit>
void for_each_image(const TensorView<T>& small, Size2d factor, const Visit& visit) {
  const Index pixels = small.extent(2) * small.extent(3);
  if (small.empty()) return;
  for (Index image = 0; image < small.size() / pixels; ++image) {
    visit(image * pixels, image * pixels * factor.height * factor.width);
  }
}

/// y (N, C, H FH, W FW): each pixel of x (N, C, H, W) as a block.
template <std::floating_point T>
void repeat_pixels(TensorView<const T> x, Size2d factor, TensorView<T> y) {
  const Index height = x.extent(2);
  const Index width = x.extent(3);
  for_each_image(x, factor, [&](Index small, Index large) {
    T* out = y.data() + large;
    for (Index h = 0; h < height; ++h) {
      const T* const row = x.data() + small + h * width;
      T* const first = out;
      for (Index w = 0; w < width; ++w) out = std::fill_n(out, factor.width, row[w]);
      for (Index copy = 1; copy < factor.height; ++copy) {
        out = std::copy_n(first, width * factor.width, out);
      }
    }
  });
}

/// dx = the sum of each block of dy.
template <std::floating_point T>
void repeat_pixels_backward(TensorView<const T> dy, Size2d factor, TensorView<T> dx) {
  const Index height = dx.extent(2);
  const Index width = dx.extent(3);
  for_each_image(dx, factor, [&](Index small, Index large) {
    for (Index h = 0; h < height; ++h) {
      for (Index w = 0; w < width; ++w) {
        const T* const block = dy.data() + large + (h * factor.height * width + w) * factor.width;
        const auto sum_of_row = [&](Index i) {
          const T* const row = block + i * width * factor.width;
          return sum_pairwise<T>(0, factor.width, [&](Index j) { return row[j]; });
        };
        dx.data()[small + h * width + w] = sum_pairwise<T>(0, factor.height, sum_of_row);
      }
    }
  });
}

/// y (N, C, H FH, W FW): x (N, C, H, W), bilinear between the pixels. Rows first, then columns.
template <std::floating_point T>
void interpolate_pixels(TensorView<const T> x, Size2d factor, TensorView<T> y) {
  if (x.empty()) return;
  const Index width = x.extent(3);
  const Scratch<Between<T>> rows(y.extent(2));
  const Scratch<Between<T>> columns(y.extent(3));
  const Scratch<T> between_rows(width);
  place_between(x.extent(2), factor.height, rows.data());
  place_between(width, factor.width, columns.data());
  for_each_image(x, factor, [&](Index small, Index large) {
    for (Index h = 0; h < y.extent(2); ++h) {
      const auto [low, high, share_of_low, share_of_high] = rows[h];
      simd::map(
          [a = share_of_low, b = share_of_high]<class V>(const V& above, const V& below, V& out) {
            simd::multiply_add<V>(above, V{} + a, below * b, out);
          },
          width, x.data() + small + low * width, x.data() + small + high * width,
          between_rows.data());
      T* const out = y.data() + large + h * y.extent(3);
      for (Index w = 0; w < y.extent(3); ++w) {
        const Between<T>& at = columns[w];
        out[w] = rounded(at.share_of_low * between_rows[at.low]) +
                 rounded(at.share_of_high * between_rows[at.high]);
      }
    }
  });
}

/// dx, the transpose of interpolate_pixels applied to dy. Columns first, then rows.
template <std::floating_point T>
void interpolate_pixels_backward(TensorView<const T> dy, Size2d factor, TensorView<T> dx) {
  if (dx.empty()) return;
  const Index width = dx.extent(3);
  const Scratch<Between<T>> rows(dy.extent(2));
  const Scratch<Between<T>> columns(dy.extent(3));
  const Scratch<T> of_row(width);
  place_between(dx.extent(2), factor.height, rows.data());
  place_between(width, factor.width, columns.data());
  std::fill_n(dx.data(), dx.size(), T(0));
  for_each_image(dx, factor, [&](Index small, Index large) {
    for (Index h = 0; h < dy.extent(2); ++h) {
      std::fill_n(of_row.data(), width, T(0));
      const T* const gradient = dy.data() + large + h * dy.extent(3);
      for (Index w = 0; w < dy.extent(3); ++w) {
        const Between<T>& at = columns[w];
        of_row[at.low] += rounded(at.share_of_low * gradient[w]);
        of_row[at.high] += rounded(at.share_of_high * gradient[w]);
      }
      const auto add = [&](Index row, T share) {
        simd::map([share]<class V>(const V& part,
                                   V& sum) { simd::multiply_add<V>(part, V{} + share, sum, sum); },
                  width, static_cast<const T*>(of_row.data()), dx.data() + small + row * width);
      };
      add(rows[h].low, rows[h].share_of_low);
      add(rows[h].high, rows[h].share_of_high);
    }
  });
}

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
