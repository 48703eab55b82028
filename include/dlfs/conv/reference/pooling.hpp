#pragma once

#include <cmath>
#include <cstdint>

#include "dlfs/conv/reference/pixel.hpp"
#include "dlfs/conv/window.hpp"
#include "dlfs/core/tensor.hpp"

// The poolings of dlfs/conv/pooling.hpp, tap by tap.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::reference {

/// Calls `visit(n, c, i, j)` for every element of an (N, C, OH, OW) tensor.
template <class Visit>
void for_each_position(const Shape& shape, Visit&& visit) {
  for (Index n = 0; n < shape[0]; ++n) {
    for (Index c = 0; c < shape[1]; ++c) {
      for (Index i = 0; i < shape[2]; ++i) {
        for (Index j = 0; j < shape[3]; ++j) visit(n, c, i, j);
      }
    }
  }
}

/// Calls `visit(pixel, tap)` for the taps of the window at (i, j) that are inside of the image.
template <class Visit>
void for_each_tap(const Window2d& window, Size2d image, Index i, Index j, Visit&& visit) {
  for (Index k = 0; k < window.kernel.height; ++k) {
    for (Index l = 0; l < window.kernel.width; ++l) {
      const Pixel pixel = pixel_under_tap(window, i, j, k, l);
      if (pixel.is_inside(image)) visit(pixel, k * window.kernel.width + l);
    }
  }
}

template <class T>
struct MaxPooled {
  Tensor<T> y;
  Tensor<std::uint16_t> argmax;
};

/// x (N, C, H, W) -> y and the argmax, both (N, C, OH, OW)
template <AnyTensor X>
MaxPooled<Element<X>> max_pooling(const X& x, const Window2d& window) {
  const Size2d image{x.extent(2), x.extent(3)};
  const Size2d out = window.output_size(image, "max_pooling");
  const Shape shape{x.extent(0), x.extent(1), out.height, out.width};
  MaxPooled<Element<X>> result{Tensor<Element<X>>(shape), Tensor<std::uint16_t>(shape)};
  for_each_position(shape, [&](Index n, Index c, Index i, Index j) {
    bool is_first = true;
    for_each_tap(window, image, i, j, [&](Pixel pixel, Index tap) {
      const Element<X> value = x(n, c, pixel.row, pixel.column);
      Element<X>& largest = result.y(n, c, i, j);
      if (is_first || value > largest || (detail::is_nan(value) && !detail::is_nan(largest))) {
        largest = value;
        result.argmax(n, c, i, j) = static_cast<std::uint16_t>(tap);
      }
      is_first = false;
    });
  });
  return result;
}

/// dy and the argmax (N, C, OH, OW) -> dx of shape `x` (N, C, H, W)
template <AnyTensor X, AnyTensor Argmax>
Tensor<Element<X>> max_pooling_backward(const X& dy, const Argmax& argmax, const Window2d& window,
                                        const Shape& x) {
  Tensor<Element<X>> dx(x);
  for_each_position(dy.shape(), [&](Index n, Index c, Index i, Index j) {
    for_each_tap(window, {x[2], x[3]}, i, j, [&](Pixel pixel, Index tap) {
      if (tap == argmax(n, c, i, j)) dx(n, c, pixel.row, pixel.column) += dy(n, c, i, j);
    });
  });
  return dx;
}

/// x (N, C, H, W) -> y (N, C, OH, OW)
template <AnyTensor X>
Tensor<Element<X>> average_pooling(const X& x, const Window2d& window) {
  const Size2d image{x.extent(2), x.extent(3)};
  const Size2d out = window.output_size(image, "average_pooling");
  const auto taps = static_cast<Element<X>>(window.kernel.height * window.kernel.width);
  Tensor<Element<X>> y({x.extent(0), x.extent(1), out.height, out.width});
  for_each_position(y.shape(), [&](Index n, Index c, Index i, Index j) {
    for_each_tap(window, image, i, j, [&](Pixel pixel, Index) {
      y(n, c, i, j) += x(n, c, pixel.row, pixel.column) / taps;
    });
  });
  return y;
}

/// dy (N, C, OH, OW) -> dx of shape `x` (N, C, H, W)
template <AnyTensor X>
Tensor<Element<X>> average_pooling_backward(const X& dy, const Window2d& window, const Shape& x) {
  const auto taps = static_cast<Element<X>>(window.kernel.height * window.kernel.width);
  Tensor<Element<X>> dx(x);
  for_each_position(dy.shape(), [&](Index n, Index c, Index i, Index j) {
    for_each_tap(window, {x[2], x[3]}, i, j, [&](Pixel pixel, Index) {
      dx(n, c, pixel.row, pixel.column) += dy(n, c, i, j) / taps;
    });
  });
  return dx;
}

}  // namespace dlfs::reference
DLFS_STRICT_MATH_END
