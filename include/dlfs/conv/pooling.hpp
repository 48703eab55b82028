#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>

#include "dlfs/conv/window.hpp"
#include "dlfs/conv/window_placements.hpp"
#include "dlfs/core/expect.hpp"
#include "dlfs/core/index_range.hpp"
#include "dlfs/core/pairwise.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The shape (N, C, OH, OW) of a pooling's output. Checks all arguments.
///
/// No window may be entirely in the padding. For this reason the padding is at most half the
/// kernel, and the dilation of a padded window at most the image's extent.
/// @throws ShapeError unless x is (N, C, H, W) and the window fits; ValueError for more padding;
/// and like Window2d.
inline Shape pooling_shape(const Shape& x, const Window2d& window, std::string_view operation) {
  if (x.rank() != 4) {
    throw ShapeError(operation, ": expected x of shape (N, C, H, W), got ", x);
  }
  const Size2d out = window.output_size({x[2], x[3]}, operation);
  const auto check = [&](std::string_view axis, Index image, Index kernel, Index padding,
                         Index dilation) {
    if (padding > kernel / 2) {
      throw ValueError(operation, ": expected a padding of at most half the kernel along the ",
                       axis, ", got padding ", padding, " and kernel ", kernel);
    }
    if (padding > 0 && dilation > image) {
      throw ShapeError(operation, ": a window of dilation ", dilation, " with padding ", padding,
                       " steps over an image of ", axis, " ", image);
    }
  };
  check("height", x[2], window.kernel.height, window.padding.height, window.dilation.height);
  check("width", x[3], window.kernel.width, window.padding.width, window.dilation.width);
  return {x[0], x[1], out.height, out.width};
}

/// The same with the output's extents rounded up, PyTorch's ceil_mode=True: the last window may end
/// outside of the image and its padding, but begins inside of the image or the padding before it.
/// @throws like pooling_shape.
inline Shape rounded_up_pooling_shape(const Shape& x, const Window2d& window,
                                      std::string_view operation) {
  const Shape rounded_down = pooling_shape(x, window, operation);
  const auto along = [](Index out, Index image, Index kernel, Index stride, Index padding,
                        Index dilation) {
    const Index left_over =
        image + 2 * padding - (dilation * (kernel - 1) + 1) - (out - 1) * stride;
    return left_over > 0 && (out - 1) * stride < image + padding - stride ? out + 1 : out;
  };
  return {x[0], x[1],
          along(rounded_down[2], x[2], window.kernel.height, window.stride.height,
                window.padding.height, window.dilation.height),
          along(rounded_down[3], x[3], window.kernel.width, window.stride.width,
                window.padding.width, window.dilation.width)};
}

namespace detail {

constexpr Size2d image_size(const Shape& nchw) { return {nchw[2], nchw[3]}; }

constexpr simd::Blocks blocks_of(const Shape& nchw) {
  return {nchw[0] * nchw[1], nchw[2], nchw[3]};
}

/// Whether the windows are the 2 by 2 blocks of the image: the usual case, which has its own loops.
constexpr bool is_2x2_blocks(const Window2d& window) {
  return window.kernel == Size2d(2) && window.stride == Size2d(2) && window.padding == Size2d(0) &&
         window.dilation == Size2d(1);
}

/// The shape that y must have: that of pooling_shape or, if y has it, the rounded-up one.
inline Shape expected_of_pooling(const Shape& y, const Shape& x, const Window2d& window,
                                 std::string_view operation) {
  const Shape rounded_down = pooling_shape(x, window, operation);
  if (y == rounded_down) return rounded_down;
  const Shape rounded_up = rounded_up_pooling_shape(x, window, operation);
  return y == rounded_up ? rounded_up : rounded_down;
}

/// Whether each window of y is a 2 by 2 block inside of the image.
constexpr bool is_2x2_blocks(const Window2d& window, const Shape& x, const Shape& y) {
  return is_2x2_blocks(window) && y[2] == x[2] / 2 && y[3] == x[3] / 2;
}

/// What the sum under each window is divided by: the taps in the image, or in the image and its
/// padding.
template <class T>
class AverageDivisors {
 public:
  AverageDivisors(Size2d image, Size2d out, const Window2d& window, bool count_include_pad)
      : out_(out), rows_(out.height), columns_(out.width) {
    const auto count = [&](Index i, Index extent, Index kernel, Index stride, Index padding,
                           Index dilation) {
      const Index around = count_include_pad ? padding : 0;
      const IndexRange taps =
          range_inside(i * stride - padding + around, dilation, kernel, extent + 2 * around);
      return static_cast<T>(taps.end - taps.begin);
    };
    for (Index oh = 0; oh < out.height; ++oh) {
      rows_[oh] = count(oh, image.height, window.kernel.height, window.stride.height,
                        window.padding.height, window.dilation.height);
    }
    for (Index ow = 0; ow < out.width; ++ow) {
      columns_[ow] = count(ow, image.width, window.kernel.width, window.stride.width,
                           window.padding.width, window.dilation.width);
    }
  }

