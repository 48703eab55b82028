#pragma once

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "dlfs/conv/bias_gradient.hpp"
#include "dlfs/conv/correlation.hpp"
#include "dlfs/conv/depthwise.hpp"
#include "dlfs/conv/narrow_weight_gradient.hpp"
#include "dlfs/conv/pointwise.hpp"
#include "dlfs/conv/weight_gradient.hpp"
#include "dlfs/conv/window.hpp"
#include "dlfs/conv/winograd.hpp"
#include "dlfs/core/expect.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// How a convolution is computed, in oneDNN's words.
enum class ConvolutionAlgorithm {
  automatic,  ///< the fastest: Winograd's where it pays
  direct  ///< never Winograd's: the same numbers under two windows have the same sum, to the bit
};

/// The shape (N, F, OH, OW) of a convolution's output. Checks all arguments.
///
///   x (N, C, H, W)   weight (F, C/groups, KH, KW), where KH x KW is the window's kernel
///
/// @throws ShapeError if x, weight and groups do not agree or the window does not fit; ValueError
/// for fewer than one group; and like Window2d.
inline Shape convolution_shape(const Shape& x, const Shape& weight, const Window2d& window,
                               Index groups, std::string_view operation = "convolution") {
  if (x.rank() != 4) {
    throw ShapeError(operation, ": expected x of shape (N, C, H, W), got ", x);
  }
  if (weight.rank() != 4) {
    throw ShapeError(operation, ": expected a weight of shape (F, C/groups, KH, KW), got ", weight);
  }
  if (groups < 1) throw ValueError(operation, ": expected at least 1 group, got ", groups);
  if (weight[0] < groups || weight[0] % groups != 0) {
    throw ShapeError(operation, ": the ", weight[0], " filters of the weight ", weight,
                     " do not divide into ", groups, " groups");
  }
  if (x[1] != weight[1] * groups) {
    throw ShapeError(operation, ": expected ", weight[1] * groups, " input channels (weight ",
                     weight, ", groups ", groups, "), got x of shape ", x);
  }
  if (window.kernel != Size2d(weight[2], weight[3])) {
    throw ShapeError(operation, ": expected a weight with the window's kernel of ",
                     window.kernel.height, " by ", window.kernel.width, ", got ", weight);
  }
  const Size2d out = window.output_size({x[2], x[3]}, operation);
  return {x[0], weight[0], out.height, out.width};
}

namespace detail {

/// The parts of a convolution for dlfs::simd, one for each group of channels, or one for all groups
/// of a depthwise convolution. The shapes must have passed convolution_shape.
class ConvolutionGroups {
 public:
  ConvolutionGroups(const Shape& x, const Shape& weight, const Shape& y, const Window2d& window,
                    Index groups)
      : x_(x),
        weight_(weight),
        y_(y),
        window_(window),
        is_depthwise_(groups > 1 && groups == x[1] && groups == y[1]),
        count_(is_depthwise_ ? 1 : groups) {}

  /// Whether each filter has one channel, and each channel one filter.
  bool is_depthwise() const { return is_depthwise_; }
  Index count() const { return count_; }
  Index filters() const { return y_[1] / count_; }
  Index channels() const { return x_[1] / count_; }

  template <class T>
  conv::Images<T> of_x(T* x, Index group) const {
    return images(x, x_, channels(), group);
  }
  template <class T>
  conv::Images<T> of_y(T* y, Index group) const {
    return images(y, y_, filters(), group);
  }
  template <class T>
  T* of_weight(T* weight, Index group) const {
    return weight + group * filters() * filter_size();
  }

  /// The weights in the layout in which the taps of x use them.
  template <class T>
  conv::Weights<T> weights(const T* weight, Index group) const {
    return {of_weight(weight, group), filter_size(), window_.kernel.height * window_.kernel.width,
            window_.kernel.width, 1};
  }

