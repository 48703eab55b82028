#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/onnx_axes.hpp"
#include "dlfs/io/onnx_sequences.hpp"
#include "dlfs/io/onnx_windows.hpp"
#include "dlfs/nn/layers/adaptive_average_pooling.hpp"
#include "dlfs/nn/layers/add.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/dropout.hpp"
#include "dlfs/nn/layers/elu.hpp"
#include "dlfs/nn/layers/gelu.hpp"
#include "dlfs/nn/layers/group_normalization.hpp"
#include "dlfs/nn/layers/hard_sigmoid.hpp"
#include "dlfs/nn/layers/hard_swish.hpp"
#include "dlfs/nn/layers/hard_tanh.hpp"
#include "dlfs/nn/layers/instance_normalization.hpp"
#include "dlfs/nn/layers/layer_normalization.hpp"
#include "dlfs/nn/layers/leaky_relu.hpp"
#include "dlfs/nn/layers/log_softmax.hpp"
#include "dlfs/nn/layers/multiply.hpp"
#include "dlfs/nn/layers/pixel_shuffle.hpp"
#include "dlfs/nn/layers/positional_encoding.hpp"
#include "dlfs/nn/layers/prelu.hpp"
#include "dlfs/nn/layers/relu.hpp"
#include "dlfs/nn/layers/rms_normalization.hpp"
#include "dlfs/nn/layers/sigmoid.hpp"
#include "dlfs/nn/layers/softmax.hpp"
#include "dlfs/nn/layers/softplus.hpp"
#include "dlfs/nn/layers/swish.hpp"
#include "dlfs/nn/layers/tanh.hpp"
#include "dlfs/nn/layers/upsampling.hpp"
#include "dlfs/tensor/comparison.hpp"
#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/elementwise.hpp"

// Which layers the operators of ONNX become: the tables `operators` and `patterns`.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

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

/// One number for each channel stands for its pixels.
template <std::floating_point T>
void enlarge_gates(Importer<T>& in, std::vector<Value>& inputs) {
  for (std::size_t i = 0; i < inputs.size() && inputs[0].rank() == 4; ++i) {
    const Shape& of_all = inputs[(i + 1) % inputs.size()].shape;
    const Shape& each = inputs[i].shape;
    if (each.rank() == 4 && of_all.rank() == 4 && each[2] == 1 && each[3] == 1 &&
        of_all[2] * of_all[3] > 1) {
      inputs[i] = in.layer(Upsampling<T>({.factor = {of_all[2], of_all[3]}}), {inputs[i]});
    }
  }
}

/// Whether x would be repeated along an axis to have the shape of a constant.
template <std::floating_point T>
bool enlarges(const Constant<T>& constant, const Value& x) {
  const auto rank = static_cast<int>(std::min<std::size_t>(constant.extents.size(), max_rank + 1));
  for (int i = 0; i < rank; ++i) {
    const std::int64_t extent = constant.extents[static_cast<std::size_t>(i)];
    const int axis = i + x.rank() - rank;
    const bool fits =
        extent == 1 || (axis >= 0 && (x.has_samples(axis) || extent == x.extent(axis)));
    if (!fits) return true;
  }
  return false;
}

/// A constant that has the same numbers for each of the samples that the file fixes, once.
template <std::floating_point T>
Tensor<T> of_each_sample(const Importer<T>& in, Tensor<T> c, const Value& x) {
  for (int axis = 0; axis < c.rank(); ++axis) {
    const int of_x = axis + x.rank() - c.rank();
    if (c.extent(axis) == 1 || of_x < 0 || !x.is_samples(of_x)) continue;
    in.expect(c.extent(axis) == in.fixed_samples(), "a constant for other samples");
    const Tensor<T> first = copy(c.view().slice(axis, {.stop = 1}));
    for (Index n = 1; n < c.extent(axis); ++n) {
      in.expect(array_equal(copy(c.view().slice(axis, {.start = n, .stop = n + 1})), first),
                "its numbers differ from sample to sample");
    }
    c = first;
  }
  return c;
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
    for (std::size_t i = 0; i < in.node().inputs.size(); ++i) inputs.push_back(in.value(i));
    in.expect(!inputs.empty(), "it has no inputs");
    in.expect(op != "Sub" && op != "Div", "no layer computes it of two layers");
    return in.result_view(in.side_by_side(inputs, std::nullopt, [&](std::vector<Value> each, int) {
      enlarge_gates(in, each);
      return op == "Mul" ? in.layer(dlfs::Multiply<T>(), each) : in.layer(dlfs::Add<T>(), each);
    }));
  }
  Value x = in.value(1 - *constant);
  if (const auto zeros = in.constant(*constant); zeros->is_zero_of_samples()) {
    if (op == "Mul") return in.set_constant(*zeros);
    in.expect(op == "Add" || op == "Sum" || (op == "Sub" && *constant == 1),
              "no layer computes it of numbers that are 0 for each sample");
    in.expect(!enlarges(*zeros, x), "no layer repeats x ", x.shape);
    return in.result_view(std::move(x));
  }
  Tensor<T> c = in.tensor(*constant);
  x.prepend_axes(std::max(0, c.rank() - x.rank()));
  c = of_each_sample(in, std::move(c), x);
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

