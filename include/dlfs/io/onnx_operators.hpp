#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/onnx_importer.hpp"
#include "dlfs/net/graph.hpp"
#include "dlfs/nn/layers/adaptive_average_pooling.hpp"
#include "dlfs/nn/layers/add.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/average_pooling.hpp"
#include "dlfs/nn/layers/average_pooling1d.hpp"
#include "dlfs/nn/layers/average_pooling3d.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/concatenate.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/convolution1d.hpp"
#include "dlfs/nn/layers/convolution3d.hpp"
#include "dlfs/nn/layers/dropout.hpp"
#include "dlfs/nn/layers/elu.hpp"
#include "dlfs/nn/layers/embedding.hpp"
#include "dlfs/nn/layers/flatten.hpp"
#include "dlfs/nn/layers/gelu.hpp"
#include "dlfs/nn/layers/global_average_pooling.hpp"
#include "dlfs/nn/layers/group_normalization.hpp"
#include "dlfs/nn/layers/gru.hpp"
#include "dlfs/nn/layers/hard_sigmoid.hpp"
#include "dlfs/nn/layers/hard_swish.hpp"
#include "dlfs/nn/layers/hard_tanh.hpp"
#include "dlfs/nn/layers/identity.hpp"
#include "dlfs/nn/layers/instance_normalization.hpp"
#include "dlfs/nn/layers/last_step.hpp"
#include "dlfs/nn/layers/layer_normalization.hpp"
#include "dlfs/nn/layers/leaky_relu.hpp"
#include "dlfs/nn/layers/linear.hpp"
#include "dlfs/nn/layers/log_softmax.hpp"
#include "dlfs/nn/layers/lstm.hpp"
#include "dlfs/nn/layers/max_pooling.hpp"
#include "dlfs/nn/layers/max_pooling1d.hpp"
#include "dlfs/nn/layers/max_pooling3d.hpp"
#include "dlfs/nn/layers/multi_head_attention.hpp"
#include "dlfs/nn/layers/multiply.hpp"
#include "dlfs/nn/layers/pad_channels.hpp"
#include "dlfs/nn/layers/permute.hpp"
#include "dlfs/nn/layers/pixel_shuffle.hpp"
#include "dlfs/nn/layers/positional_encoding.hpp"
#include "dlfs/nn/layers/prelu.hpp"
#include "dlfs/nn/layers/relu.hpp"
#include "dlfs/nn/layers/reshape.hpp"
#include "dlfs/nn/layers/rms_normalization.hpp"
#include "dlfs/nn/layers/rnn.hpp"
#include "dlfs/nn/layers/sigmoid.hpp"
#include "dlfs/nn/layers/slice_axis.hpp"
#include "dlfs/nn/layers/softmax.hpp"
#include "dlfs/nn/layers/softplus.hpp"
#include "dlfs/nn/layers/standardization.hpp"
#include "dlfs/nn/layers/swish.hpp"
#include "dlfs/nn/layers/tanh.hpp"
#include "dlfs/nn/layers/transposed_convolution.hpp"
#include "dlfs/nn/layers/upsampling.hpp"
#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/elementwise.hpp"

// Which layers the operators of ONNX become: the tables `operators` and `patterns`.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

// Layers with weights.

/// Draws nothing: the weights are set.
struct NoInitializer {
  template <class T>
  void operator()(Tensor<T>&, Fans, Rng&) const {}
};

template <std::floating_point T>
AnyLayer<T> with_weights(AnyLayer<T> layer, std::vector<Tensor<T>> weights) {
  const auto parameters = layer.parameters();
  for (std::size_t i = 0; i < weights.size(); ++i) parameters[i]->value = std::move(weights[i]);
  return layer;
}
template <std::floating_point T>
AnyLayer<T> with_buffers(AnyLayer<T> layer, std::vector<Tensor<T>> values) {
  const auto buffers = layer.buffers();
  for (std::size_t i = 0; i < values.size(); ++i) buffers[i]->value = std::move(values[i]);
  return layer;
}

template <std::floating_point T>
Tensor<T> flat(const Tensor<T>& x) {
  return copy(x.view().reshape(Shape{x.size()}));
}

/// The axis of x along which a constant has its numbers, one for each place; none if it has them
/// along several. One number is along the last axis.
template <std::floating_point T>
std::optional<int> axis_of(const Tensor<T>& c, const Value& x) {
  if (c.rank() > x.rank() || x.rank() < 2) return std::nullopt;
  int found = -1;
  for (int axis = 0; axis < c.rank(); ++axis) {
    if (c.shape()[axis] == 1) continue;
    if (found >= 0) return std::nullopt;
    found = axis + x.rank() - c.rank();
    if (c.shape()[axis] != x.extent(found)) return std::nullopt;
  }
  if (found < 0) found = x.has_samples(x.rank() - 1) ? 1 : x.rank() - 1;
  if (x.has_samples(found)) return std::nullopt;
  return found;
}

/// y = (x - mean) / deviation, or y = x deviation + mean.
template <std::floating_point T>
AnyLayer<T> standardization(bool inverse, Tensor<T> mean, Tensor<T> deviation) {
  Standardization<T> layer({.features = mean.size(), .inverse = inverse});
  return with_buffers<T>(std::move(layer), {std::move(mean), std::move(deviation)});
}

template <std::floating_point T>
AnyLayer<T> fully_connected(const Shape& x, Tensor<T> weight, Tensor<T> bias) {
  if (x.rank() == 2) return Affine<T>(std::move(weight), std::move(bias));
  Rng rng(0);
  Linear<T> layer({.in = weight.extent(0), .out = weight.extent(1)}, NoInitializer{}, rng);
  return with_weights<T>(std::move(layer), {std::move(weight), std::move(bias)});
}

template <std::floating_point T>
AnyLayer<T> attention_layer(const typename Importer<T>::Attention& attention, Tensor<T> weight,
                            Tensor<T> bias) {
  const Shape x = attention.x.shape;
  AnyLayer<T> layer(MultiHeadAttention<T>(
      {.features = x[2], .heads = attention.heads, .causal = attention.is_causal},
      NoInitializer{}));
  Rng rng(0);
  layer.initialize({&x, 1}, rng);
  if (weight.shape() != Shape{x[2], x[2]} || bias.shape() != Shape{x[2]}) {
    throw ShapeError("expected a product of ", x[2], " features after attention, got ",
                     weight.shape());
  }
  return with_weights<T>(std::move(layer), {attention.in_weight, attention.in_bias,
                                            std::move(weight), std::move(bias)});
}

