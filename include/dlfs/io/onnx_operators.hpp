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

/// One number for each channel, axis 1 of x, or for none if it is not that.
template <std::floating_point T>
std::optional<Tensor<T>> by_channel(const Tensor<T>& c, const Shape& x) {
  if (x.rank() < 2 || c.rank() > x.rank()) return std::nullopt;
  const Index channels = x[1];
  if (c.size() == 1) return full<T>({channels}, c.data()[0]);
  for (int axis = 0; axis < c.rank(); ++axis) {
    const int of_x = axis + x.rank() - c.rank();
    if (of_x == 1 ? c.shape()[axis] != channels : c.shape()[axis] != 1) return std::nullopt;
  }
  return flat(c);
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

// The operators that take more than a line.

struct Pads {
  std::vector<std::int64_t> begin, end;
};

/// The padding of a window over the last axes of x.
template <std::floating_point T>
Pads pads_of(const Importer<T>& in, const Shape& x, const std::vector<std::int64_t>& kernel,
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
      const std::int64_t extent = x[static_cast<int>(i) + 2];
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

template <std::floating_point T>
void read_convolution(Importer<T>& in) {
  const Value x = in.plain(0);
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
  const Pads pads = pads_of(in, x.shape, kernel, stride, dilation);
  const bool is_causal = rank == 3 && pads.end[0] == 0 && pads.begin[0] > 0 &&
                         pads.begin[0] == dilation[0] * (kernel[0] - 1);
  in.expect(pads.begin == pads.end || is_causal,
            "no convolution has another padding at the begin than at the end");
  const Index channels = detail::checked_product("convolution", weight.extent(1), groups);
  const std::string_view W = in.node().inputs[1];
  const std::string_view b = has_bias ? in.node().inputs[2] : std::string_view();
  if (rank == 3) {
    const Convolution1dOptions options{.in = channels,
                                       .filters = filters,
                                       .kernel = kernel[0],
                                       .stride = stride[0],
                                       .padding = is_causal ? 0 : pads.begin[0],
                                       .dilation = dilation[0],
                                       .groups = groups,
                                       .bias = has_bias,
                                       .causal = is_causal};
    return in.result(
        in.layer(Convolution1d<T>(options, std::move(weight), std::move(bias)), {x}, {W, b}));
  }
  if (rank == 4) {
    const ConvolutionOptions options{.in = channels,
                                     .filters = filters,
                                     .kernel = size2d(kernel),
                                     .stride = size2d(stride),
                                     .padding = size2d(pads.begin),
                                     .dilation = size2d(dilation),
                                     .groups = groups,
                                     .bias = has_bias};
    return in.result(
        in.layer(Convolution<T>(options, std::move(weight), std::move(bias)), {x}, {W, b}));
  }
  Rng rng(0);
  Convolution3d<T> layer({.in = channels,
                          .filters = filters,
                          .kernel = size3d(kernel),
                          .stride = size3d(stride),
                          .padding = size3d(pads.begin),
                          .dilation = size3d(dilation),
                          .groups = groups,
                          .bias = has_bias},
                         NoInitializer{}, rng);
  std::vector<Tensor<T>> weights{std::move(weight)};
  if (has_bias) weights.push_back(std::move(bias));
  in.result(in.layer(with_weights<T>(std::move(layer), std::move(weights)), {x}, {W, b}));
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
  const Pads pads = pads_of(in, x.shape, kernel, stride, dilation);
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
  const Pads pads = pads_of(in, x.shape, kernel, stride, dilation);
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

/// (N, C, H, W) -> (N, C, 1, 1), or without the last axes.
template <std::floating_point T>
void read_global_pooling(Importer<T>& in, bool keeps_axes) {
  Value x = in.plain(0);
  if (x.shape.rank() == 3) {
    x = in.layer(Reshape<T>({x.shape[1], x.shape[2], 1}), {x});
    Value y = in.layer(GlobalAveragePooling<T>(), {x});
    if (keeps_axes) y.axes = {0, 1, Value::new_axis};
    return in.result(std::move(y));
  }
  Value y = in.layer(GlobalAveragePooling<T>(), {x});
  if (keeps_axes) y.axes = {0, 1, Value::new_axis, Value::new_axis};
  in.result(std::move(y));
}

template <std::floating_point T>
void read_reduce_mean(Importer<T>& in) {
  const Value& x = in.value(0);
  auto axes = in.list("axes", 1).value_or(std::vector<std::int64_t>{});
  for (std::int64_t& axis : axes) axis = in.axis(axis, x.rank());
  std::sort(axes.begin(), axes.end());
  std::vector<std::int64_t> all;
  for (int axis = 2; axis < x.rank(); ++axis) all.push_back(axis);
  in.expect((x.rank() == 3 || x.rank() == 4) && axes == all,
            "a mean is a layer over the pixels of images alone");
  read_global_pooling(in, in.integer("keepdims", 1) != 0);
}

template <std::floating_point T>
void read_gemm(Importer<T>& in) {
  in.expect(in.real("alpha", 1) == 1 && in.real("beta", 1) == 1 && in.integer("transA", 0) == 0,
            "alpha and beta are not 1, or A is transposed");
  const Value x = in.plain(0);
  Tensor<T> weight = in.tensor(1);
  in.expect(x.shape.rank() == 2 && weight.rank() == 2, "expected matrices, found x ", x.shape,
            " and the weight ", weight.shape());
  if (in.integer("transB", 0) != 0) weight = copy(weight.transpose());
  Tensor<T> bias = zeros<T>({weight.extent(1)});
  if (in.has_input(2)) {
    bias = flat(in.tensor(2));
    if (bias.size() == 1) bias = full<T>({weight.extent(1)}, bias.data()[0]);
  }
  in.result(in.layer(Affine<T>(std::move(weight), std::move(bias)), {x},
                     {in.node().inputs[1], in.has_input(2) ? in.node().inputs[2] : ""}));
}

template <std::floating_point T>
void read_matmul(Importer<T>& in) {
  const Value x = in.plain(0);
  Tensor<T> weight = in.tensor(1);
  in.expect(weight.rank() == 2, "the weight is of shape ", weight.shape());
  Tensor<T> bias = zeros<T>({weight.extent(1)});
  in.result(in.layer(fully_connected(x.shape, std::move(weight), std::move(bias)), {x},
                     {in.node().inputs[1]}));
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
  const Value x = in.plain(0);
  const int first = in.axis(in.integer("axis", -1), x.shape.rank());
  in.expect(first > 0, "it normalizes the samples");
  const Index features = x.shape.axes(first, x.shape.rank()).size();
  Tensor<T> gamma = flat(in.tensor(1));
  in.expect(gamma.size() == features, "expected ", features, " scales, found ", gamma.size());
  Tensor<T> beta = in.has_input(2) ? flat(in.tensor(2)) : zeros<T>({features});
  LayerNormalization<T> layer({.features = features, .epsilon = in.real("epsilon", 1e-5)});
  in.result(in.layer(with_weights<T>(std::move(layer), {std::move(gamma), std::move(beta)}), {x},
                     {in.node().inputs[1]}));
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
  Value x = in.value(0);
  const bool is_early = in.opset() < with_one_axis;
  const int axis = in.axis(in.integer("axis", is_early ? 1 : -1), x.rank());
  in.expect(!is_early || axis == x.rank() - 1, "it is along several axes");
  in.expect(axis > 0 && !x.is_samples(axis), "it is along the samples");
  std::swap(x.axes[1], x.axes[static_cast<std::size_t>(axis)]);
  Value y = in.layer(std::move(layer), {in.plain(x)});
  std::swap(y.axes[1], y.axes[static_cast<std::size_t>(axis)]);
  in.result(std::move(y));
}

/// (1, gates H, D) -> (D, gates H), with the gates in our order: `order` has
/// the number of our gate for each of ONNX's.
template <std::floating_point T>
Tensor<T> gates_as_columns(const Tensor<T>& rows, const std::vector<Index>& order) {
  const Index D = rows.extent(2), H = rows.extent(1) / std::ssize(order);
  Tensor<T> weight({D, rows.extent(1)});
  const T* from = rows.data();
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
  in.expect(direction != "bidirectional", "layers have one direction");
  in.expect(direction == "forward" || direction == "reverse", "the direction '", direction, "'");
  in.expect(in.integer("layout", 0) == 0 && !in.has("clip") && !in.has_input(7),
            "its layout, clip or peepholes are not read");
  const bool reverse = direction == "reverse";
  // Lower case for comparison: older files have "tanh".
  std::vector<std::string> activations;
  for (const std::string_view each : in.attribute("activations").texts) {
    std::string name(each);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    activations.push_back(std::move(name));
  }
  const bool is_relu = op == "RNN" && activations == std::vector<std::string>{"relu"};
  const std::vector<std::string> usual = op == "LSTM"
                                             ? std::vector<std::string>{"sigmoid", "tanh", "tanh"}
                                         : op == "GRU" ? std::vector<std::string>{"sigmoid", "tanh"}
                                                       : std::vector<std::string>{"tanh"};
  in.expect(activations.empty() || activations == usual || is_relu,
            "its activations are not those of a layer");
  in.expect(op != "GRU" || in.integer("linear_before_reset", 0) != 0,
            "r multiplies h before the product (linear_before_reset is 0)");
  in.expect(op != "LSTM" || in.integer("input_forget", 0) == 0, "input_forget is not read");
  for (const std::size_t state : {5, 6}) {
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
  in.expect(
      R.rank() == 3 && R.extent(0) == 1 && R.extent(1) == gates * R.extent(2) && R.extent(2) > 0,
      "R is of shape ", R.shape());
  const Index H = R.extent(2);
  in.expect(in.integer("hidden_size", H) == H, "hidden_size is not that of R ", R.shape());
  in.expect(W.rank() == 3 && W.extent(0) == 1 && W.extent(1) == gates * H && W.extent(2) > 0,
            "W is of shape ", W.shape(), " for R ", R.shape());
  Tensor<T> biases =
      in.has_input(3) ? in.tensor(3, {1, 2 * gates * H}) : zeros<T>({1, 2 * gates * H});
  std::vector<Tensor<T>> weights{gates_as_columns(W, order), gates_as_columns(R, order)};
  for (const Index part : {0, 1}) {
    Tensor<T> bias({gates * H});
    for (Index k = 0; k < gates; ++k) {
      std::copy_n(biases.data() + (part * gates + k) * H, H,
                  bias.data() + order[static_cast<std::size_t>(k)] * H);
    }
    weights.push_back(std::move(bias));
  }
  const Index D = W.extent(2);
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
  const auto& inputs = in.node().inputs;
  const Value y = in.layer(with_weights<T>(std::move(*layer), std::move(weights)), {x},
                           {inputs[1], inputs[2], in.has_input(3) ? inputs[3] : ""});
  in.expect(!in.is_output_read(2), "no layer gives its last cell state");
  Value all = y;  // (T, 1, N, H)
  all.axes = {1, Value::new_axis, 0, 2};
  in.result(std::move(all));
  if (!in.is_output_read(1)) return;
  Value last = in.layer(LastStep<T>({.reverse = reverse}), {y});  // (1, N, H)
  last.axes = {Value::new_axis, 0, 1};
  in.result(std::move(last));
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
  in.result(std::move(y));
}

template <std::floating_point T>
void read_squeeze(Importer<T>& in) {
  Value x = in.value(0);
  auto axes = in.list("axes", 1);
  if (!axes) {
    axes.emplace();
    for (int axis = 0; axis < x.rank(); ++axis) {
      if (!x.is_samples(axis) && x.extent(axis) == 1) axes->push_back(axis);
    }
  }
  std::set<int> left_out;
  for (const std::int64_t each : *axes) left_out.insert(in.axis(each, x.rank()));
  bool is_new = true;
  for (const int axis : left_out) {
    in.expect(!x.is_samples(axis) && x.extent(axis) == 1, "axis ", axis,
              " does not have an extent of 1");
    is_new &= x.axes[static_cast<std::size_t>(axis)] == Value::new_axis;
  }
  if (!is_new) x = in.plain(x);
  Value y{x.name, x.shape, {}};
  Shape sample;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (left_out.contains(axis)) continue;
    y.axes.push_back(x.axes[static_cast<std::size_t>(axis)]);
    if (axis > 0) sample.push_back(x.extent(axis));
  }
  in.result(is_new ? y : in.layer(Reshape<T>(sample), {x}));
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
    y.axes.insert(y.axes.begin() + axis, Value::new_axis);
  }
  in.result(std::move(y));
}

/// The rows of samples in another shape.
template <std::floating_point T>
Value reshaped(Importer<T>& in, Value x, const Shape& sample) {
  if (x.shape.axes(1, x.shape.rank()) == sample) return x;
  if (sample.rank() == 1) return in.layer(Flatten<T>(), {x});
  return in.layer(Reshape<T>(sample), {x});
}

template <std::floating_point T>
void read_flatten(Importer<T>& in) {
  const Value x = in.plain(0);
  in.expect(in.axis(in.integer("axis", 1), x.rank() + 1) == 1,
            "it does not keep the samples apart");
  in.result(reshaped(in, x, {x.shape.axes(1, x.shape.rank()).size()}));
}

/// The same axes in the same order with other new axes between them, if the
/// shape is of these.
template <std::floating_point T>
std::optional<Value> with_new_axes(const Importer<T>& in, const Value& x,
                                   const std::vector<std::int64_t>& shape) {
  if (shape.size() > max_rank) return std::nullopt;
  std::vector<int> left;  // axes of x that are not new, by their places
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (x.axes[static_cast<std::size_t>(axis)] != Value::new_axis) left.push_back(axis);
  }
  Value y{x.name, x.shape, {}};
  std::size_t next = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool is_next =
        next < left.size() &&
        (shape[i] == -1 || (shape[i] == 0 && left[next] == static_cast<int>(i)) ||
         (x.is_samples(left[next]) ? shape[i] == samples_mark || shape[i] == in.fixed_samples()
                                   : shape[i] == x.extent(left[next])));
    if (!is_next && shape[i] != 1) return std::nullopt;
    y.axes.push_back(is_next ? x.axes[static_cast<std::size_t>(left[next++])] : Value::new_axis);
  }
  if (next < left.size()) return std::nullopt;
  return y;
}

