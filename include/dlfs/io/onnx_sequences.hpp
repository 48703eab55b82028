#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/onnx_layers.hpp"
#include "dlfs/io/onnx_pattern.hpp"
#include "dlfs/nn/layers/concatenate.hpp"
#include "dlfs/nn/layers/gru.hpp"
#include "dlfs/nn/layers/last_step.hpp"
#include "dlfs/nn/layers/lstm.hpp"
#include "dlfs/nn/layers/multi_head_attention.hpp"
#include "dlfs/nn/layers/rnn.hpp"
#include "dlfs/tensor/creation.hpp"

// Recurrent layers and attention of ONNX files.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

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

/// What the attributes of LSTM, GRU and RNN say.
struct Recurrence {
  bool is_reverse, is_both;  // the direction
  bool is_relu;              // instead of tanh
  Index directions() const { return is_both ? 2 : 1; }
};

/// @throws FormatError for attributes that no layer has.
template <std::floating_point T>
Recurrence read_recurrence(const Importer<T>& in) {
  const std::string_view op = in.node().op;
  const std::string_view direction = in.text("direction", "forward");
  Recurrence result{direction == "reverse", direction == "bidirectional", false};
  in.expect(result.is_both || result.is_reverse || direction == "forward", "the direction '",
            direction, "'");
  in.expect(in.integer("layout", 0) == 0 && !in.has("clip") && !in.has_input(7),
            "its layout, clip or peepholes are not read");
  in.expect(op != "GRU" || in.integer("linear_before_reset", 0) != 0,
            "r multiplies h before the product (linear_before_reset is 0)");
  in.expect(op != "LSTM" || in.integer("input_forget", 0) == 0, "input_forget is not read");
  // Lower case for comparison: older files have "tanh".
  using Names = std::vector<std::string>;
  Names activations;
  for (const std::string_view each : in.attribute("activations").texts) {
    std::string name(each);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    activations.push_back(std::move(name));
  }
  if (result.is_both && activations.size() % 2 == 0) {
    const auto middle = activations.begin() + std::ssize(activations) / 2;
    in.expect(std::equal(activations.begin(), middle, middle), "its directions differ");
    activations.erase(middle, activations.end());
  }
  result.is_relu = op == "RNN" && activations == Names{"relu"};
  const Names usual = op == "LSTM"  ? Names{"sigmoid", "tanh", "tanh"}
                      : op == "GRU" ? Names{"sigmoid", "tanh"}
                                    : Names{"tanh"};
  in.expect(activations.empty() || activations == usual || result.is_relu,
            "its activations are not those of a layer");
  return result;
}

/// @throws FormatError unless sequences begin with states of 0 and have all steps.
template <std::floating_point T>
void expect_whole_sequences(const Importer<T>& in, Index steps) {
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
  if (!in.has_input(4)) return;
  const auto lengths = in.constant(4);
  bool is_full = lengths.has_value();
  if (is_full && lengths->fill) {
    is_full = *lengths->fill == static_cast<double>(steps);
  } else if (is_full) {
    for (const std::int64_t length : lengths->integers) is_full &= length == steps;
  }
  in.expect(is_full, "its sequences have lengths of their own");
}

/// A layer of the kind of the node, whose weights are set later.
template <std::floating_point T>
AnyLayer<T> recurrent_layer(std::string_view op, Index D, Index H, bool reverse, bool is_relu) {
  const auto initialized = [&](AnyLayer<T> layer) {
    Rng rng(0);
    const Shape x{1, 1, D};
    layer.initialize({&x, 1}, rng);
    return layer;
  };
  if (op == "LSTM") return initialized(Lstm<T>({.in = D, .hidden = H, .reverse = reverse}));
  if (op == "GRU") return initialized(Gru<T>({.in = D, .hidden = H, .reverse = reverse}));
  return initialized(Rnn<T>({.in = D,
                             .hidden = H,
                             .activation = is_relu ? RnnActivation::relu : RnnActivation::tanh,
                             .reverse = reverse}));
}

template <std::floating_point T>
void read_recurrent(Importer<T>& in, const std::vector<Index>& order) {
  const Recurrence recurrence = read_recurrence(in);
  const Index directions = recurrence.directions(), gates = std::ssize(order);
  Value time_first = in.value(0);
  in.expect(time_first.rank() == 3, "expected x of three axes");
  std::swap(time_first.axes[0], time_first.axes[1]);
  const Value x = in.plain(time_first);
  expect_whole_sequences(in, x.shape[1]);

  const Tensor<T> W = in.tensor(1), R = in.tensor(2);
  in.expect(R.rank() == 3 && R.extent(0) == directions && R.extent(1) == gates * R.extent(2) &&
                R.extent(2) > 0,
            "R is of shape ", R.shape());
  const Index H = R.extent(2);
  in.expect(in.integer("hidden_size", H) == H, "hidden_size is not that of R ", R.shape());
  in.expect(
      W.rank() == 3 && W.extent(0) == directions && W.extent(1) == gates * H && W.extent(2) > 0,
      "W is of shape ", W.shape(), " for R ", R.shape());
  const Tensor<T> biases = in.has_input(3) ? in.tensor(3, {directions, 2 * gates * H})
                                           : zeros<T>({directions, 2 * gates * H});
  const auto& inputs = in.node().inputs;
  std::vector<Value> all, last;
  for (Index part = 0; part < directions; ++part) {
    const bool reverse = recurrence.is_reverse || part == 1;
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
    AnyLayer<T> layer =
        recurrent_layer<T>(in.node().op, W.extent(2), H, reverse, recurrence.is_relu);
    all.push_back(in.layer(with_weights<T>(std::move(layer), std::move(weights)), {x},
                           {inputs[1], inputs[2], in.has_input(3) ? inputs[3] : "",
                            part == 0 ? "forward" : "backward"}));
    if (in.is_output_read(1)) {
      last.push_back(in.layer(LastStep<T>({.reverse = reverse}), {all.back()}));
    }
  }
  in.expect(!in.is_output_read(2), "no layer gives its last cell state");
  // The directions are an axis of the file's value, and parts of the features of ours.
  const auto joined = [&](const std::vector<Value>& parts, int features) {
    return recurrence.is_both ? in.layer(Concatenate<T>({.axis = features}), parts) : parts.front();
  };
  const auto split = [&](int features) {
    return std::pair(recurrence.is_both ? ValueAxis{{features, 2, H}} : ValueAxis(),
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

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