  conv::WindowAxis rows() const {
    return {window_.kernel.height, -window_.padding.height, window_.dilation.height,
            window_.stride.height};
  }
  conv::WindowAxis columns() const {
    return {window_.kernel.width, -window_.padding.width, window_.dilation.width,
            window_.stride.width};
  }

 private:
  Index filter_size() const { return weight_[1] * window_.kernel.height * window_.kernel.width; }

  template <class T>
  static conv::Images<T> images(T* data, const Shape& shape, Index channels, Index group) {
    const Index size = shape[1] * shape[2] * shape[3];
    T* const first = data == nullptr ? data : data + group * channels * shape[2] * shape[3];
    return {first, size, channels, shape[2], shape[3]};
  }

  Shape x_;
  Shape weight_;
  Shape y_;
  Window2d window_;
  bool is_depthwise_;
  Index count_;
};

/// How the sums of a convolution's groups are computed.
struct ConvolutionMethod {
  ConvolutionAlgorithm algorithm;
  bool is_depthwise;
};

/// conv::correlate by the method.
template <class T>
void correlate(Index count, const conv::Images<const T>& in, const conv::Weights<T>& weights,
               const conv::WindowAxis& y, const conv::WindowAxis& x, const T* start,
               const conv::Images<T>& out, ConvolutionMethod method) {
  if (method.is_depthwise) {
    conv::depthwise_correlate(count, in, weights, y, x, start, out);
  } else if (conv::is_pointwise(in, y, x, out.height, out.width)) {
    conv::pointwise_correlate(count, in, weights, y, x, start, out);
  } else if (method.algorithm == ConvolutionAlgorithm::automatic && weights.are_dense(x.taps) &&
             conv::suits_winograd<T>(count, in.channels, y, x, out)) {
    conv::winograd_correlate(count, in, weights, y, x, start, out);
  } else {
    conv::correlate(count, in, weights, y, x, start, out);
  }
}

/// conv::weight_gradient by the method.
template <class T>
void weight_gradient(Index count, const conv::Images<const T>& in, const conv::Images<const T>& dy,
                     const conv::WindowAxis& y, const conv::WindowAxis& x, T* dweight, Store store,
                     const conv::BiasGradient<T>& bias, ConvolutionMethod method) {
  if (count == 0) {
    if (store == Store::overwrite) {
      const Index channels = method.is_depthwise ? 1 : in.channels;
      std::fill_n(dweight, dy.channels * channels * y.taps * x.taps, T(0));
    }
  } else if (method.is_depthwise) {
    conv::depthwise_weight_gradient(count, in, dy, y, x, dweight, store, bias);
  } else if (conv::is_pointwise(in, y, x, dy.height, dy.width)) {
    conv::pointwise_weight_gradient(count, in, dy, y, x, dweight, store, bias);
  } else if (method.algorithm == ConvolutionAlgorithm::automatic &&
             conv::suits_winograd<T>(count, in.channels, y, x, dy)) {
    conv::winograd_weight_gradient(count, in, dy, y, x, dweight, store, bias);
  } else if (conv::suits_narrow_weight_gradient<T>(in.channels, x)) {
    conv::narrow_weight_gradient(count, in, dy, y, x, dweight, store, bias);
  } else {
    conv::weight_gradient(count, in, dy, y, x, dweight, store, bias);
  }
}

/// One axis of the input gradient, for the pixels of dx whose position has the remainder `phase`
/// modulo the stride. Each of these pixels is the sum over the taps that reach it. So they are a
/// correlation of dy, with stride 1, with some of the weights.
struct GradientPhase {
  Index phase;
  Index pixels = 0;     // number of pixels of dx
  Index first_tap = 0;  // first tap of the weight; then every tap_step-th tap
  Index tap_step = 1;
  conv::WindowAxis window{0, 0, 0, 1};  // window over dy; without taps, the gradient is 0

