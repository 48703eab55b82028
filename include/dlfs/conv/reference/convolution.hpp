#pragma once

#include "dlfs/conv/reference/pixel.hpp"
#include "dlfs/conv/window.hpp"
#include "dlfs/core/tensor.hpp"

// The sums of dlfs/conv/convolution.hpp, term by term, added in double.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::reference {

/// x (N, C, H, W), weight (F, C/groups, KH, KW), bias (F) -> y (N, F, OH, OW)
template <AnyTensor X, AnyTensor Weight, AnyTensor Bias>
Tensor<Element<X>> convolution(const X& x, const Weight& weight, const Bias& bias,
                               const Window2d& window, Index groups) {
  const Size2d image{x.extent(2), x.extent(3)};
  const Size2d out = window.output_size(image, "convolution");
  const Index channels = weight.extent(1);
  const Index filters = weight.extent(0) / groups;
  Tensor<Element<X>> y({x.extent(0), weight.extent(0), out.height, out.width});
  for (Index n = 0; n < y.extent(0); ++n) {
    for (Index f = 0; f < y.extent(1); ++f) {
      for (Index i = 0; i < out.height; ++i) {
        for (Index j = 0; j < out.width; ++j) {
          auto sum = static_cast<double>(bias(f));
          for (Index c = 0; c < channels; ++c) {
            for (Index k = 0; k < window.kernel.height; ++k) {
              for (Index l = 0; l < window.kernel.width; ++l) {
                const Pixel pixel = pixel_under_tap(window, i, j, k, l);
                if (!pixel.is_inside(image)) continue;
                sum +=
                    static_cast<double>(weight(f, c, k, l)) *
                    static_cast<double>(x(n, f / filters * channels + c, pixel.row, pixel.column));
              }
            }
          }
          y(n, f, i, j) = static_cast<Element<X>>(sum);
        }
      }
    }
  }
  return y;
}

/// dy (N, F, OH, OW), weight (F, C/groups, KH, KW) -> dx of shape `x` (N, C, H, W)
template <AnyTensor X, AnyTensor Weight>
Tensor<Element<X>> convolution_backward_input(const X& dy, const Weight& weight,
                                              const Window2d& window, Index groups,
                                              const Shape& x) {
  const Size2d image{x[2], x[3]};
  const Index channels = weight.extent(1);
  const Index filters = weight.extent(0) / groups;
  Tensor<double> sums(x);
  for (Index n = 0; n < dy.extent(0); ++n) {
    for (Index f = 0; f < dy.extent(1); ++f) {
      for (Index i = 0; i < dy.extent(2); ++i) {
        for (Index j = 0; j < dy.extent(3); ++j) {
          for (Index c = 0; c < channels; ++c) {
            for (Index k = 0; k < window.kernel.height; ++k) {
              for (Index l = 0; l < window.kernel.width; ++l) {
                const Pixel pixel = pixel_under_tap(window, i, j, k, l);
                if (!pixel.is_inside(image)) continue;
                sums(n, f / filters * channels + c, pixel.row, pixel.column) +=
                    static_cast<double>(weight(f, c, k, l)) * static_cast<double>(dy(n, f, i, j));
              }
            }
          }
        }
      }
    }
  }
  Tensor<Element<X>> dx(x);
  for (Index i = 0; i < dx.size(); ++i) dx.data()[i] = static_cast<Element<X>>(sums.data()[i]);
  return dx;
}

/// x (N, C, H, W), dy (N, F, OH, OW) -> dweight (F, C/groups, KH, KW)
template <AnyTensor X, AnyTensor Dy>
Tensor<Element<X>> convolution_backward_weight(const X& x, const Dy& dy, const Window2d& window,
                                               Index groups) {
  const Size2d image{x.extent(2), x.extent(3)};
  const Index channels = x.extent(1) / groups;
  const Index filters = dy.extent(1) / groups;
  Tensor<Element<X>> dweight({dy.extent(1), channels, window.kernel.height, window.kernel.width});
  for (Index f = 0; f < dweight.extent(0); ++f) {
    for (Index c = 0; c < channels; ++c) {
      for (Index k = 0; k < window.kernel.height; ++k) {
        for (Index l = 0; l < window.kernel.width; ++l) {
          double sum = 0;
          for (Index n = 0; n < dy.extent(0); ++n) {
            for (Index i = 0; i < dy.extent(2); ++i) {
              for (Index j = 0; j < dy.extent(3); ++j) {
                const Pixel pixel = pixel_under_tap(window, i, j, k, l);
                if (!pixel.is_inside(image)) continue;
                sum +=
                    static_cast<double>(dy(n, f, i, j)) *
                    static_cast<double>(x(n, f / filters * channels + c, pixel.row, pixel.column));
              }
            }
          }
          dweight(f, c, k, l) = static_cast<Element<X>>(sum);
        }
      }
    }
  }
  return dweight;
}

/// dy (N, F, OH, OW) -> dbias (F)
template <AnyTensor X>
Tensor<Element<X>> convolution_backward_bias(const X& dy) {
  Tensor<Element<X>> dbias({dy.extent(1)});
  for (Index f = 0; f < dy.extent(1); ++f) {
    double sum = 0;
    for (Index n = 0; n < dy.extent(0); ++n) {
      for (Index i = 0; i < dy.extent(2); ++i) {
        for (Index j = 0; j < dy.extent(3); ++j) sum += static_cast<double>(dy(n, f, i, j));
      }
    }
    dbias(f) = static_cast<Element<X>>(sum);
  }
  return dbias;
}

}  // namespace dlfs::reference
DLFS_STRICT_MATH_END
