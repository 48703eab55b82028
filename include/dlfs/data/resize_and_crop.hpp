#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <type_traits>
#include <vector>

#include "dlfs/core/expect.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// The pixels of an axis that make one pixel of the result, and their weights, whose sum is 1.
template <class T>
struct ResizedPixel {
  Index first = 0;
  std::vector<T> weights;
};

/// A result of `size` pixels out of `extent`, each as large as `scale` pixels, from the middle.
template <class T>
std::vector<ResizedPixel<T>> resized_axis(Index extent, Index size, double scale) {
  const double margin =
      (static_cast<double>(extent) - rounded(static_cast<double>(size) * scale)) / 2;
  const double begin = scale == 1 ? std::floor(margin) : margin;
  const double reach = std::max(1.0, scale);
  std::vector<ResizedPixel<T>> axis(static_cast<std::size_t>(size));
  for (Index i = 0; i < size; ++i) {
    const double centre = begin + rounded((static_cast<double>(i) + 0.5) * scale);
    const auto clamped = [&](double at) {
      return std::clamp<Index>(static_cast<Index>(std::floor(at + 0.5)), 0, extent);
    };
    const Index first = std::min(clamped(centre - reach), extent - 1);
    const Index last = std::max(clamped(centre + reach), first + 1);
    std::vector<double> weights;
    double sum = 0;
    for (Index j = first; j < last; ++j) {
      const double distance = std::abs(static_cast<double>(j) + 0.5 - centre) / reach;
      weights.push_back(std::max(0.0, 1 - distance));
      sum += weights.back();
    }
    ResizedPixel<T>& pixel = axis[static_cast<std::size_t>(i)];
    pixel.first = first;
    for (const double weight : weights) pixel.weights.push_back(static_cast<T>(weight / sum));
  }
  return axis;
}

}  // namespace detail

/// Resizes an image to a size, with its proportions, and cuts off from both sides what is then too
/// long. Interpolation is bilinear, and where the image becomes smaller, each pixel is a mean over
/// all pixels that it covers ("antialias"): pixel j of an axis has the weight
/// max(0, 1 - |j + 1/2 - c| / max(1, s)) for a pixel of the result whose centre is at c, and which
/// is as large as s pixels. Where nothing is resized, pixels are copied.
///
///   x (C, H, W)   y (C, H', W')
///
/// Source: the filter of Pillow's Image.resize with BILINEAR, and of PyTorch with antialias.
/// @throws ShapeError for other shapes, an image without pixels, or unless both are contiguous.
template <std::floating_point T>
void resize_and_crop(std::type_identity_t<TensorArg<T>> x, TensorView<T> y) {
  if (x.rank() != 3 || y.rank() != 3 || x.empty() || y.extent(0) != x.extent(0)) {
    throw ShapeError("resize_and_crop: expected x (C, H, W) and y (C, H', W'), got ", x.shape(),
                     " and ", y.shape());
  }
  detail::expect_dense("resize_and_crop", "x", x);
  detail::expect_dense("resize_and_crop", "y", y);
  detail::expect_apart("resize_and_crop", "y", y, "x", x);
  if (y.empty()) return;
  const auto ratio = [&](int axis) {
    return static_cast<double>(x.extent(axis)) / static_cast<double>(y.extent(axis));
  };
  const double scale = std::min(ratio(1), ratio(2));
  const auto rows = detail::resized_axis<T>(x.extent(1), y.extent(1), scale);
  const auto columns = detail::resized_axis<T>(x.extent(2), y.extent(2), scale);

  // First each row that is needed, then the columns of the result.
  const Index first_row = rows.front().first;
  const Index last_row = rows.back().first + std::ssize(rows.back().weights);
  const Index width = y.extent(2);
  const Scratch<T> memory((last_row - first_row) * width);
  T* out = y.data();
  for (Index c = 0; c < x.extent(0); ++c) {
    T* narrow = memory.data();
    for (Index row = first_row; row < last_row; ++row) {
      const T* const pixels = x.data() + (c * x.extent(1) + row) * x.extent(2);
      for (const auto& [first, weights] : columns) {
        T sum = 0;
        for (std::size_t k = 0; k < weights.size(); ++k) {
          sum += detail::rounded(weights[k] * pixels[first + static_cast<Index>(k)]);
        }
        *narrow++ = sum;
      }
    }
    for (const auto& [first, weights] : rows) {
      std::fill_n(out, width, T(0));
      for (std::size_t k = 0; k < weights.size(); ++k) {
        const T* const row = memory.data() + (first - first_row + static_cast<Index>(k)) * width;
        for (Index i = 0; i < width; ++i) out[i] += detail::rounded(weights[k] * row[i]);
      }
      out += width;
    }
  }
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