template <std::floating_point T>
void read_reshape(Importer<T>& in) {
  const auto as_view = in.list("shape", 1);
  if (as_view) {
    if (auto y = with_new_axes(in, in.value(0), *as_view)) return in.result(std::move(*y));
  }
  const Value x = in.plain(0);
  auto shape = in.list("shape", 1).value_or(std::vector<std::int64_t>{});
  in.expect(!shape.empty() && shape.size() <= max_rank, "its shape has ", shape.size(), " axes");
  const Index size = x.shape.axes(1, x.shape.rank()).size();
  const bool keeps_zeros = in.integer("allowzero", 0) == 0;
  const auto first = shape[0];
  const bool may_be_samples = first == samples_mark || first == -1 || (first == 0 && keeps_zeros) ||
                              first == in.fixed_samples() || first == 1;
  Index known = 1;
  std::optional<std::size_t> open;
  for (std::size_t i = 1; i < shape.size(); ++i) {
    if (shape[i] == 0 && keeps_zeros) {
      in.expect(static_cast<int>(i) < x.rank(), "x has no axis ", i);
      shape[i] = x.shape[static_cast<int>(i)];
    }
    if (shape[i] == -1 && !open) {
      open = i;
      continue;
    }
    in.expect(shape[i] >= 0, "an axis of ", shape[i]);
    known = detail::checked_product("reshape", known, shape[i]);
  }
  if (open) {
    in.expect(known > 0 && size % known == 0, "the numbers of x ", x.shape, " do not fill it");
    shape[*open] = size / known;
    known *= shape[*open];
  }
  in.expect(may_be_samples && known == size, "it does not keep the samples apart");
  Shape sample;
  for (std::size_t i = 1; i < shape.size(); ++i) sample.push_back(shape[i]);
  in.result(reshaped(in, x, sample));
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
      in.expect(!constant, "it has two constants");
      constant = i;
    } else {
      inputs.push_back(in.plain(i));
    }
  }
  in.expect(!inputs.empty() && (!constant || inputs.size() == 1), "it has no two inputs");
  if (!constant) {
    in.expect(op != "Sub" && op != "Div", "no layer computes it of two layers");
    if (op == "Mul") return in.result(in.layer(dlfs::Multiply<T>(), inputs));
    return in.result(in.layer(dlfs::Add<T>(), inputs));
  }
  const Value& x = inputs.front();
  const Tensor<T> c = in.tensor(*constant);
  const std::string_view name = in.node().inputs[*constant];
  if (c.size() == 1) in.spend({3, x.rank() < 2 ? 1 : x.shape[1]});
  if (const auto values = by_channel(c, x.shape)) {
    const Index channels = values->size();
    const auto with = [&](bool inverse, Tensor<T> mean, Tensor<T> deviation) {
      in.result(in.layer(standardization<T>(inverse, std::move(mean), std::move(deviation)), {x},
                         {name}));
    };
    if (op == "Mul") return with(true, zeros<T>({channels}), *values);
    if (op == "Add" || op == "Sum") return with(true, *values, ones<T>({channels}));
    if (op == "Sub" && *constant == 1) return with(false, *values, ones<T>({channels}));
    if (op == "Sub") return with(true, *values, full<T>({channels}, T(-1)));
    in.expect(*constant == 1, "no layer divides a constant");
    return with(false, zeros<T>({channels}), *values);
  }
  // The steps of a sequence, each with a row of its own.
  const bool is_table = op == "Add" && x.rank() == 3 && c.rank() >= 2 &&
                        c.size() == x.shape[1] * x.shape[2] && c.extent(-1) == x.shape[2] &&
                        c.extent(-2) == x.shape[1];
  in.expect(is_table, "no layer computes it of x ", x.shape, " and a constant ", c.shape());
  Rng rng(0);
  LearnedPositionalEncoding<T> layer({.length = x.shape[1], .features = x.shape[2]},
                                     NoInitializer{}, rng);
  Tensor<T> table = copy(c.view().reshape(Shape{x.shape[1], x.shape[2]}));
  in.result(in.layer(with_weights<T>(std::move(layer), {std::move(table)}), {x}, {name}));
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
  const int axis = in.axis(in.integer("axis", 0), in.value(0).rank());
  if (in.value(0).axes[static_cast<std::size_t>(axis)] == Value::new_axis && place &&
      place->extents.empty() && place->integers.size() == 1) {
    in.expect(place->integers[0] == 0 || place->integers[0] == -1, "there is one place along axis ",
              axis);
    Value y = in.value(0);
    y.axes.erase(y.axes.begin() + axis);
    return in.result(std::move(y));
  }
  const Value x = in.plain(0);
  in.expect(place && place->is_integer() && place->integers.size() == 1 &&
                place->extents.size() <= 1 && axis > 0,
            "no layer gathers these");
  const std::int64_t extent = x.shape[axis], index = place->integers[0];
  in.expect(index >= -extent && index < extent, "there is no place ", index, " along axis ", axis);
  const std::int64_t position = index < 0 ? index + extent : index;
  if (axis == 1 && x.rank() >= 3 && place->extents.empty() &&
      (position == 0 || position == extent - 1)) {
    return in.result(in.layer(LastStep<T>({.reverse = position != extent - 1}), {x}));
  }
  Value y = in.layer(SliceAxis<T>(axis, {.start = position, .stop = position + 1}), {x});
  if (!place->extents.empty()) return in.result(std::move(y));
  Shape sample;
  for (int i = 1; i < y.rank(); ++i) {
    if (i != axis) sample.push_back(y.shape[i]);
  }
  in.result(in.layer(Reshape<T>(sample), {y}));
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
  constexpr double largest = static_cast<double>(std::numeric_limits<float>::max());
  const double low = in.has("min") ? in.real("min", 0) : in.number(1, -infinity);
  const double high = in.has("max") ? in.real("max", 0) : in.number(2, infinity);
  if (low == -1 && high == 1) return in.result(in.layer(HardTanh<T>(), {in.plain(0)}));
  in.expect(low == 0 && high >= largest, "no layer has the limits ", low, " and ", high);
  in.result(in.layer(Relu<T>(), {in.plain(0)}));
}