  /// The divisor of the next window, in row-major order, image by image.
  T next() {
    const T divisor = rows_[row_] * columns_[column_];
    if (++column_ == out_.width) {
      column_ = 0;
      if (++row_ == out_.height) row_ = 0;
    }
    return divisor;
  }

 private:
  Size2d out_;
  Index row_ = 0;
  Index column_ = 0;
  Scratch<T> rows_;
  Scratch<T> columns_;
};

/// Sets what the 2 by 2 blocks leave out to 0: the last row and column of images of odd extents.
template <class T>
void clear_outside_2x2_blocks(const TensorView<T>& x) {
  const Size2d image = image_size(x.shape());
  const Index rows = x.extent(0) * x.extent(1) * image.height;
  if (image.width % 2 != 0) {
    for (Index row = 1; row <= rows; ++row) x.data()[row * image.width - 1] = T(0);
  }
  if (image.height % 2 != 0) {
    for (Index row = image.height; row <= rows; row += image.height) {
      std::fill_n(x.data() + (row - 1) * image.width, image.width, T(0));
    }
  }
}

/// The largest value of some taps, and its tap. Of equal values and of NaNs, the first counts.
template <class T>
struct MaxAndTap {
  T value;
  unsigned tap;

  /// `later` holds the maximum of taps that come after those of this one.
  void update(MaxAndTap later) {
    // The result of the comparison is hard to predict, so no branch depends on it.
    const bool loses = !(value >= later.value) & (value == value);
    const T larger = later.value > value ? later.value : value;
    value = later.value != later.value ? later.value : larger;
    tap += static_cast<unsigned>(loses) * (later.tap - tap);
  }
};

inline void expect_few_taps(const Window2d& window, std::string_view operation) {
  constexpr Index most = Index{std::numeric_limits<std::uint16_t>::max()} + 1;
  if (window.kernel.height > most / window.kernel.width) {
    throw ValueError(operation, ": expected a window of at most ", most, " taps, got ",
                     window.kernel.height, " by ", window.kernel.width);
  }
}

template <class T>
void max_pooling_of_blocks(const simd::Blocks& blocks, const T* x, T* y, std::uint16_t* argmax) {
  const auto& kernels = simd::block_pooling<T>(blocks.in_row());
  const Index whole = blocks.rows_of_whole_vectors(kernels.lanes);
  kernels.forward(blocks, whole, x, y, argmax);
  for (simd::BlockRow row(blocks, whole); row.index < blocks.rows(); row.next()) {
    for (Index j = 0; j < blocks.in_row(); ++j) {
      const T* const above = x + row.top + 2 * j;
      const T* const below = x + row.bottom + 2 * j;
      MaxAndTap<T> best{above[0], 0};
      best.update({above[1], 1});
      best.update({below[0], 2});
      best.update({below[1], 3});
      y[row.out + j] = best.value;
      if (argmax != nullptr) argmax[row.out + j] = static_cast<std::uint16_t>(best.tap);
    }
  }
}

/// Returns whether every argmax is a tap.
template <class T>
bool max_pooling_of_blocks_backward(const simd::Blocks& blocks, const T* dy,
                                    const std::uint16_t* argmax, T* dx) {
  const auto& kernels = simd::block_pooling<T>(blocks.in_row());
  const Index whole = blocks.rows_of_whole_vectors(kernels.lanes);
  bool argmax_is_valid = kernels.backward(blocks, whole, dy, argmax, dx);
  for (simd::BlockRow row(blocks, whole); row.index < blocks.rows(); row.next()) {
    for (Index j = 0; j < blocks.in_row(); ++j) {
      const unsigned tap_of_max = argmax[row.out + j];
      argmax_is_valid &= tap_of_max < 4;
      for (unsigned tap = 0; tap < 4; ++tap) {
        T* const pair = dx + (tap < 2 ? row.top : row.bottom) + 2 * j;
        pair[tap % 2] = tap == tap_of_max ? dy[row.out + j] : T(0);
      }
    }
  }
  return argmax_is_valid;
}

template <class T>
void max_pooling(const TensorView<const T>& x, const Window2d& window, const TensorView<T>& y,
                 std::uint16_t* argmax) {
  if (is_2x2_blocks(window, x.shape(), y.shape())) {
    return max_pooling_of_blocks(blocks_of(x.shape()), x.data(), y.data(), argmax);
  }
  const WindowPlacements placements(image_size(x.shape()), image_size(y.shape()), window);
  const T* const source = x.data();
  T* out = y.data();
  placements.for_each(x.extent(0) * x.extent(1), [&](const PlacedWindow& placed) {
    const auto only = [&](Index kh, Index kw) {
      return MaxAndTap<T>{source[placed.at(kh, kw)],
                          static_cast<unsigned>(kh * window.kernel.width + kw)};
    };
    MaxAndTap<T> best = only(placed.rows.begin, placed.columns.begin);
    for (Index kh = placed.rows.begin; kh < placed.rows.end; ++kh) {
      for (Index kw = placed.columns.begin; kw < placed.columns.end; ++kw) {
        best.update(only(kh, kw));
      }
    }
    *out++ = best.value;
    if (argmax != nullptr) *argmax++ = static_cast<std::uint16_t>(best.tap);
  });
}

}  // namespace detail