/// One of two values, by a condition that is the same in all places.
template <std::floating_point T>
void read_where(Importer<T>& in) {
  const auto condition = in.constant(0);
  in.expect(condition && condition->is_integer() && !condition->integers.empty(),
            "its condition depends on the samples");
  const auto& places = condition->integers;
  in.expect(std::all_of(places.begin(), places.end(),
                        [&](std::int64_t each) { return (each != 0) == (places[0] != 0); }),
            "its condition differs from place to place");
  const std::size_t chosen = places[0] != 0 ? 1 : 2;
  if (in.is_constant(chosen)) return in.set_constant(*in.constant(chosen));
  in.result_view(in.value(chosen));
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
         const std::string_view approximate = in.text("approximate", "none");
         in.expect(approximate == "none" || approximate == "tanh", "approximate is '", approximate,
                   "'");
         elementwise<T>(in, in.value(0),
                        Gelu<T>({.approximate = approximate == "tanh" ? GeluApproximation::tanh
                                                                      : GeluApproximation::none}));
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
      {"Expand", read_expand<T>},
      {"Concat", read_concat<T>},
      {"Split", read_split<T>},
      {"Slice", read_slice<T>},
      {"Pad", read_pad<T>},
      {"Add", read_arithmetic<T>},
      {"Sum", read_arithmetic<T>},
      {"Sub", read_arithmetic<T>},
      {"Mul", read_arithmetic<T>},
      {"Div", read_arithmetic<T>},
      {"Where", read_where<T>},
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

template <std::floating_point T, GeluApproximation approximate>
void read_gelu_pattern(Importer<T>& in, const Match& m) {
  elementwise<T>(in, in.value_of(m["x"]), Gelu<T>({.approximate = approximate}));
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
  constexpr auto exact = GeluApproximation::none, by_tanh = GeluApproximation::tanh;
  using Tensors = std::map<std::string_view, const StoredTensor*>;
  std::vector<LayerPattern<T>> patterns{
      {"Add(Mul(Reshape(InstanceNormalization(Reshape($x,#s),#p,#q),?t),#g),#h)",
       read_group_pattern<T>,
       [](const Tensors& tensors, const Match& m) {
         return is_filled(*tensors.at(m["p"]), 1) && is_filled(*tensors.at(m["q"]), 0);
       }},
      {"Mul(Div($x,Sqrt(Add(ReduceMean(Mul($x,$x),#a),#e))),#g)", read_rms_pattern<T>},
      {"Mul(Mul($x,Reciprocal(Sqrt(Add(ReduceMean(Pow($x,2),#a),#e)))),#g)", read_rms_pattern<T>},
      {"Mul(Mul($x,Add(Erf(Div($x,1.4142135623730951)),1)),0.5)", read_gelu_pattern<T, exact>},
      {"Mul($x,Mul(Add(Erf(Div($x,1.4142135623730951)),1),0.5))", read_gelu_pattern<T, exact>},
      {"Mul(Mul($x,0.5),Add(Erf(Div($x,1.4142135623730951)),1))", read_gelu_pattern<T, exact>},
      {"Mul(Mul($x,0.5),Add(Erf(Mul($x,0.7071067811865476)),1))", read_gelu_pattern<T, exact>},
      {"Mul(Mul($x,Add(Tanh(Mul(Add($x,Mul(Mul($x,Mul($x,$x)),0.044715)),0.7978845608028654)),1)),"
       "0.5)",
       read_gelu_pattern<T, by_tanh>},
      {"Mul($x,Mul(Add(Tanh(Mul(Add($x,Mul(Pow($x,3),0.044715)),0.7978845608028654)),1),0.5))",
       read_gelu_pattern<T, by_tanh>},
      {"Mul(Mul($x,0.5),Add(Tanh(Mul(Add($x,Mul(Pow($x,3),0.044715)),0.7978845608028654)),1))",
       read_gelu_pattern<T, by_tanh>},
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