  GradientPhase(const conv::WindowAxis& forward, Index extent, Index phase_) : phase(phase_) {
    const Index stride = forward.stride;
    pixels = (extent - phase + stride - 1) / stride;
    tap_step = stride / std::gcd(stride, forward.dilation);
    // Tap t of position i reaches phase + stride u if i = u + (phase - offset(t)) / stride.
    while (first_tap < forward.taps && (phase - forward.offset(first_tap)) % stride != 0) {
      ++first_tap;
    }
    if (first_tap == forward.taps) return;
    window = {(forward.taps - first_tap + tap_step - 1) / tap_step,
              (phase - forward.offset(first_tap)) / stride, -tap_step * forward.dilation / stride,
              1};
  }
};

/// Computes the pixels of dx in one phase of each axis, if any tap reaches them, for all images of
/// a group. The sums start from `start` (C).
template <class T>
void correlate_phase(Index count, conv::Images<const T> dy, conv::Weights<T> weights,
                     const GradientPhase& y, const GradientPhase& x, Size2d stride, const T* start,
                     const conv::Images<T>& dx, ConvolutionMethod method) {
  weights.data += y.first_tap * weights.y_tap + x.first_tap * weights.x_tap;
  weights.y_tap *= y.tap_step;
  weights.x_tap *= x.tap_step;
  if (stride == Size2d(1)) {
    return detail::correlate<T>(count, dy, weights, y.window, x.window, start, dx, method);
  }
  const Index size = dx.channels * y.pixels * x.pixels;
  if (size == 0) return;
  constexpr Index most_elements = 1024 * 1024 / sizeof(T);
  const Index together = std::clamp<Index>(most_elements / size, 1, count);
  const Scratch<T> dense(together * size);
  for (Index first = 0; first < count; first += together, dy.data += together * dy.stride) {
    const Index images = std::min(together, count - first);
    detail::correlate<T>(images, dy, weights, y.window, x.window, start,
                         {dense.data(), size, dx.channels, y.pixels, x.pixels}, method);
    const T* from = dense.data();
    for (Index i = 0; i < images * dx.channels; ++i) {
      T* row = dx.channel(first + i / dx.channels, i % dx.channels) + y.phase * dx.width + x.phase;
      for (Index k = 0; k < y.pixels; ++k, row += stride.height * dx.width) {
        for (Index j = 0; j < x.pixels; ++j) row[j * stride.width] = *from++;
      }
    }
  }
}

/// The adjoint of a convolution, for checked shapes: from dy (N, F, OH, OW) to dx (N, C, H, W),
/// whose sums start from `start` (C).
template <class T>
void adjoint(const TensorView<const T>& dy, const TensorView<const T>& weight, const T* start,
             const Window2d& window, Index groups, const TensorView<T>& dx,
             ConvolutionAlgorithm algorithm = ConvolutionAlgorithm::automatic) {
  if (dx.empty()) return;
  const ConvolutionGroups parts(dx.shape(), weight.shape(), dy.shape(), window, groups);
  // Pixels that no tap reaches keep their start value.
  const auto reaches_all = [](const conv::WindowAxis& axis) {
    const Index phases = axis.stride / std::gcd(axis.stride, axis.dilation);
    return std::min(phases, axis.taps) == axis.stride;
  };
  if (!reaches_all(parts.rows()) || !reaches_all(parts.columns())) {
    const Index plane = dx.extent(2) * dx.extent(3);
    for (Index i = 0; i < dx.extent(0) * dx.extent(1); ++i) {
      std::fill_n(dx.data() + i * plane, plane, start[i % dx.extent(1)]);
    }
  }
  for (Index group = 0; group < parts.count(); ++group) {
    // The sum for each channel is over the filters, so filters and channels are swapped.
    conv::Weights<T> weights = parts.weights(weight.data(), group);
    if (!parts.is_depthwise()) std::swap(weights.filter, weights.channel);
    for (Index i = 0; i < std::min(window.stride.height, dx.extent(2)); ++i) {
      for (Index j = 0; j < std::min(window.stride.width, dx.extent(3)); ++j) {
        const GradientPhase y(parts.rows(), dx.extent(2), i);
        const GradientPhase x(parts.columns(), dx.extent(3), j);
        if (y.window.taps == 0 || x.window.taps == 0) continue;
        correlate_phase<T>(dx.extent(0), parts.of_y(dy.data(), group), weights, y, x, window.stride,
                           start + group * parts.channels(), parts.of_x(dx.data(), group),
                           {algorithm, parts.is_depthwise()});
      }
    }
  }
}

}  // namespace detail