template <std::floating_point T>
void read_prelu(Importer<T>& in) {
  const Value x = in.plain(0);
  const Tensor<T> slope = in.tensor(1);
  if (slope.size() == 1) in.spend({x.rank() < 2 ? 1 : x.shape[1]});
  const auto channels = by_channel(slope, x.shape);
  in.expect(channels.has_value(), "no layer has slopes ", slope.shape(), " for x ", x.shape);
  Tensor<T> slopes = slope.size() == 1 ? flat(slope) : *channels;
  PRelu<T> layer({.slopes = slopes.size()});
  in.result(
      in.layer(with_weights<T>(std::move(layer), {std::move(slopes)}), {x}, {in.node().inputs[1]}));
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
  const Value x = in.plain(0);
  in.expect(in.text("mode", "constant") == "constant" && in.number(2, 0) == 0,
            "it does not pad zeros");
  const auto pads = in.list("pads", 1);
  in.expect(pads && std::ssize(*pads) == 2 * x.rank() && !in.has_input(3), "its pads do not fit x ",
            x.shape);
  for (int i = 0; i < 2 * x.rank(); ++i) {
    const std::int64_t pad = (*pads)[static_cast<std::size_t>(i)];
    in.expect(pad == 0 || (i == x.rank() + 1 && pad > 0),
              "no layer pads other axes than the channels");
  }
  const std::int64_t more = (*pads)[static_cast<std::size_t>(x.rank()) + 1];
  if (more == 0) return in.result(x);
  const Index channels = detail::checked_sum("pad", x.shape[1], more);
  in.result(in.layer(PadChannels<T>({.channels = channels}), {x}));
}