// The operators that take more than a line.

/// A layer that treats each number alike.
template <std::floating_point T>
void elementwise(Importer<T>& in, const Value& x, AnyLayer<T> layer) {
  in.result_view(
      in.in_order_of(x, [&](const Value& plain) { return in.layer(std::move(layer), {plain}); }));
}

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

/// A product of the last axis, for all places of the others.
template <std::floating_point T>
void read_linear(Importer<T>& in, const Value& x, Tensor<T> weight, Tensor<T> bias,
                 std::string_view weight_name, std::string_view bias_name) {
  in.expect(x.rank() >= 2 && !x.has_samples(x.rank() - 1), "the samples are along the last axis");
  in.result_view(in.in_order_of(x, [&](const Value& rows) {
    const auto* attention = in.attention_of(rows);
    if (attention != nullptr) in.spend(attention->in_weight.shape());
    Value y = attention != nullptr
                  ? in.named_layer(attention->name,
                                   attention_layer(*attention, std::move(weight), std::move(bias)),
                                   {attention->x}, {})
                  : in.layer(fully_connected(rows.shape, std::move(weight), std::move(bias)),
                             {rows}, {weight_name, bias_name});
    if (bias_name.empty()) {
      in.allow_bias(y, y.rank() - 1, [](AnyLayer<T> layer, Tensor<T> given) {
        layer.parameters().back()->value = std::move(given);
        return layer;
      });
    }
    return y;
  }));
}

template <std::floating_point T>
void read_gemm(Importer<T>& in) {
  in.expect(in.real("alpha", 1) == 1 && in.real("beta", 1) == 1 && in.integer("transA", 0) == 0,
            "alpha and beta are not 1, or A is transposed");
  const Value& x = in.value(0);
  Tensor<T> weight = in.tensor(1);
  in.expect(x.rank() == 2 && weight.rank() == 2, "expected matrices, found x of ", x.rank(),
            " axes and the weight ", weight.shape());
  if (in.integer("transB", 0) != 0) weight = copy(weight.transpose());
  Tensor<T> bias = zeros<T>({weight.extent(1)});
  if (in.has_input(2)) {
    bias = flat(in.tensor(2));
    if (bias.size() == 1) bias = full<T>({weight.extent(1)}, bias.data()[0]);
  }
  read_linear(in, x, std::move(weight), std::move(bias), in.node().inputs[1],
              in.has_input(2) ? in.node().inputs[2] : "");
}

template <std::floating_point T>
void read_matmul(Importer<T>& in) {
  Tensor<T> weight = in.tensor(1);
  in.expect(weight.rank() == 2, "the weight is of shape ", weight.shape());
  Tensor<T> bias = zeros<T>({weight.extent(1)});
  read_linear(in, in.value(0), std::move(weight), std::move(bias), in.node().inputs[1], "");
}

template <std::floating_point T>
void read_batch_normalization(Importer<T>& in) {
  in.expect_one_output();
  const Value x = in.plain(0);
  in.expect(x.shape.rank() >= 2, "x is of shape ", x.shape);
  in.expect(in.integer("training_mode", 0) == 0, "it was written for training");
  const Shape features{x.shape[1]};
  std::vector<Tensor<T>> weights{in.tensor(1, features), in.tensor(2, features)};
  std::vector<Tensor<T>> buffers{in.tensor(3, features), in.tensor(4, features)};
  BatchNormalization<T> layer({.features = x.shape[1],
                               .momentum = in.real("momentum", 0.9),
                               .epsilon = in.real("epsilon", 1e-5)});
  const auto& inputs = in.node().inputs;
  in.result(in.layer(
      with_buffers<T>(with_weights<T>(std::move(layer), std::move(weights)), std::move(buffers)),
      {x}, {inputs[1], inputs[2], inputs[3], inputs[4]}));
}

template <std::floating_point T>
void read_layer_normalization(Importer<T>& in) {
  in.expect_one_output();
  const Value& x = in.value(0);
  const int first = in.axis(in.integer("axis", -1), x.rank());
  Index features = 1;
  for (int axis = first; axis < x.rank(); ++axis) {
    in.expect(!x.has_samples(axis), "it normalizes the samples");
    features *= x.extent(axis);
  }
  Tensor<T> gamma = flat(in.tensor(1));
  in.expect(gamma.size() == features, "expected ", features, " scales, found ", gamma.size());
  Tensor<T> beta = in.has_input(2) ? flat(in.tensor(2)) : zeros<T>({features});
  LayerNormalization<T> layer({.features = features, .epsilon = in.real("epsilon", 1e-5)});
  AnyLayer<T> any = with_weights<T>(std::move(layer), {std::move(gamma), std::move(beta)});
  in.result_view(in.in_order_of(x, [&](const Value& plain) {
    return in.layer(std::move(any), {plain}, {in.node().inputs[1]});
  }));
}

template <std::floating_point T>
void read_instance_normalization(Importer<T>& in) {
  const Value x = in.plain(0);
  in.expect(x.shape.rank() >= 3, "x is of shape ", x.shape);
  const Shape features{x.shape[1]};
  std::vector<Tensor<T>> weights{in.tensor(1, features), in.tensor(2, features)};
  InstanceNormalization<T> layer({.features = x.shape[1], .epsilon = in.real("epsilon", 1e-5)});
  in.result(
      in.layer(with_weights<T>(std::move(layer), std::move(weights)), {x}, {in.node().inputs[1]}));
}

/// Softmax and its logarithm, along any axis but that of the samples.
template <std::floating_point T>
void read_softmax(Importer<T>& in, AnyLayer<T> layer) {
  constexpr std::int64_t with_one_axis = 13;  // earlier versions take all axes from this one on
  const Value& x = in.value(0);
  const bool is_early = in.opset() < with_one_axis;
  const int axis = in.axis(in.integer("axis", is_early ? 1 : -1), x.rank());
  in.expect(!is_early || axis == x.rank() - 1, "it is along several axes");
  in.result_view(in.along_axis(
      x, axis, [&](const Value& plain) { return in.layer(std::move(layer), {plain}); }));
}