/// Convolution of images (cross-correlation, as everywhere in deep learning):
///
///   y[n, f, i, j] = bias[f] + sum over c, k, l of weight[f, c, k, l] x[n, g C/groups + c, h, w]
///
/// where g = f / (F/groups) is the group of the filter and (h, w) the pixel under tap (k, l):
/// h = i stride - padding + k dilation, and w in the same way from j and l. x counts as 0 outside
/// of the image.
///
///   x (N, C, H, W)   weight (F, C/groups, KH, KW)   bias (F)   y (N, F, OH, OW), overwritten
///
/// Runs on the calling thread: to use several threads, call it in parallel for rows of x and y.
/// Cost: 2 N F OH OW C/groups KH KW FLOP. Winograd's algorithm, for windows of 3x3 with stride 1
/// and many channels and outputs, takes a quarter of it. Then the error of sums in float is up to
/// 1e-6 of the magnitudes of their terms, the last digits depend on whether N is large enough for
/// this algorithm and on the place of a window, and an infinity or a NaN reaches outputs up to 3
/// pixels beyond its windows. ConvolutionAlgorithm::direct does without it.
///
/// Scratch: some hundred kilobytes. Windows of 1x1 with a stride or very many channels need
/// megabytes; Winograd's algorithm also needs four times the weights.
/// @throws ShapeError for other shapes or non-contiguous views, and like convolution_shape.
template <AnyTensor X>
void convolution(const X& x, TensorArg<Element<X>> weight, TensorArg<Element<X>> bias,
                 const Window2d& window, Index groups, TensorView<Element<X>> y,
                 ConvolutionAlgorithm algorithm = ConvolutionAlgorithm::automatic) {
  using T = Element<X>;
  constexpr std::string_view name = "convolution";
  const Shape y_shape = convolution_shape(x.shape(), weight.shape(), window, groups, name);
  detail::expect_dense(name, "x", const_view(x));
  detail::expect_dense(name, "the weight", weight);
  detail::expect_dense(name, "the bias", bias, {weight.extent(0)});
  detail::expect_dense(name, "y", y, y_shape);
  detail::expect_apart(name, "y", y, "x", const_view(x));
  detail::expect_apart(name, "y", y, "the weight", weight);
  detail::expect_apart(name, "y", y, "the bias", bias);

  if (y.empty()) return;
  if (weight.empty()) {
    const Index plane = y.extent(2) * y.extent(3);
    for (Index i = 0; i < y.extent(0) * y.extent(1); ++i) {
      std::fill_n(y.data() + i * plane, plane, bias(i % y.extent(1)));
    }
    return;
  }
  const detail::ConvolutionGroups parts(x.shape(), weight.shape(), y_shape, window, groups);
  for (Index group = 0; group < parts.count(); ++group) {
    detail::correlate<T>(x.extent(0), parts.of_x(const_view(x).data(), group),
                         parts.weights(weight.data(), group), parts.rows(), parts.columns(),
                         bias.data() + group * parts.filters(), parts.of_y(y.data(), group),
                         {algorithm, parts.is_depthwise()});
  }
}

