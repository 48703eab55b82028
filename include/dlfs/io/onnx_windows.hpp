#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/onnx_layers.hpp"
#include "dlfs/nn/layers/average_pooling.hpp"
#include "dlfs/nn/layers/average_pooling1d.hpp"
#include "dlfs/nn/layers/average_pooling3d.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/convolution1d.hpp"
#include "dlfs/nn/layers/convolution3d.hpp"
#include "dlfs/nn/layers/global_average_pooling.hpp"
#include "dlfs/nn/layers/max_pooling.hpp"
#include "dlfs/nn/layers/max_pooling1d.hpp"
#include "dlfs/nn/layers/max_pooling3d.hpp"
#include "dlfs/nn/layers/pad_channels.hpp"
#include "dlfs/nn/layers/transposed_convolution.hpp"
#include "dlfs/nn/layers/upsampling.hpp"
#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/elementwise.hpp"

// The operators of ONNX that move a window or look at all pixels: convolutions, pooling, resizing,
// padding.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

struct Pads {
  std::vector<std::int64_t> begin, end;
};

/// The padding of a window over the last axes of x.
template <std::floating_point T>
Pads pads_of(const Importer<T>& in, const Value& x, const std::vector<std::int64_t>& kernel,
             const std::vector<std::int64_t>& stride, const std::vector<std::int64_t>& dilation) {
  const int directions = static_cast<int>(kernel.size());
  const std::string_view automatic = in.text("auto_pad", "NOTSET");
  const std::vector<std::int64_t> pads = in.extents("pads", 2 * directions, 0);
  Pads result{{pads.begin(), pads.begin() + directions}, {pads.begin() + directions, pads.end()}};
  if (automatic == "NOTSET" || automatic.empty()) return result;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    std::int64_t all = 0;
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      in.expect(stride[i] > 0, "a stride of 0");
      const std::int64_t extent = x.extent(static_cast<int>(i) + 2);
      const std::int64_t out = (extent + stride[i] - 1) / stride[i];
      all = std::max<std::int64_t>(
          0, (out - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - extent);
    } else {
      in.expect(automatic == "VALID", "auto_pad of '", automatic, "'");
    }
    const std::int64_t smaller = all / 2;
    result.begin[i] = automatic == "SAME_LOWER" ? all - smaller : smaller;
    result.end[i] = all - result.begin[i];
  }
  return result;
}

inline Size2d size2d(const std::vector<std::int64_t>& list) { return {list[0], list[1]}; }

inline Size3d size3d(const std::vector<std::int64_t>& list) { return {list[0], list[1], list[2]}; }

/// The weight of a convolution whose padding at the begin is that at the end: where there is less,
/// zeros around the kernel make up for more.
template <std::floating_point T>
Tensor<T> with_equal_pads(const Importer<T>& in, Tensor<T> weight, Pads& pads,
                          const std::vector<std::int64_t>& dilation,
                          std::vector<std::int64_t>& kernel) {
  if (pads.begin == pads.end) return weight;
  Shape enlarged = weight.shape().axes(0, 2);
  std::vector<Index> before;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const std::int64_t pad = std::max(pads.begin[i], pads.end[i]);
    const std::int64_t less_before = pad - pads.begin[i], less_after = pad - pads.end[i];
    in.expect(dilation[i] > 0 && less_before % dilation[i] == 0 && less_after % dilation[i] == 0,
              "no convolution has another padding at the begin than at the end");
    before.push_back(less_before / dilation[i]);
    enlarged.push_back(
        detail::checked_sum("kernel", kernel[i], (less_before + less_after) / dilation[i]));
    pads.begin[i] = pads.end[i] = pad;
  }
  in.spend(enlarged);
  Tensor<T> result = zeros<T>(enlarged);
  TensorView<T> within = result.view();
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    within =
        within.slice(static_cast<int>(i) + 2, {.start = before[i], .stop = before[i] + kernel[i]});
    kernel[i] = enlarged[static_cast<int>(i) + 2];
  }
  assign(within, weight);
  return result;
}