/// (directions, gates H, D) -> (D, gates H) of one of them, with the gates in our order: `order`
/// has the number of our gate for each of ONNX's.
template <std::floating_point T>
Tensor<T> gates_as_columns(const Tensor<T>& rows, Index direction,
                           const std::vector<Index>& order) {
  const Index D = rows.extent(2), H = rows.extent(1) / std::ssize(order);
  Tensor<T> weight({D, rows.extent(1)});
  const T* from = rows.data() + direction * rows.extent(1) * D;
  for (const Index gate : order) {
    for (Index h = 0; h < H; ++h) {
      for (Index d = 0; d < D; ++d) weight(d, gate * H + h) = *from++;
    }
  }
  return weight;
}

template <std::floating_point T>
void read_recurrent(Importer<T>& in, const std::vector<Index>& order) {
  const std::string_view op = in.node().op;
  const std::string_view direction = in.text("direction", "forward");
  const bool is_both = direction == "bidirectional";
  in.expect(is_both || direction == "forward" || direction == "reverse", "the direction '",
            direction, "'");
  const Index directions = is_both ? 2 : 1;
  in.expect(in.integer("layout", 0) == 0 && !in.has("clip") && !in.has_input(7),
            "its layout, clip or peepholes are not read");
  // Lower case for comparison: older files have "tanh".
  std::vector<std::string> activations;
  for (const std::string_view each : in.attribute("activations").texts) {
    std::string name(each);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    activations.push_back(std::move(name));
  }
  using Names = std::vector<std::string>;
  if (is_both && activations.size() % 2 == 0) {
    const auto middle = activations.begin() + std::ssize(activations) / 2;
    in.expect(std::equal(activations.begin(), middle, middle), "its directions differ");
    activations.erase(middle, activations.end());
  }
  const bool is_relu = op == "RNN" && activations == Names{"relu"};
  const Names usual = op == "LSTM"  ? Names{"sigmoid", "tanh", "tanh"}
                      : op == "GRU" ? Names{"sigmoid", "tanh"}
                                    : Names{"tanh"};
  in.expect(activations.empty() || activations == usual || is_relu,
            "its activations are not those of a layer");
  in.expect(op != "GRU" || in.integer("linear_before_reset", 0) != 0,
            "r multiplies h before the product (linear_before_reset is 0)");
  in.expect(op != "LSTM" || in.integer("input_forget", 0) == 0, "input_forget is not read");
  for (const std::size_t state : {5U, 6U}) {
    if (!in.has_input(state)) continue;
    const auto given = in.constant(state);
    in.expect(given.has_value(), "its first state is not constant");
    bool is_zero = given->fill == 0.0;
    if (!given->fill) {
      const Tensor<T> numbers = in.to_tensor(*given);
      is_zero = std::all_of(numbers.begin(), numbers.end(), [](T each) { return each == 0; });
    }
    in.expect(is_zero, "its first state is not 0");
  }
  Value time_first = in.value(0);
  in.expect(time_first.rank() == 3, "expected x of three axes");
  std::swap(time_first.axes[0], time_first.axes[1]);
  const Value x = in.plain(time_first);
  if (in.has_input(4)) {
    const auto lengths = in.constant(4);
    bool is_full = lengths.has_value();
    if (is_full && lengths->fill) {
      is_full = *lengths->fill == static_cast<double>(x.shape[1]);
    } else if (is_full) {
      for (const std::int64_t length : lengths->integers) is_full &= length == x.shape[1];
    }
    in.expect(is_full, "its sequences have lengths of their own");
  }

  const Tensor<T> W = in.tensor(1), R = in.tensor(2);
  const Index gates = std::ssize(order);
  in.expect(R.rank() == 3 && R.extent(0) == directions && R.extent(1) == gates * R.extent(2) &&
                R.extent(2) > 0,
            "R is of shape ", R.shape());
  const Index H = R.extent(2);
  in.expect(in.integer("hidden_size", H) == H, "hidden_size is not that of R ", R.shape());
  in.expect(
      W.rank() == 3 && W.extent(0) == directions && W.extent(1) == gates * H && W.extent(2) > 0,
      "W is of shape ", W.shape(), " for R ", R.shape());
  const Index D = W.extent(2);
  const Tensor<T> biases = in.has_input(3) ? in.tensor(3, {directions, 2 * gates * H})
                                           : zeros<T>({directions, 2 * gates * H});
  const auto& inputs = in.node().inputs;
  std::vector<Value> all, last;
  for (Index part = 0; part < directions; ++part) {
    const bool reverse = direction == "reverse" || part == 1;
    std::vector<Tensor<T>> weights{gates_as_columns(W, part, order),
                                   gates_as_columns(R, part, order)};
    for (const Index of : {0, 1}) {
      Tensor<T> bias({gates * H});
      for (Index k = 0; k < gates; ++k) {
        std::copy_n(biases.data() + ((2 * part + of) * gates + k) * H, H,
                    bias.data() + order[static_cast<std::size_t>(k)] * H);
      }
      weights.push_back(std::move(bias));
    }
    std::optional<AnyLayer<T>> layer;
    if (op == "LSTM") {
      layer.emplace(Lstm<T>({.in = D, .hidden = H, .reverse = reverse}));
    } else if (op == "GRU") {
      layer.emplace(Gru<T>({.in = D, .hidden = H, .reverse = reverse}));
    } else {
      layer.emplace(Rnn<T>({.in = D,
                            .hidden = H,
                            .activation = is_relu ? RnnActivation::relu : RnnActivation::tanh,
                            .reverse = reverse}));
    }
    Rng rng(0);
    const Shape known{1, 1, D};
    layer->initialize({&known, 1}, rng);
    all.push_back(in.layer(with_weights<T>(std::move(*layer), std::move(weights)), {x},
                           {inputs[1], inputs[2], in.has_input(3) ? inputs[3] : "",
                            part == 0 ? "forward" : "backward"}));
    if (in.is_output_read(1)) {
      last.push_back(in.layer(LastStep<T>({.reverse = reverse}), {all.back()}));
    }
  }
  in.expect(!in.is_output_read(2), "no layer gives its last cell state");
  // The directions are an axis of the file's value, and parts of the features of ours.
  const auto joined = [&](const std::vector<Value>& parts, int features) {
    return is_both ? in.layer(Concatenate<T>({.axis = features}), parts) : parts.front();
  };
  const auto split = [&](int features) {
    return std::pair(is_both ? ValueAxis{{features, 2, H}} : ValueAxis(),
                     ValueAxis{{features, H, 1}});
  };
  Value y = joined(all, 2);  // (T, directions, N, H)
  y.axes = {y.axis(1), split(2).first, y.axis(0), split(2).second};
  in.result_view(std::move(y));
  if (!in.is_output_read(1)) return;
  Value state = joined(last, 1);  // (directions, N, H)
  state.axes = {split(1).first, state.axis(0), split(1).second};
  in.result_view(std::move(state));
}