/// Max pooling: the largest value under each position of the window.
///
///   x (N, C, H, W)   y (N, C, OH, OW), overwritten; OH and OW may be rounded up
///
/// The padding is never the maximum; a NaN always is. `argmax` may be null. Otherwise it receives
/// y.size() entries: for each element of y the tap of its maximum, kh * KW + kw, the first of equal
/// ones. Runs on the calling thread.
/// @throws ShapeError for other shapes or non-contiguous views; ValueError for argmax with a window
/// of more than 65536 taps; and like pooling_shape.
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void max_pooling(const X& x, const Window2d& window, TensorView<Element<X>> y,
                 std::uint16_t* argmax = nullptr) {
  using T = Element<X>;
  constexpr std::string_view name = "max_pooling";
  const Shape y_shape = detail::expected_of_pooling(y.shape(), x.shape(), window, name);
  detail::expect_dense(name, "x", const_view(x));
  detail::expect_dense(name, "y", y, y_shape);
  detail::expect_apart(name, "y", y, "x", const_view(x));
  if (argmax != nullptr) detail::expect_few_taps(window, name);
  detail::max_pooling<T>(x, window, y, argmax);
}

/// The gradient of max pooling: each entry of dy goes to the pixel of its maximum. Where windows
/// overlap, a pixel gets the sum.
///
///   dy (N, C, OH, OW)   argmax: from max_pooling   dx (N, C, H, W), overwritten
///
/// Runs on the calling thread. @throws ShapeError and ValueError like max_pooling, and ValueError
/// if an argmax is not a tap of its window inside the image.
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void max_pooling_backward(const X& dy, const std::uint16_t* argmax, const Window2d& window,
                          TensorView<Element<X>> dx) {
  using T = Element<X>;
  constexpr std::string_view name = "max_pooling_backward";
  const Shape y_shape = detail::expected_of_pooling(dy.shape(), dx.shape(), window, name);
  detail::expect_dense(name, "dy", const_view(dy), y_shape);
  detail::expect_dense(name, "dx", dx);
  detail::expect_apart(name, "dx", dx, "dy", const_view(dy));
  detail::expect_few_taps(window, name);

  bool argmax_is_valid = true;
  if (detail::is_2x2_blocks(window, dx.shape(), y_shape)) {
    argmax_is_valid = detail::max_pooling_of_blocks_backward(detail::blocks_of(dx.shape()),
                                                             dy.data(), argmax, dx.data());
    detail::clear_outside_2x2_blocks(dx);
  } else {
    std::fill_n(dx.data(), dx.size(), T(0));
    const auto kernel_width = static_cast<std::uint32_t>(window.kernel.width);
    const T* gradient = dy.data();
    const detail::WindowPlacements placements(detail::image_size(dx.shape()),
                                              detail::image_size(y_shape), window);
    placements.for_each(dx.extent(0) * dx.extent(1), [&](const detail::PlacedWindow& placed) {
      const std::uint32_t tap_of_max = *argmax++;
      const Index kh = tap_of_max / kernel_width;
      const Index kw = tap_of_max % kernel_width;
      const T value = *gradient++;
      if (placed.rows.contains(kh) && placed.columns.contains(kw)) {
        dx.data()[placed.at(kh, kw)] += value;
      } else {
        argmax_is_valid = false;
      }
    });
  }
  if (!argmax_is_valid) {
    throw ValueError(name, ": expected the argmax that max_pooling stored for x of shape ",
                     dx.shape(), " and this window, got one outside of its window");
  }
}