template <std::floating_point T>
void read_convolution(Importer<T>& in) {
  const auto padded = in.unpadded(in.value(0));
  const Value x = in.plain(padded.x);
  Tensor<T> weight = in.tensor(1);
  const int rank = x.shape.rank(), directions = rank - 2;
  in.expect(rank >= 3 && rank <= 5 && weight.rank() == rank, "x ", x.shape, " and the weight ",
            weight.shape(), " are no convolution of one to three axes");
  const bool has_bias = in.has_input(2);
  const Index filters = weight.extent(0), groups = in.integer("group", 1);
  in.expect(groups >= 1 && groups <= x.shape[1], groups, " groups of ", x.shape[1], " channels");
  Tensor<T> bias = has_bias ? in.tensor(2, {filters}) : zeros<T>({filters});
  std::vector<std::int64_t> kernel(weight.shape().begin() + 2, weight.shape().end());
  in.expect(in.extents("kernel_shape", directions, 1) == kernel || !in.has("kernel_shape"),
            "kernel_shape is not that of the weight ", weight.shape());
  const auto stride = in.extents("strides", directions, 1);
  const auto dilation = in.extents("dilations", directions, 1);
  Pads pads = pads_of(in, in.value(0), kernel, stride, dilation);
  for (std::size_t i = 0; i < padded.begin.size(); ++i) {
    in.expect(i >= 2 || padded.begin[i] + padded.end[i] == 0, "its channels are padded");
    if (i < 2) continue;
    pads.begin[i - 2] += padded.begin[i];
    pads.end[i - 2] += padded.end[i];
  }
  const bool is_causal = rank == 3 && pads.end[0] == 0 && pads.begin[0] > 0 &&
                         pads.begin[0] == dilation[0] * (kernel[0] - 1);
  if (!is_causal) weight = with_equal_pads(in, std::move(weight), pads, dilation, kernel);
  const Index channels = detail::checked_product("convolution", weight.extent(1), groups);
  const auto made = [=](bool is_biased, Tensor<T> w, Tensor<T> b) -> AnyLayer<T> {
    if (rank == 3) {
      const Convolution1dOptions options{.in = channels,
                                         .filters = filters,
                                         .kernel = kernel[0],
                                         .stride = stride[0],
                                         .padding = is_causal ? 0 : pads.begin[0],
                                         .dilation = dilation[0],
                                         .groups = groups,
                                         .bias = is_biased,
                                         .causal = is_causal};
      return Convolution1d<T>(options, std::move(w), std::move(b));
    }
    if (rank == 4) {
      const ConvolutionOptions options{.in = channels,
                                       .filters = filters,
                                       .kernel = size2d(kernel),
                                       .stride = size2d(stride),
                                       .padding = size2d(pads.begin),
                                       .dilation = size2d(dilation),
                                       .groups = groups,
                                       .bias = is_biased};
      return Convolution<T>(options, std::move(w), std::move(b));
    }
    Rng rng(0);
    Convolution3d<T> layer({.in = channels,
                            .filters = filters,
                            .kernel = size3d(kernel),
                            .stride = size3d(stride),
                            .padding = size3d(pads.begin),
                            .dilation = size3d(dilation),
                            .groups = groups,
                            .bias = is_biased},
                           NoInitializer{}, rng);
    std::vector<Tensor<T>> weights{std::move(w)};
    if (is_biased) weights.push_back(std::move(b));
    return with_weights<T>(std::move(layer), std::move(weights));
  };
  const auto& inputs = in.node().inputs;
  const Value y = in.layer(made(has_bias, std::move(weight), std::move(bias)), {x},
                           {inputs[1], has_bias ? inputs[2] : ""});
  if (!has_bias) {
    in.allow_bias(y, 1, [made](AnyLayer<T> layer, Tensor<T> given) {
      return made(true, std::move(layer.parameters()[0]->value), std::move(given));
    });
  }
  in.result(y);
}