template <std::floating_point T>
void read_dropout(Importer<T>& in) {
  in.expect_one_output();
  const double ratio = in.has("ratio") ? in.real("ratio", 0.5) : in.number(1, 0.5);
  in.result(in.layer(Dropout<T>({.ratio = ratio}), {in.plain(0)}));
}

template <std::floating_point T>
void read_hard_sigmoid(Importer<T>& in) {
  in.expect(std::abs(in.real("alpha", 0.2) - 1.0 / 6) < 1e-6 && in.real("beta", 0.5) == 0.5,
            "the layer is min(max(x + 3, 0), 6) / 6: alpha 1/6, beta 0.5");
  in.result(in.layer(HardSigmoid<T>(), {in.plain(0)}));
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
      {"GlobalAveragePool", [](In& in) { read_global_pooling(in, /*keeps_axes=*/true); }},
      {"ReduceMean", read_reduce_mean<T>},
      {"Resize", read_resize<T>},
      {"Upsample", read_resize<T>},
      {"DepthToSpace",
       [](In& in) {
         in.expect(in.text("mode", "DCR") == "CRD",
                   "the layer has its channels in the order of CRD");
         in.result(in.layer(PixelShuffle<T>(in.integer("blocksize", 0)), {in.plain(0)}));
       }},
      // Activations
      {"Relu", [](In& in) { in.result(in.layer(Relu<T>(), {in.plain(0)})); }},
      {"Sigmoid", [](In& in) { in.result(in.layer(Sigmoid<T>(), {in.plain(0)})); }},
      {"Tanh", [](In& in) { in.result(in.layer(Tanh<T>(), {in.plain(0)})); }},
      {"Softplus", [](In& in) { in.result(in.layer(Softplus<T>(), {in.plain(0)})); }},
      {"HardSwish", [](In& in) { in.result(in.layer(HardSwish<T>(), {in.plain(0)})); }},
      {"HardSigmoid", read_hard_sigmoid<T>},
      {"Elu",
       [](In& in) {
         in.result(in.layer(Elu<T>(static_cast<T>(in.real("alpha", 1))), {in.plain(0)}));
       }},
      {"LeakyRelu",
       [](In& in) {
         in.result(in.layer(LeakyRelu<T>(static_cast<T>(in.real("alpha", 0.01))), {in.plain(0)}));
       }},
      {"Gelu",
       [](In& in) {
         in.expect(in.text("approximate", "none") == "none", "the layer is the exact form");
         in.result(in.layer(Gelu<T>(), {in.plain(0)}));
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
void read_linear_pattern(Importer<T>& in, const Match& m) {
  const Value x = in.plain_of(m["x"]);
  in.result(in.layer(fully_connected(x.shape, in.tensor_of(m["w"]), flat(in.tensor_of(m["b"]))),
                     {x}, {m["w"], m["b"]}));
}

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

template <std::floating_point T>
void read_attention_pattern(Importer<T>& in, const Match& m, bool is_causal) {
  const Value x = in.plain_of(m["x"]);
  in.expect(x.rank() == 3, "attention of x ", x.shape);
  const Index steps = x.shape[1], D = x.shape[2];
  const auto by_head = in.constant_of(m["s"]);
  in.expect(by_head && by_head->integers.size() == 5 && by_head->integers[2] == 3,
            "it has no heads");
  const Index heads = by_head->integers[3], width = by_head->integers[4];
  in.expect(heads > 0 && width > 0 && D % heads == 0 && D / heads == width, heads, " heads of ",
            width, " features of ", D);
  const double scale = in.only_number(*in.constant_of(m["c"]));
  in.expect(std::abs(scale * std::sqrt(static_cast<double>(width)) - 1) < 1e-5, "its scale is ",
            scale);
  if (is_causal) {
    const Tensor<T> mask = in.tensor_of(m["m"]);
    in.expect(mask.shape() == Shape{steps, steps}, "its mask is of shape ", mask.shape());
    for (Index i = 0; i < steps; ++i) {
      for (Index j = 0; j < steps; ++j) {
        in.expect(j > i ? mask(i, j) < -1e20 : mask(i, j) == 0,
                  "its mask is not that of later steps");
      }
    }
  }
  std::vector<Tensor<T>> weights{in.tensor_of(m["w"]), in.tensor_of(m["b"]), in.tensor_of(m["v"]),
                                 in.tensor_of(m["o"])};
  in.expect(weights[0].shape() == Shape{D, 3 * D} && weights[2].shape() == Shape{D, D},
            "its weights do not fit x ", x.shape);
  const auto joined = in.constant_of(m["r"]);
  in.expect(joined && joined->integers == std::vector<std::int64_t>{0, 0, D} &&
                by_head->integers[0] == 0 && by_head->integers[1] == 0,
            "it changes the shape of x");
  MultiHeadAttention<T> layer({.features = D, .heads = heads, .causal = is_causal},
                              NoInitializer{});
  AnyLayer<T> any(std::move(layer));
  Rng rng(0);
  any.initialize({&x.shape, 1}, rng);
  in.result(in.layer(with_weights<T>(std::move(any), std::move(weights)), {x}, {m["w"], m["v"]}));
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
  const std::string qkv = "Transpose[2,0,3,1,4](Reshape(Add(MatMul($x,#w),#b),#s))";
  const auto attention = [&](std::string_view scores) {
    return str_cat("Add(MatMul(Reshape(Transpose[0,2,1,3](MatMul(Softmax[-1](", scores,
                   "),Gather[0](", qkv, ",2))),#r),#v),#o)");
  };
  const std::string scores =
      str_cat("Mul(MatMul(Gather[0](", qkv, ",0),Transpose[0,1,3,2](Gather[0](", qkv, ",1))),#c)");
  return {
      {attention(str_cat("Add(", scores, ",#m)")),
       [](In& in, const Match& m) { read_attention_pattern(in, m, /*is_causal=*/true); }},
      {attention(scores),
       [](In& in, const Match& m) { read_attention_pattern(in, m, /*is_causal=*/false); }},
      {"Add(Mul(Reshape(InstanceNormalization(Reshape($x,#s),#p,#q),?t),#g),#h)",
       read_group_pattern<T>,
       [](const Tensors& tensors, const Match& m) {
         return is_filled(*tensors.at(m["p"]), 1) && is_filled(*tensors.at(m["q"]), 0);
       }},
      {"Mul(Div($x,Sqrt(Add(ReduceMean(Mul($x,$x),#a),#e))),#g)", read_rms_pattern<T>},
      {"Mul(Mul($x,Add(Erf(Div($x,1.4142135623730951)),1)),0.5)",
       [](In& in, const Match& m) { in.result(in.layer(Gelu<T>(), {in.plain_of(m["x"])})); }},
      {"Mul(Mul($x,0.5),Add(Erf(Div($x,1.4142135623730951)),1))",
       [](In& in, const Match& m) { in.result(in.layer(Gelu<T>(), {in.plain_of(m["x"])})); }},
      {"Mul(Mul($x,0.5),Add(Erf(Mul($x,0.7071067811865476)),1))",
       [](In& in, const Match& m) { in.result(in.layer(Gelu<T>(), {in.plain_of(m["x"])})); }},
      {"Where(Greater($x,?t),$x,Softplus($x))",
       [](In& in, const Match& m) {
         const auto threshold = in.constant_of(m["t"]);
         in.expect(threshold && in.only_number(*threshold) >= 15, "softplus of a low threshold");
         in.result(in.layer(Softplus<T>(), {in.plain_of(m["x"])}));
       }},
      {"Mul($x,Sigmoid($x))",
       [](In& in, const Match& m) { in.result(in.layer(Swish<T>(), {in.plain_of(m["x"])})); }},
      {"Add(MatMul($x,#w),#b)", read_linear_pattern<T>,
       [](const Tensors& tensors, const Match& m) {
         const StoredTensor &w = *tensors.at(m["w"]), &b = *tensors.at(m["b"]);
         return w.extents.size() == 2 && b.extents == std::vector{w.extents[1]};
       }},
      {"MatMul(#a,MatMul($x,#b))", read_adaptive_pattern<T>,
       [](const Tensors& tensors, const Match& m) {
         return is_adaptive<T>(*tensors.at(m["a"]), false) &&
                is_adaptive<T>(*tensors.at(m["b"]), true);
       }},
  };
}

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