template <std::floating_point T>
void read_transpose(Importer<T>& in) {
  const Value& x = in.value(0);
  std::vector<std::int64_t> order = in.integers("perm");
  if (order.empty()) {
    for (int axis = x.rank(); axis-- > 0;) order.push_back(axis);
  }
  in.expect(std::ssize(order) == x.rank(), "expected the order of ", x.rank(), " axes");
  std::vector<std::int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  Value y = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    in.expect(sorted[i] == axis, "its order does not name each axis once");
    y.axes[i] = x.axes[static_cast<std::size_t>(order[i])];
  }
  in.result_view(std::move(y));
}

template <std::floating_point T>
void read_squeeze(Importer<T>& in) {
  Value y = in.value(0);
  auto axes = in.list("axes", 1);
  if (!axes) {
    axes.emplace();
    for (int axis = 0; axis < y.rank(); ++axis) {
      if (!y.has_samples(axis) && y.extent(axis) == 1) axes->push_back(axis);
    }
  }
  std::set<int> left_out;
  for (const std::int64_t each : *axes) left_out.insert(in.axis(each, y.rank()));
  for (auto axis = left_out.rbegin(); axis != left_out.rend(); ++axis) {
    in.expect(!y.has_samples(*axis) && y.extent(*axis) == 1, "axis ", *axis,
              " does not have an extent of 1");
    y.axes.erase(y.axes.begin() + *axis);
  }
  in.result_view(std::move(y));
}

template <std::floating_point T>
void read_unsqueeze(Importer<T>& in) {
  Value y = in.value(0);
  auto axes = in.list("axes", 1).value_or(std::vector<std::int64_t>{});
  const int rank = y.rank() + static_cast<int>(std::min<std::size_t>(axes.size(), max_rank));
  in.expect(rank <= max_rank, "it has too many axes");
  for (std::int64_t& axis : axes) axis = in.axis(axis, rank);
  std::sort(axes.begin(), axes.end());
  for (const std::int64_t axis : axes) {
    in.expect(axis <= y.rank(), "an axis stands twice");
    y.axes.insert(y.axes.begin() + axis, ValueAxis());
  }
  in.result_view(std::move(y));
}

template <std::floating_point T>
void read_reshape_to(Importer<T>& in, const std::vector<std::int64_t>& extents) {
  const Value& x = in.value(0);
  in.expect(!extents.empty() && extents.size() <= max_rank, "its shape has ", extents.size(),
            " axes");
  auto y = reshape(x, extents, in.fixed_samples());
  // Axes that no view can split are split as those of an output.
  if (!y && x.rank() > 0 && x.is_samples(0)) {
    const Value plain = in.plain(x);
    y = reshape(in.layer(Flatten<T>(), {plain}), extents, in.fixed_samples());
  }
  in.expect(y.has_value(),
            "it does not keep the samples apart, or the numbers of x do not fill it");
  in.result_view(std::move(*y));
}

template <std::floating_point T>
void read_flatten(Importer<T>& in) {
  const Value& x = in.value(0);
  in.expect(in.axis(in.integer("axis", 1), x.rank() + 1) == 1 && x.is_samples(0),
            "it does not keep the samples apart");
  read_reshape_to(in, {SamplesExtent::times(1), -1});
}

template <std::floating_point T>
void read_reshape(Importer<T>& in) {
  const Value& x = in.value(0);
  auto extents = in.list("shape", 1).value_or(std::vector<std::int64_t>{});
  for (std::size_t i = 0; i < extents.size() && i < max_rank; ++i) {
    if (extents[i] != 0 || in.integer("allowzero", 0) != 0) continue;
    const int axis = static_cast<int>(i);
    in.expect(axis < x.rank(), "x has no axis ", i);
    extents[i] = x.has_samples(axis) ? SamplesExtent::times(x.extent(axis)) : x.extent(axis);
  }
  read_reshape_to(in, extents);
}

template <std::floating_point T>
void read_concat(Importer<T>& in) {
  std::vector<Value> inputs;
  for (std::size_t i = 0; i < in.node().inputs.size(); ++i) inputs.push_back(in.plain(i));
  in.expect(!inputs.empty(), "it has no inputs");
  const int axis = in.axis(in.integer("axis", 1), inputs.front().rank());
  in.result(in.layer(Concatenate<T>({.axis = axis}), inputs));
}