template <std::floating_point T>
void read_transposed_convolution(Importer<T>& in) {
  const Value x = in.plain(0);
  Tensor<T> weight = in.tensor(1);
  in.expect(x.shape.rank() == 4 && weight.rank() == 4, "expected images, found x ", x.shape,
            " and the weight ", weight.shape());
  const Index groups = in.integer("group", 1);
  in.expect(groups >= 1 && groups <= x.shape[1], groups, " groups of ", x.shape[1], " channels");
  const Index filters = detail::checked_product("filters", weight.extent(1), groups);
  Tensor<T> bias = in.has_input(2) ? in.tensor(2, {filters}) : Tensor<T>();
  if (!in.has_input(2)) {
    in.spend({filters});
    bias = zeros<T>({filters});
  }
  const std::vector<std::int64_t> kernel(weight.shape().begin() + 2, weight.shape().end());
  const auto stride = in.extents("strides", 2, 1), dilation = in.extents("dilations", 2, 1);
  in.expect(in.text("auto_pad", "NOTSET") == "NOTSET" && !in.has("output_shape"),
            "its padding depends on the output");
  const Pads pads = pads_of(in, x, kernel, stride, dilation);
  in.expect(pads.begin == pads.end, "the padding at the begin is not that at the end");
  const TransposedConvolutionOptions options{
      .in = weight.extent(0),
      .filters = filters,
      .kernel = size2d(kernel),
      .stride = size2d(stride),
      .padding = size2d(pads.begin),
      .output_padding = size2d(in.extents("output_padding", 2, 0)),
      .dilation = size2d(dilation),
      .groups = groups};
  in.result(in.layer(TransposedConvolution<T>(options, std::move(weight), std::move(bias)), {x},
                     {in.node().inputs[1]}));
}

template <std::floating_point T>
void read_pooling(Importer<T>& in, bool is_maximum) {
  in.expect_one_output();
  const Value x = in.plain(0);
  const int rank = x.shape.rank(), directions = rank - 2;
  in.expect(rank >= 3 && rank <= 5, "x is of shape ", x.shape);
  const auto kernel = in.extents("kernel_shape", directions, 1);
  const auto stride = in.extents("strides", directions, 1);
  const auto dilation = in.extents("dilations", directions, 1);
  const Pads pads = pads_of(in, x, kernel, stride, dilation);
  const bool counts_padding =
      in.integer("count_include_pad", 0) != 0 || pads.begin == Pads{}.begin ||
      std::all_of(pads.begin.begin(), pads.begin.end(), [](std::int64_t pad) { return pad == 0; });
  bool rounds_up = in.integer("ceil_mode", 0) != 0;
  // Padding that the end has more of is that of a last window which exceeds the
  // image.
  bool has_more = false;
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    in.expect(kernel[i] > 0 && stride[i] > 0 && dilation[i] > 0, "a window of 0");
    const std::int64_t padded = x.shape[static_cast<int>(i) + 2] + pads.begin[i] + pads.end[i];
    const std::int64_t room = padded - dilation[i] * (kernel[i] - 1) - 1;
    in.expect(room >= 0, "the window does not fit into x of shape ", x.shape);
    out.push_back(room / stride[i] + 1);
    has_more |= pads.begin[i] != pads.end[i];
  }
  const bool ignores_more = is_maximum || in.integer("count_include_pad", 0) == 0;
  in.expect(!has_more || (ignores_more && !rounds_up),
            "the padding at the begin is not that at the end");
  rounds_up |= has_more;
  const auto add = [&](AnyLayer<T> layer) {
    const Value y = in.layer(std::move(layer), {x});
    for (std::size_t i = 0; has_more && i < out.size(); ++i) {
      in.expect(y.shape[static_cast<int>(i) + 2] == out[i],
                "the padding at the end is not that of a last window");
    }
    in.result(y);
  };
  if (rank == 4) {
    const Window2d window{size2d(kernel), size2d(stride), size2d(pads.begin), size2d(dilation)};
    if (is_maximum) return add(MaxPooling<T>(window, {.ceil_mode = rounds_up}));
    return add(AveragePooling<T>(
        window, {.ceil_mode = rounds_up, .count_include_pad = counts_padding && !has_more}));
  }
  for (std::size_t i = 0; rounds_up && i < kernel.size(); ++i) {
    const std::int64_t padded = x.shape[static_cast<int>(i) + 2] + pads.begin[i] + pads.end[i];
    in.expect(!has_more && (padded - dilation[i] * (kernel[i] - 1) - 1) % stride[i] == 0,
              "ceil_mode is for images alone");
  }
  in.expect(is_maximum || counts_padding, "count_include_pad of 0 is for images alone");
  if (rank == 3) {
    const Window1d window{kernel[0], stride[0], pads.begin[0], dilation[0]};
    if (is_maximum) return add(MaxPooling1d<T>(window));
    return add(AveragePooling1d<T>(window));
  }
  const Window3d window{size3d(kernel), size3d(stride), size3d(pads.begin), size3d(dilation)};
  if (is_maximum) return add(MaxPooling3d<T>(window));
  add(AveragePooling3d<T>(window));
}