/// The gradient with respect to the input, the adjoint of convolution:
///
///   dx[n, g C/groups + c, h, w] = sum of weight[f, c, k, l] dy[n, f, i, j] over the filters f of
///                                 group g and all i, j, k, l for which (h, w) is under the tap
///
///   dy (N, F, OH, OW)   weight (F, C/groups, KH, KW)   dx (N, C, H, W), overwritten
///
/// Cost, scratch, thread and errors as for convolution.
template <AnyTensor X>
void convolution_backward_input(const X& dy, TensorArg<Element<X>> weight, const Window2d& window,
                                Index groups, TensorView<Element<X>> dx,
                                ConvolutionAlgorithm algorithm = ConvolutionAlgorithm::automatic) {
  using T = Element<X>;
  constexpr std::string_view name = "convolution_backward_input";
  const Shape y_shape = convolution_shape(dx.shape(), weight.shape(), window, groups, name);
  detail::expect_dense(name, "dy", const_view(dy), y_shape);
  detail::expect_dense(name, "the weight", weight);
  detail::expect_dense(name, "dx", dx);
  detail::expect_apart(name, "dx", dx, "dy", const_view(dy));
  detail::expect_apart(name, "dx", dx, "the weight", weight);

  const Scratch<T> zeros(dx.extent(1));
  std::fill_n(zeros.data(), dx.extent(1), T(0));
  detail::adjoint<T>(dy, weight, zeros.data(), window, groups, dx, algorithm);
}

/// The gradients with respect to the weight and the bias:
///
///   dweight[f, c, k, l] = sum over n, i, j of dy[n, f, i, j] x[n, g C/groups + c, h, w]
///   dbias[f]            = sum over n, i, j of dy[n, f, i, j]
///
///   x (N, C, H, W)   dy (N, F, OH, OW)   dweight (F, C/groups, KH, KW)   dbias (F)
///
/// overwritten or added to, depending on `store`. Cost, scratch, thread and errors as for
/// convolution.
template <AnyTensor X>
void convolution_backward_weights(
    const X& x, TensorArg<Element<X>> dy, const Window2d& window, Index groups,
    TensorView<Element<X>> dweight, TensorView<Element<X>> dbias, Store store = Store::overwrite,
    ConvolutionAlgorithm algorithm = ConvolutionAlgorithm::automatic) {
  using T = Element<X>;
  constexpr std::string_view name = "convolution_backward_weights";
  const Shape y_shape = convolution_shape(x.shape(), dweight.shape(), window, groups, name);
  detail::expect_dense(name, "x", const_view(x));
  detail::expect_dense(name, "dy", dy, y_shape);
  detail::expect_dense(name, "dweight", dweight);
  detail::expect_dense(name, "dbias", dbias, {dweight.extent(0)});
  detail::expect_apart(name, "dweight", dweight, "x", const_view(x));
  detail::expect_apart(name, "dweight", dweight, "dy", dy);
  detail::expect_apart(name, "dbias", dbias, "x", const_view(x));
  detail::expect_apart(name, "dbias", dbias, "dy", dy);
  detail::expect_apart(name, "dbias", dbias, "dweight", dweight);
  const detail::ConvolutionGroups parts(x.shape(), dweight.shape(), y_shape, window, groups);
  for (Index group = 0; group < parts.count(); ++group) {
    const auto group_dy = parts.of_y(const_view(dy).data(), group);
    const conv::BiasGradient<T> bias(dy.extent(0), parts.filters());
    if (dweight.empty()) {
      for (Index n = 0; n < dy.extent(0); ++n) bias.add(group_dy, n);
    } else {
      detail::weight_gradient<T>(x.extent(0), parts.of_x(const_view(x).data(), group), group_dy,
                                 parts.rows(), parts.columns(),
                                 parts.of_weight(dweight.data(), group), store, bias,
                                 {algorithm, parts.is_depthwise()});
    }
    bias.store_to(dbias.data() + group * parts.filters(), store);
  }
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