/// Sums, differences, products and quotients of layers, or of a layer and a
/// constant.
template <std::floating_point T>
void read_arithmetic(Importer<T>& in) {
  const std::string_view op = in.node().op;
  std::vector<Value> inputs;
  std::optional<std::size_t> constant;
  for (std::size_t i = 0; i < in.node().inputs.size(); ++i) {
    if (in.is_constant(i)) {
      in.expect(!constant && in.node().inputs.size() == 2, "it has no two inputs");
      constant = i;
    }
  }
  if (!constant) {
    for (std::size_t i = 0; i < in.node().inputs.size(); ++i) inputs.push_back(in.plain(i));
    in.expect(!inputs.empty(), "it has no inputs");
    in.expect(op != "Sub" && op != "Div", "no layer computes it of two layers");
    // One number for each channel stands for its pixels.
    for (std::size_t i = 0; i < inputs.size() && inputs[0].rank() == 4; ++i) {
      const Shape& of_all = inputs[(i + 1) % inputs.size()].shape;
      const Shape& each = inputs[i].shape;
      if (each.rank() == 4 && of_all.rank() == 4 && each[2] == 1 && each[3] == 1 &&
          of_all[2] * of_all[3] > 1) {
        inputs[i] = in.layer(Upsampling<T>({.factor = {of_all[2], of_all[3]}}), {inputs[i]});
      }
    }
    if (op == "Mul") return in.result(in.layer(dlfs::Multiply<T>(), inputs));
    return in.result(in.layer(dlfs::Add<T>(), inputs));
  }
  const Value& x = in.value(1 - *constant);
  const Tensor<T> c = in.tensor(*constant);
  const std::string_view name = in.node().inputs[*constant];
  if (const auto axis = axis_of(c, x)) {
    const Index channels = x.extent(*axis);
    in.spend({3, channels});
    const Tensor<T> values = c.size() == 1 ? full<T>({channels}, c.data()[0]) : flat(c);
    const bool is_sum = op == "Add" || op == "Sum";
    if (is_sum) {
      if (auto y = in.with_bias(x, *axis, values, name)) {
        return in.result_view(std::move(*y));
      }
    }
    const auto with = [&](bool inverse, Tensor<T> mean, Tensor<T> deviation) {
      in.result_view(in.along_axis(x, *axis, [&](const Value& plain) {
        return in.layer(standardization<T>(inverse, std::move(mean), std::move(deviation)), {plain},
                        {name});
      }));
    };
    if (op == "Mul") return with(true, zeros<T>({channels}), values);
    if (is_sum) return with(true, values, ones<T>({channels}));
    if (op == "Sub" && *constant == 1) return with(false, values, ones<T>({channels}));
    if (op == "Sub") return with(true, values, full<T>({channels}, T(-1)));
    in.expect(*constant == 1, "no layer divides a constant");
    return with(false, zeros<T>({channels}), values);
  }
  const Value steps = in.plain(x);
  // The steps of a sequence, each with a row of its own.
  const Shape& shape = steps.shape;
  const bool is_table = op == "Add" && shape.rank() == 3 && c.rank() >= 2 &&
                        c.size() == shape[1] * shape[2] && c.extent(-1) == shape[2] &&
                        c.extent(-2) == shape[1];
  in.expect(is_table, "no layer computes it of x ", shape, " and a constant ", c.shape());
  Rng rng(0);
  LearnedPositionalEncoding<T> layer({.length = shape[1], .features = shape[2]}, NoInitializer{},
                                     rng);
  Tensor<T> table = copy(c.view().reshape(Shape{shape[1], shape[2]}));
  in.result(in.layer(with_weights<T>(std::move(layer), {std::move(table)}), {steps}, {name}));
}

/// Leaves of an axis the places from `start` on.
template <std::floating_point T>
void take_range(Importer<T>& in, Value& x, int axis, Index start, Index count) {
  if (count == x.extent(axis)) return;
  ValueAxis& factors = x.axes[static_cast<std::size_t>(axis)];
  // An axis of several factors becomes one of a layer's output first.
  if (factors.size() > 1) {
    x = in.in_order_of(x, [](const Value& plain) { return plain; });
    return take_range(in, x, axis, start, count);
  }
  Factor& factor = factors.front();
  x.offsets[static_cast<std::size_t>(factor.axis)] += start * factor.stride;
  factor.extent = count;
}

template <std::floating_point T>
void read_gather(Importer<T>& in) {
  if (in.is_constant(0)) {  // rows of a table
    in.expect(in.integer("axis", 0) == 0, "an embedding is along axis 0");
    Tensor<T> table = in.tensor(0);
    in.expect(table.rank() == 2 && !table.empty(), "an embedding of a table ", table.shape());
    const Value x = in.plain(1);
    Rng rng(0);
    Embedding<T> layer({.count = table.extent(0), .features = table.extent(1)}, NoInitializer{},
                       rng);
    return in.result(in.layer(with_weights<T>(std::move(layer), {std::move(table)}), {x},
                              {in.node().inputs[0]}));
  }
  const auto place = in.constant(1);
  Value y = in.value(0);
  const int axis = in.axis(in.integer("axis", 0), y.rank());
  in.expect(place && place->is_integer() && place->integers.size() == 1 &&
                place->extents.size() <= 1 && !y.has_samples(axis),
            "no layer gathers these");
  const std::int64_t extent = y.extent(axis), index = place->integers[0];
  in.expect(index >= -extent && index < extent, "there is no place ", index, " along axis ", axis);
  take_range(in, y, axis, index < 0 ? index + extent : index, 1);
  if (place->extents.empty()) y.axes.erase(y.axes.begin() + axis);
  in.result_view(std::move(y));
}

template <std::floating_point T>
void read_split(Importer<T>& in) {
  const Value& x = in.value(0);
  const int axis = in.axis(in.integer("axis", 0), x.rank());
  const Index extent = x.extent(axis);
  auto sizes = in.list("split", 1);
  if (!sizes) {
    const auto count = std::ssize(in.node().outputs);
    sizes.emplace();
    for (Index left = extent; left > 0; left -= sizes->back()) {
      sizes->push_back(std::min(left, (extent + count - 1) / count));
    }
  }
  in.expect(!x.has_samples(axis) && std::ssize(*sizes) == std::ssize(in.node().outputs),
            "it splits the samples, or its parts are not its outputs");
  Index start = 0;
  for (const std::int64_t size : *sizes) {
    in.expect(size > 0 && size <= extent - start, "its parts are not those of x ", x.shape);
    Value part = x;
    take_range(in, part, axis, start, size);
    in.result_view(std::move(part));
    start += size;
  }
  in.expect(start == extent, "its parts are not those of x ", x.shape);
}

template <std::floating_point T>
void read_slice(Importer<T>& in) {
  Value x = in.plain(0);
  const auto starts = in.list("starts", 1), stops = in.list("ends", 2);
  in.expect(starts && stops && starts->size() == stops->size(), "it has no starts and ends");
  auto axes = in.list("axes", 3);
  if (!axes) {
    axes.emplace();
    for (std::size_t i = 0; i < starts->size(); ++i) axes->push_back(static_cast<std::int64_t>(i));
  }
  const auto steps = in.list("steps", 4).value_or(std::vector<std::int64_t>(starts->size(), 1));
  in.expect(axes->size() == starts->size() && steps.size() == starts->size(), "its lists differ");
  for (std::size_t i = 0; i < starts->size(); ++i) {
    const int axis = in.axis((*axes)[i], x.rank());
    const std::int64_t start = (*starts)[i], stop = (*stops)[i];
    if (axis == 0) {
      in.expect(start == 0 && stop >= std::numeric_limits<std::int32_t>::max() && steps[i] == 1,
                "it takes some of the samples");
      continue;
    }
    // Behind the last and before the first place: what our slices leave out.
    const std::int64_t extent = x.shape[axis];
    in.expect(steps[i] != 0, "a step of 0");
    Slice range{.start = start, .stop = stop, .step = steps[i]};
    if (stop >= extent || stop < -extent) range.stop.reset();
    if (start >= extent || start < -extent) range.start.reset();
    if (steps[i] > 0) {
      in.expect(start < extent && stop >= -extent, "it leaves nothing of axis ", axis);
    } else {
      in.expect(start >= -extent && stop < extent, "it leaves nothing of axis ", axis);
    }
    if (steps[i] == 1 && (!range.start || start == 0) && !range.stop) continue;
    x = in.layer(SliceAxis<T>(axis, range), {x});
  }
  in.result(std::move(x));
}