/// The mean or the maximum over any axes but the samples': those of images as they are, others as
/// pixels.
template <std::floating_point T>
void read_reduction(Importer<T>& in, const std::set<int>& axes, bool keeps_axes, bool is_maximum) {
  const Value& x = in.value(0);
  const auto reduced = [&](const Value& images) {
    if (!is_maximum) return in.layer(GlobalAveragePooling<T>(), {images});
    const Size2d window{images.shape[2], images.shape[3]};
    return in.layer(MaxPooling<T>({.kernel = window, .stride = window}), {images});
  };
  if (x.rank() == 4 && x.is_samples(0) && axes == std::set{2, 3}) {
    Value y = reduced(in.plain(x));
    y.axes.resize(2);
    if (keeps_axes) y.axes.resize(4);
    return in.result_view(std::move(y));
  }
  Value pixels{x.source, x.shape, {{{0, 1, 1}}, {}, {}, {}}, x.offsets, x.node};
  Index kept = 1;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const bool is_kept = !axes.contains(axis);
    in.expect(is_kept || !x.has_samples(axis), "it is over the samples");
    ValueAxis& to = pixels.axes[is_kept ? 1 : 2];
    for (const Factor& factor : x.axis(axis)) {
      if (factor.is_samples()) continue;
      to.push_back(factor);
      if (is_kept) kept *= factor.extent;
    }
  }
  in.expect(!axes.empty(), "it is over no axis");
  Value y = reduced(in.plain(pixels));
  y.axes.clear();
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (axes.contains(axis)) {
      if (keeps_axes) y.axes.emplace_back();
      continue;
    }
    ValueAxis& to = y.axes.emplace_back();
    for (const Factor& factor : x.axis(axis)) {
      if (factor.is_samples()) {
        to.push_back(factor);
        continue;
      }
      kept /= factor.extent;
      to.push_back({1, factor.extent, kept});
    }
  }
  in.result_view(std::move(y));
}

template <std::floating_point T>
void read_reduce(Importer<T>& in, bool is_maximum) {
  const int rank = in.value(0).rank();
  std::set<int> axes;
  for (const std::int64_t axis : in.list("axes", 1).value_or(std::vector<std::int64_t>{})) {
    axes.insert(in.axis(axis, rank));
  }
  read_reduction(in, axes, in.integer("keepdims", 1) != 0, is_maximum);
}