/// Average pooling: the sum under each position of the window, divided by the number of its taps.
/// Taps in the padding count as zeros, unless count_include_pad is false. Taps beyond the padding,
/// which only rounded-up shapes have, do not count.
///
///   x (N, C, H, W)   y (N, C, OH, OW), overwritten; OH and OW may be rounded up
///
/// Runs on the calling thread. @throws ShapeError for other shapes or non-contiguous views, and
/// like pooling_shape.
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void average_pooling(const X& x, const Window2d& window, TensorView<Element<X>> y,
                     bool count_include_pad = true) {
  using T = Element<X>;
  constexpr std::string_view name = "average_pooling";
  const Shape y_shape = detail::expected_of_pooling(y.shape(), x.shape(), window, name);
  detail::expect_dense(name, "x", const_view(x));
  detail::expect_dense(name, "y", y, y_shape);
  detail::expect_apart(name, "y", y, "x", const_view(x));

  if (detail::is_2x2_blocks(window, x.shape(), y_shape)) {
    const simd::Blocks blocks = detail::blocks_of(x.shape());
    for (simd::BlockRow row(blocks, 0); row.index < blocks.rows(); row.next()) {
      for (Index j = 0; j < blocks.in_row(); ++j) {
        const T* const above = x.data() + row.top + 2 * j;
        const T* const below = x.data() + row.bottom + 2 * j;
        y.data()[row.out + j] = (above[0] + above[1] + below[0] + below[1]) / 4;
      }
    }
    return;
  }
  const T* const source = x.data();
  const Size2d image = detail::image_size(x.shape());
  if (window.kernel == image && window.dilation == Size2d(1) && window.padding == Size2d(0)) {
    const Index pixels = image.height * image.width;
    simd::add_up_columns(simd::AddTo(), y.size(), pixels, std::array{y.data()},
                         simd::Operand<T>{source, 1, pixels});
    const T taps = static_cast<T>(image.height) * static_cast<T>(image.width);
    simd::map([taps]<class V>(V& mean) { mean /= taps; }, y.size(), y.data());
    return;
  }
  T* mean = y.data();
  const Size2d out = detail::image_size(y_shape);
  const detail::WindowPlacements placements(image, out, window);
  detail::AverageDivisors<T> divisors(image, out, window, count_include_pad);
  const Index planes = x.extent(0) * x.extent(1);
  constexpr Index few_taps = 64;  // at most this many are added in sequence
  if (window.kernel.height * window.kernel.width > few_taps) {
    return placements.for_each(planes, [&](const detail::PlacedWindow& placed) {
      const auto row = [&](Index kh) {
        return detail::sum_pairwise<T>(placed.columns.begin, placed.columns.end,
                                       [&](Index kw) { return source[placed.at(kh, kw)]; });
      };
      *mean++ = detail::sum_pairwise<T>(placed.rows.begin, placed.rows.end, row) / divisors.next();
    });
  }
  placements.for_each(planes, [&](const detail::PlacedWindow& placed) {
    T sum = 0;
    for (Index kh = placed.rows.begin; kh < placed.rows.end; ++kh) {
      for (Index kw = placed.columns.begin; kw < placed.columns.end; ++kw) {
        sum += source[placed.at(kh, kw)];
      }
    }
    *mean++ = sum / divisors.next();
  });
}

/// The gradient of average pooling: each pixel under a window gets an equal share of its dy.
///
///   dy (N, C, OH, OW)   dx (N, C, H, W), overwritten
///
/// Runs on the calling thread. @throws like average_pooling.
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void average_pooling_backward(const X& dy, const Window2d& window, TensorView<Element<X>> dx,
                              bool count_include_pad = true) {
  using T = Element<X>;
  constexpr std::string_view name = "average_pooling_backward";
  const Shape y_shape = detail::expected_of_pooling(dy.shape(), dx.shape(), window, name);
  detail::expect_dense(name, "dy", const_view(dy), y_shape);
  detail::expect_dense(name, "dx", dx);
  detail::expect_apart(name, "dx", dx, "dy", const_view(dy));

  if (detail::is_2x2_blocks(window, dx.shape(), y_shape)) {
    const simd::Blocks blocks = detail::blocks_of(dx.shape());
    for (simd::BlockRow row(blocks, 0); row.index < blocks.rows(); row.next()) {
      for (Index j = 0; j < blocks.in_row(); ++j) {
        const T share = dy.data()[row.out + j] / 4;
        std::fill_n(dx.data() + row.top + 2 * j, 2, share);
        std::fill_n(dx.data() + row.bottom + 2 * j, 2, share);
      }
    }
    detail::clear_outside_2x2_blocks(dx);
    return;
  }
  std::fill_n(dx.data(), dx.size(), T(0));
  const T* gradient = dy.data();
  const Size2d image = detail::image_size(dx.shape());
  const Size2d out = detail::image_size(y_shape);
  const detail::WindowPlacements placements(image, out, window);
  detail::AverageDivisors<T> divisors(image, out, window, count_include_pad);
  placements.for_each(dx.extent(0) * dx.extent(1), [&](const detail::PlacedWindow& placed) {
    const T share = *gradient++ / divisors.next();
    for (Index kh = placed.rows.begin; kh < placed.rows.end; ++kh) {
      for (Index kw = placed.columns.begin; kw < placed.columns.end; ++kw) {
        dx.data()[placed.at(kh, kw)] += share;
      }
    }
  });
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