template <std::floating_point T>
void read_clip(Importer<T>& in) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr auto largest = static_cast<double>(std::numeric_limits<float>::max());
  const double low = in.has("min") ? in.real("min", 0) : in.number(1, -infinity);
  const double high = in.has("max") ? in.real("max", 0) : in.number(2, infinity);
  if (low == 0 && high >= largest) return elementwise<T>(in, in.value(0), Relu<T>());
  elementwise<T>(in, in.value(0), HardTanh<T>({.min = low, .max = high}));
}

template <std::floating_point T>
void read_prelu(Importer<T>& in) {
  const Value& x = in.value(0);
  Tensor<T> slopes = in.tensor(1);
  const auto axis = axis_of(slopes, x);
  in.expect(axis.has_value(), "no layer has slopes ", slopes.shape(), " for x ", x.shape);
  slopes = flat(slopes);
  PRelu<T> layer({.slopes = slopes.size()});
  AnyLayer<T> any = with_weights<T>(std::move(layer), {std::move(slopes)});
  in.result_view(in.along_axis(x, *axis, [&](const Value& plain) {
    return in.layer(std::move(any), {plain}, {in.node().inputs[1]});
  }));
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
    if (in.is_constant(scales) && in.constant(scales)->count() > 0) {
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

template <std::floating_point T>
void read_dropout(Importer<T>& in) {
  in.expect_one_output();
  const double ratio = in.has("ratio") ? in.real("ratio", 0.5) : in.number(1, 0.5);
  elementwise<T>(in, in.value(0), Dropout<T>({.ratio = ratio}));
}

template <std::floating_point T>
void read_hard_sigmoid(Importer<T>& in) {
  in.expect(std::abs(in.real("alpha", 0.2) - 1.0 / 6) < 1e-6 && in.real("beta", 0.5) == 0.5,
            "the layer is min(max(x + 3, 0), 6) / 6: alpha 1/6, beta 0.5");
  elementwise<T>(in, in.value(0), HardSigmoid<T>());
}

/// An operator, and the layer that it becomes.
template <std::floating_point T>
struct Operator {
  std::string_view name;
  void (*read)(Importer<T>& in);
};

template <std::floating_point T>
std::span<const Operator<T>> operators() {
  using In = Importer<T>;
  static constexpr Operator<T> operators[] = {
      // Products
      {"Gemm", read_gemm<T>},
      {"MatMul", read_matmul<T>},
      {"Conv", read_convolution<T>},
      {"ConvTranspose", read_transposed_convolution<T>},
      {"Gather", read_gather<T>},
      // Sequences. ONNX's gates: i, o, f, c of LSTM; z, r, h of GRU.
      {"LSTM",
       [](In& in) {
         read_recurrent(in, {0, 3, 1, 2});
       }},
      {"GRU",
       [](In& in) {
         read_recurrent(in, {1, 0, 2});
       }},
      {"RNN", [](In& in) { read_recurrent(in, {0}); }},
      // Normalization
      {"BatchNormalization", read_batch_normalization<T>},
      {"LayerNormalization", read_layer_normalization<T>},
      {"InstanceNormalization", read_instance_normalization<T>},
      {"Dropout", read_dropout<T>},
      // Pooling
      {"MaxPool", [](In& in) { read_pooling(in, /*is_maximum=*/true); }},
      {"AveragePool", [](In& in) { read_pooling(in, /*is_maximum=*/false); }},
      {"GlobalAveragePool", [](In& in) { read_global_pooling(in, /*is_maximum=*/false); }},
      {"GlobalMaxPool", [](In& in) { read_global_pooling(in, /*is_maximum=*/true); }},
      {"ReduceMean", [](In& in) { read_reduce(in, /*is_maximum=*/false); }},
      {"ReduceMax", [](In& in) { read_reduce(in, /*is_maximum=*/true); }},
      {"Resize", read_resize<T>},
      {"Upsample", read_resize<T>},
      {"DepthToSpace",
       [](In& in) {
         in.expect(in.text("mode", "DCR") == "CRD",
                   "the layer has its channels in the order of CRD");
         in.result(in.layer(PixelShuffle<T>(in.integer("blocksize", 0)), {in.plain(0)}));
       }},
      // Activations
      {"Relu", [](In& in) { elementwise<T>(in, in.value(0), Relu<T>()); }},
      {"Sigmoid", [](In& in) { elementwise<T>(in, in.value(0), Sigmoid<T>()); }},
      {"Tanh", [](In& in) { elementwise<T>(in, in.value(0), Tanh<T>()); }},
      {"Softplus", [](In& in) { elementwise<T>(in, in.value(0), Softplus<T>()); }},
      {"HardSwish", [](In& in) { elementwise<T>(in, in.value(0), HardSwish<T>()); }},
      {"HardSigmoid", read_hard_sigmoid<T>},
      {"Elu",
       [](In& in) {
         elementwise<T>(in, in.value(0), Elu<T>(static_cast<T>(in.real("alpha", 1))));
       }},
      {"LeakyRelu",
       [](In& in) {
         elementwise<T>(in, in.value(0), LeakyRelu<T>(static_cast<T>(in.real("alpha", 0.01))));
       }},
      {"Gelu",
       [](In& in) {
         in.expect(in.text("approximate", "none") == "none", "the layer is the exact form");
         elementwise<T>(in, in.value(0), Gelu<T>());
       }},
      {"PRelu", read_prelu<T>},
      {"Clip", read_clip<T>},
      {"Softmax", [](In& in) { read_softmax<T>(in, Softmax<T>()); }},
      {"LogSoftmax", [](In& in) { read_softmax<T>(in, LogSoftmax<T>()); }},
      // Shapes and joints
      {"Identity", [](In& in) { in.result(in.value(0)); }},
      // A network has one element type.
      {"Cast", [](In& in) { in.result(in.value(0)); }},
      {"CastLike", [](In& in) { in.result(in.value(0)); }},
      {"Flatten", read_flatten<T>},
      {"Reshape", read_reshape<T>},
      {"Transpose", read_transpose<T>},
      {"Squeeze", read_squeeze<T>},
      {"Unsqueeze", read_unsqueeze<T>},
      {"Concat", read_concat<T>},
      {"Split", read_split<T>},
      {"Slice", read_slice<T>},
      {"Pad", read_pad<T>},
      {"Add", read_arithmetic<T>},
      {"Sum", read_arithmetic<T>},
      {"Sub", read_arithmetic<T>},
      {"Mul", read_arithmetic<T>},
      {"Div", read_arithmetic<T>},
  };
  return operators;
}

// Patterns.

template <std::floating_point T>
void read_rms_pattern(Importer<T>& in, const Match& m) {
  const Value x = in.plain_of(m["x"]);
  const Tensor<T> epsilon = in.tensor_of(m["e"]);
  const auto axes = in.constant_of(m["a"]);
  in.expect(axes && epsilon.size() == 1, "it has no axes and epsilon");
  Index features = 1;
  for (std::int64_t i = 0; i < std::ssize(axes->integers); ++i) {
    const int axis = in.axis(axes->integers[static_cast<std::size_t>(i)], x.rank());
    in.expect(axis > 0 && axis == x.rank() - std::ssize(axes->integers) + i,
              "its axes are not the last ones");
    features *= x.shape[axis];
  }
  Tensor<T> gamma = flat(in.tensor_of(m["g"]));
  in.expect(gamma.size() == features, "expected ", features, " scales, found ", gamma.size());
  RmsNormalization<T> layer(
      {.features = gamma.size(), .epsilon = static_cast<double>(epsilon.data()[0])});
  in.result(in.layer(with_weights<T>(std::move(layer), {std::move(gamma)}), {x}, {m["g"]}));
}

template <std::floating_point T>
void read_adaptive_pattern(Importer<T>& in, const Match& m) {
  const Value x = in.plain_of(m["x"]);
  const Tensor<T> rows = in.tensor_of(m["a"]), columns = in.tensor_of(m["b"]);
  in.expect(x.rank() == 4 && rows.extent(1) == x.shape[2] && columns.extent(0) == x.shape[3],
            "no layer multiplies from the left");
  in.result(in.layer(AdaptiveAveragePooling<T>({rows.extent(0), columns.extent(1)}), {x}));
}

/// Whether each element is this number.
inline bool is_filled(const StoredTensor& tensor, double number) {
  for (std::int64_t i = 0; i < tensor.count; ++i) {
    if (tensor.number(static_cast<std::size_t>(i)) != number) return false;
  }
  return true;
}

/// Whether this is the matrix of means of the parts of an axis.
template <std::floating_point T>
bool is_adaptive(const StoredTensor& matrix, bool is_transposed) {
  if (matrix.extents.size() != 2 || matrix.count == 0) return false;
  const std::int64_t out = matrix.extents[is_transposed ? 1 : 0],
                     size = matrix.extents[is_transposed ? 0 : 1];
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t begin = i * size / out, end = ((i + 1) * size + out - 1) / out;
    for (std::int64_t k = 0; k < size; ++k) {
      const double expected = k >= begin && k < end ? 1.0 / static_cast<double>(end - begin) : 0;
      const double found =
          matrix.number(static_cast<std::size_t>(is_transposed ? k * out + i : i * size + k));
      if (!(std::abs(found - expected) < 1e-6)) return false;
    }
  }
  return true;
}

template <std::floating_point T>
void read_group_pattern(Importer<T>& in, const Match& m) {
  const Value x = in.plain_of(m["x"]);
  const auto groups = in.constant_of(m["s"]), shape = in.constant_of(m["t"]);
  Tensor<T> gamma = flat(in.tensor_of(m["g"])), beta = flat(in.tensor_of(m["h"]));
  in.expect(groups && groups->integers.size() >= 2, "it has no groups");
  in.expect(shape && std::ssize(shape->integers) == x.rank(), "it changes the shape of x");
  for (int axis = 1; axis < x.rank(); ++axis) {
    const std::int64_t extent = shape->integers[static_cast<std::size_t>(axis)];
    in.expect(extent == x.shape[axis] || extent == 0 || extent == -1, "it changes the shape of x");
  }
  constexpr std::size_t instance_normalization = 3;  // in the order of the pattern
  const double epsilon = in.real_of(m.nodes[instance_normalization], "epsilon", 1e-5);
  GroupNormalization<T> layer(
      {.groups = groups->integers[1], .features = gamma.size(), .epsilon = epsilon});
  in.result(in.layer(with_weights<T>(std::move(layer), {std::move(gamma), std::move(beta)}), {x},
                     {m["g"], m["h"]}));
}

/// One of the parts of attention, (N, heads, T, d), as neighbouring columns of a linear layer.
template <std::floating_point T>
struct AttentionPart {
  const typename Importer<T>::Part* linear;
  Index first, steps, heads, width;  // the first column, and the extents

  AttentionPart(Importer<T>& in, const Value& value, int steps_axis, int width_axis)
      : linear(in.part_of(value)) {
    in.expect(value.rank() == 4 && value.shape.rank() == 3 && value.is_samples(0) &&
                  linear != nullptr && in.layer_of(*linear).traits().kind == "linear",
              "its queries, keys and values are not those of linear layers");
    first = value.offsets[2];
    steps = value.extent(steps_axis);
    heads = value.extent(1);
    width = value.extent(width_axis);
    const auto is_axis = [&](int axis, const Factor& expected) {
      return expected.extent == 1 ||
             (value.axis(axis).size() == 1 && value.axis(axis)[0] == expected);
    };
    in.expect(value.offsets[1] == 0 && steps == value.shape[1] && is_axis(1, {2, heads, width}) &&
                  is_axis(steps_axis, {1, steps, 1}) && is_axis(width_axis, {2, width, 1}),
              "its heads are not neighbouring features");
  }
};

/// The product of q, k^T and a number, in every form that exporters give it, then softmax and v.
template <std::floating_point T>
void read_attention(Importer<T>& in, const Match& m) {
  const AttentionPart<T> q(in, in.value_of(m["q"]), 2, 3), k(in, in.value_of(m["k"]), 3, 2),
      v(in, in.value_of(m["v"]), 2, 3);
  const Index D = q.heads * q.width;
  double scale = 1;
  for (const auto& [name, is_divisor] :
       {std::pair("c", false), std::pair("d", false), std::pair("e", true)}) {
    if (!m.names.contains(name)) continue;
    const auto constant = in.constant_of(m[name]);
    in.expect(constant.has_value(), "its scale is not constant");
    const double number = in.only_number(*constant);
    scale = is_divisor ? scale / number : scale * number;
  }
  in.expect(std::abs(scale * std::sqrt(static_cast<double>(q.width)) - 1) < 1e-5, "its scale is ",
            scale);
  const bool is_causal = m.names.contains("m");
  if (is_causal) {
    const Tensor<T> mask = in.tensor_of(m["m"]);
    in.expect(mask.rank() >= 2 && mask.size() == q.steps * q.steps && mask.extent(-1) == q.steps,
              "its mask is of shape ", mask.shape());
    for (Index i = 0; i < q.steps; ++i) {
      for (Index j = 0; j < q.steps; ++j) {
        const T added = mask.data()[i * q.steps + j];
        in.expect(j > i ? static_cast<double>(added) < -1e20 : added == 0,
                  "its mask is not that of later steps");
      }
    }
  }
  in.spend({D, 3 * D});
  Tensor<T> weight({D, 3 * D}), bias({3 * D});
  Index column = 0;
  const Value& x = q.linear->inputs.front();
  for (const AttentionPart<T>* part : {&q, &k, &v}) {
    const auto parameters = in.layer_of(*part->linear).parameters();
    const Tensor<T>&from = parameters[0]->value, &b = parameters[1]->value;
    in.expect(part->linear->inputs.front().source == x.source && part->heads == q.heads &&
                  part->width == q.width && part->steps == q.steps && from.extent(0) == D &&
                  part->first + D <= b.size(),
              "its queries, keys and values are not of one x, of as many features as they have");
    for (Index i = 0; i < D; ++i) {
      for (Index d = 0; d < D; ++d) weight(d, column + i) = from(d, part->first + i);
      bias.data()[column + i] = b.data()[part->first + i];
    }
    column += D;
  }
  Value y = in.attend({x, std::move(weight), std::move(bias), q.heads, is_causal, q.linear->name});
  constexpr int features = 2;
  y.axes = {y.axis(0), {{features, q.heads, q.width}}, y.axis(1), {{features, q.width, 1}}};
  in.result_view(std::move(y));
}

/// The ways in which q k^T is scaled and masked.
inline std::vector<std::string> attention_texts() {
  const std::string scaled[] = {"MatMul(Mul($q,?c),Mul($k,?d))", "Mul(MatMul($q,$k),?c)",
                                "Div(MatMul($q,$k),?e)", "MatMul(Mul($q,?c),$k)",
                                "MatMul(Div($q,?e),$k)"};
  std::vector<std::string> texts;
  for (const std::string& scores : scaled) {
    for (const std::string& masked : {str_cat("Add(", scores, ",?m)"), scores}) {
      texts.push_back(str_cat("MatMul(Softmax[-1](", masked, "),$v)"));
    }
  }
  return texts;
}

/// Several nodes, and the layer that they become.
template <std::floating_point T>
struct LayerPattern {
  std::string text;
  void (*read)(Importer<T>& in, const Match& m);
  /// Whether the constants are those of the layer; without it, they always are.
  bool (*fits)(const std::map<std::string_view, const StoredTensor*>& tensors,
               const Match& m) = nullptr;
};

template <std::floating_point T>
std::vector<LayerPattern<T>> patterns() {
  using In = Importer<T>;
  using Tensors = std::map<std::string_view, const StoredTensor*>;
  std::vector<LayerPattern<T>> patterns{
      {"Add(Mul(Reshape(InstanceNormalization(Reshape($x,#s),#p,#q),?t),#g),#h)",
       read_group_pattern<T>,
       [](const Tensors& tensors, const Match& m) {
         return is_filled(*tensors.at(m["p"]), 1) && is_filled(*tensors.at(m["q"]), 0);
       }},
      {"Mul(Div($x,Sqrt(Add(ReduceMean(Mul($x,$x),#a),#e))),#g)", read_rms_pattern<T>},
      {"Mul(Mul($x,Reciprocal(Sqrt(Add(ReduceMean(Pow($x,2),#a),#e)))),#g)", read_rms_pattern<T>},
      {"Mul(Mul($x,Add(Erf(Div($x,1.4142135623730951)),1)),0.5)",
       [](In& in, const Match& m) { elementwise<T>(in, in.value_of(m["x"]), Gelu<T>()); }},
      {"Mul(Mul($x,0.5),Add(Erf(Div($x,1.4142135623730951)),1))",
       [](In& in, const Match& m) { elementwise<T>(in, in.value_of(m["x"]), Gelu<T>()); }},
      {"Mul(Mul($x,0.5),Add(Erf(Mul($x,0.7071067811865476)),1))",
       [](In& in, const Match& m) { elementwise<T>(in, in.value_of(m["x"]), Gelu<T>()); }},
      {"Where(Greater($x,?t),$x,Softplus($x))",
       [](In& in, const Match& m) {
         const auto threshold = in.constant_of(m["t"]);
         in.expect(threshold && in.only_number(*threshold) >= 15, "softplus of a low threshold");
         elementwise<T>(in, in.value_of(m["x"]), Softplus<T>());
       }},
      // Indices that count from the end where they are negative, which those of an embedding are
      // not.
      {"Where(Less($x,?z),Add($x,?n),$x)",
       [](In& in, const Match& m) {
         const auto zero = in.constant_of(m["z"]);
         in.expect(zero && in.only_number(*zero) == 0, "no layer chooses between two");
         in.result(in.value_of(m["x"]));
       }},
      {"Mul($x,Sigmoid($x))",
       [](In& in, const Match& m) { elementwise<T>(in, in.value_of(m["x"]), Swish<T>()); }},
      {"MatMul(#a,MatMul($x,#b))", read_adaptive_pattern<T>,
       [](const Tensors& tensors, const Match& m) {
         return is_adaptive<T>(*tensors.at(m["a"]), false) &&
                is_adaptive<T>(*tensors.at(m["b"]), true);
       }},
  };
  for (std::string& text : attention_texts()) {
    patterns.push_back({std::move(text), read_attention<T>});
  }
  return patterns;
}

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