template <std::floating_point T>
void read_global_pooling(Importer<T>& in, bool is_maximum) {
  std::set<int> axes;
  for (int axis = 2; axis < in.value(0).rank(); ++axis) axes.insert(axis);
  read_reduction(in, axes, /*keeps_axes=*/true, is_maximum);
}

template <std::floating_point T>
void read_resize(Importer<T>& in) {
  const Value x = in.plain(0);
  in.expect(x.rank() == 4, "x is of shape ", x.shape);
  const std::string_view mode = in.text("mode", "nearest");
  const std::string_view places = in.text("coordinate_transformation_mode", "half_pixel");
  const std::size_t scales = in.node().op == "Upsample" ? 1 : 2;
  std::array<Index, 2> factor{};
  for (const int axis : {0, 1}) {
    double scale = 0;
    if (in.is_constant(scales) && !in.constant(scales)->is_empty()) {
      const Tensor<T> given = in.tensor(scales);
      in.expect(given.size() == 4 && given.data()[0] == 1 && given.data()[1] == 1,
                "its scales are not those of images");
      scale = static_cast<double>(given.data()[axis + 2]);
    } else {
      const auto sizes = in.list("sizes", 3);
      in.expect(sizes && sizes->size() == 4 && x.shape[axis + 2] > 0,
                "it has neither scales nor sizes");
      scale = static_cast<double>((*sizes)[static_cast<std::size_t>(axis) + 2]) /
              static_cast<double>(x.shape[axis + 2]);
    }
    in.expect(scale >= 1 && scale <= 32768 && scale == std::floor(scale), "a factor of ", scale);
    factor[static_cast<std::size_t>(axis)] = static_cast<Index>(scale);
  }
  const bool is_nearest =
      mode == "nearest" && (places == "asymmetric" || in.node().op == "Upsample") &&
      in.text("nearest_mode", in.node().op == "Upsample" ? "floor" : "round_prefer_floor") ==
          "floor";
  const bool is_linear =
      mode == "linear" && (places == "half_pixel" || places == "pytorch_half_pixel");
  in.expect(is_nearest || is_linear, "no layer interpolates by '", mode, "' and '", places, "'");
  in.result(in.layer(Upsampling<T>({.factor = {factor[0], factor[1]},
                                    .interpolation = is_linear ? Interpolation::bilinear
                                                               : Interpolation::nearest}),
                     {x}));
}

template <std::floating_point T>
void read_pad(Importer<T>& in) {
  const Value& x = in.value(0);
  in.expect(in.text("mode", "constant") == "constant" && in.number(2, 0) == 0,
            "it does not pad zeros");
  const auto pads = in.list("pads", 1);
  in.expect(pads && std::ssize(*pads) == 2 * x.rank() && !in.has_input(3), "its pads do not fit x ",
            x.shape);
  typename Importer<T>::Padding padding{
      x, {pads->begin(), pads->begin() + x.rank()}, {pads->begin() + x.rank(), pads->end()}};
  bool is_of_channels = x.rank() >= 2 && padding.end[1] > 0;
  for (int i = 0; i < x.rank(); ++i) {
    const auto axis = static_cast<std::size_t>(i);
    for (const Index each : {padding.begin[axis], padding.end[axis]}) {
      in.expect(each >= 0 && each <= most_window, "it pads ", each, " numbers");
    }
    const Index more = padding.begin[axis] + padding.end[axis];
    in.expect(more == 0 || !x.has_samples(i), "it pads the samples");
    is_of_channels &= padding.begin[axis] == 0 && (i == 1 || padding.end[axis] == 0);
  }
  if (is_of_channels) {
    const Index channels = detail::checked_sum("pad", x.extent(1), padding.end[1]);
    return in.result(in.layer(PadChannels<T>({.channels = channels}), {in.plain(x)}));
  }
  in.result_view(in.pad(std::move(padding)));
}

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
