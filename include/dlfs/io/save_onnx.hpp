#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <numbers>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "dlfs/core/index_range.hpp"
#include "dlfs/io/file.hpp"
#include "dlfs/io/onnx_format.hpp"
#include "dlfs/io/protobuf.hpp"
#include "dlfs/io/utf8.hpp"
#include "dlfs/net/neural_network.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/creation.hpp"

// Networks as ONNX files. What each layer becomes is listed in `onnx::forms` below.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of save_onnx.
struct SaveOnnxOptions {
  std::string batch = "N";       ///< the name of the axis of the samples, whose extent is open
  std::string name = "network";  ///< that of the graph
};

namespace detail::onnx {

/// The version of ONNX's operators that files are written for: that of ONNX 1.14, of 2023.
inline constexpr std::int64_t opset = 19;
inline constexpr std::int64_t ir_version = 9;

using Names = std::vector<std::string>;

/// An attribute of a node.
struct Attribute {
  std::string_view name;
  std::variant<std::int64_t, double, std::string, std::vector<Index>, Names> value;
};
using Attributes = std::vector<Attribute>;

/// The options of a layer, by name.
class LayerOptions : public OptionVisitor {
 public:
  /// @throws ValueError unless it is there and of this type, as in a layer of the library.
  template <class Value>
  const Value& get(std::string_view name) const& {
    const auto found = values_.find(name);
    const auto* value = found == values_.end() ? nullptr : std::get_if<Value>(&found->second);
    if (value == nullptr) {
      throw ValueError("save_onnx: the layer is none of the library's: it has no option ", name);
    }
    return *value;
  }
  bool has(std::string_view name) const { return values_.contains(name); }
  /// A size in each of the directions of a window.
  std::vector<Index> extents(std::string_view name, std::size_t directions) const {
    const auto found = values_.find(name);
    if (found != values_.end()) {
      if (const auto* same = std::get_if<Index>(&found->second))
        return std::vector(directions, *same);
    }
    return get<std::vector<Index>>(name);
  }

 private:
  void flag(std::string_view name, bool value, bool) override { set(name, value); }
  void integer(std::string_view name, Index value, bool) override { set(name, value); }
  void number(std::string_view name, double value, bool) override { set(name, value); }
  void text(std::string_view name, std::string_view value, bool) override {
    set(name, std::string(value));
  }
  void integers(std::string_view name, std::span<const Index> values, bool) override {
    set(name, std::vector<Index>(values.begin(), values.end()));
  }
  template <class Value>
  void set(std::string_view name, Value value) {
    values_[std::string(name)] = std::move(value);
  }

  std::map<std::string, std::variant<bool, Index, double, std::string, std::vector<Index>>,
           std::less<>>
      values_;
};

/// The nodes and initializers of a graph that is written.
template <std::floating_point T>
class GraphWriter {
 public:
  /// @throws ValueError for a name that other programs cannot read.
  static void expect_name(std::string_view name) {
    if (!is_utf8(name)) throw ValueError("save_onnx: the name '", name, "' is no UTF-8");
  }

  /// A name that no other value has: this one, or one with a number.
  std::string unique(const std::string& wanted) {
    expect_name(wanted);
    std::string name = wanted;
    for (int number = 2; !names_.insert(name).second; ++number) {
      name = str_cat(wanted, '_', number);
    }
    return name;
  }

  /// A tensor of the network's, which lives on.
  std::string initializer(const std::string& name, const T* data, const Shape& shape) {
    std::string key = to_string(shape);
    auto& written = tensors_[{data, std::move(key)}];
    if (written.empty()) written = add_initializer(name, data, shape);
    return written;
  }
  /// A tensor that is made for the file: once for each layer and name.
  template <class U>
  std::string constant(const void* layer, std::string_view layer_name, std::string_view name,
                       Tensor<U> value) {
    auto& written = constants_[{layer, std::string(name)}];
    if (written.empty()) {
      const auto kept = std::make_shared<Tensor<U>>(std::move(value));
      kept_.push_back(kept);
      written = add_initializer(str_cat(layer_name, '.', name), kept->data(), kept->shape());
    }
    return written;
  }

  void node(std::string_view op, const std::string& name, const Names& inputs,
            const std::string& output, const Attributes& attributes) {
    ProtobufMessage node;
    for (const std::string& input : inputs) node.text(node_field::input, input);
    node.text(node_field::output, output);
    node.text(node_field::name, name);
    node.text(node_field::op_type, op);
    for (const Attribute& attribute : attributes) {
      node.message(node_field::attribute, message_of(attribute));
    }
    graph_.message(graph_field::node, node);
  }

  void value(int field, const std::string& name, const Shape& batch, const std::string& samples) {
    ProtobufMessage shape;
    for (int axis = 0; axis < batch.rank(); ++axis) {
      ProtobufMessage extent;
      if (axis == 0) {
        extent.text(type_field::dim_param, samples);
      } else {
        extent.integer(type_field::dim_value, batch[axis]);
      }
      shape.message(type_field::dim, extent);
    }
    ProtobufMessage tensor, type, value;
    tensor.integer(type_field::elem_type, static_cast<int>(data_type<T>()));
    tensor.message(type_field::shape, shape);
    type.message(type_field::tensor_type, tensor);
    value.text(value_field::name, name);
    value.message(value_field::type, type);
    graph_.message(field, value);
  }

  void write(const std::filesystem::path& path, const std::string& name) {
    graph_.text(graph_field::name, name);
    ProtobufMessage version, model;
    version.text(opset_field::domain, "");
    version.integer(opset_field::version, opset);
    model.integer(model_field::ir_version, ir_version);
    model.text(model_field::producer_name, "dlfs");
    model.message(model_field::opset_import, version);
    model.message(model_field::graph, graph_);
    constexpr std::size_t limit = std::numeric_limits<std::int32_t>::max();
    if (model.size() > limit) {
      throw ValueError("save_onnx: an ONNX file has at most ", limit, " bytes, the network takes ",
                       model.size());
    }
    write_file(path, model.parts());
  }

 private:
  template <class U>
  std::string add_initializer(const std::string& wanted, const U* data, const Shape& shape) {
    std::string name = unique(wanted);
    ProtobufMessage tensor;
    for (const Index extent : shape) tensor.integer(tensor_field::dims, extent);
    tensor.integer(tensor_field::data_type, static_cast<int>(data_type<U>()));
    tensor.text(tensor_field::name, name);
    tensor.bytes(tensor_field::raw_data, little_endian(data, shape.size()));
    graph_.message(graph_field::initializer, tensor);
    return name;
  }

  template <class U>
  ByteSpan little_endian(const U* data, Index count) {
    const ByteSpan bytes(reinterpret_cast<const std::uint8_t*>(data),
                         static_cast<std::size_t>(count) * sizeof(U));
    if constexpr (std::endian::native == std::endian::little) {
      return bytes;
    } else {
      const auto swapped = std::make_shared<Bytes>(bytes.begin(), bytes.end());
      for (auto at = swapped->begin(); at != swapped->end(); at += sizeof(U)) {
        std::reverse(at, at + sizeof(U));
      }
      kept_.push_back(swapped);
      return *swapped;
    }
  }

  static ProtobufMessage message_of(const Attribute& attribute) {
    ProtobufMessage message;
    message.text(attribute_field::name, attribute.name);
    const auto add_type = [&](AttributeType type) {
      message.integer(attribute_field::type, static_cast<int>(type));
    };
    if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
      message.integer(attribute_field::i, *integer);
      add_type(AttributeType::i);
    } else if (const auto* number = std::get_if<double>(&attribute.value)) {
      message.number(attribute_field::f, static_cast<float>(*number));
      add_type(AttributeType::f);
    } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      message.text(attribute_field::s, *text);
      add_type(AttributeType::s);
    } else if (const auto* integers = std::get_if<std::vector<Index>>(&attribute.value)) {
      for (const Index each : *integers) message.integer(attribute_field::ints, each);
      add_type(AttributeType::ints);
    } else {
      for (const std::string& each : std::get<Names>(attribute.value)) {
        message.text(attribute_field::strings, each);
      }
      add_type(AttributeType::strings);
    }
    return message;
  }

  ProtobufMessage graph_;
  std::set<std::string> names_;
  std::map<std::pair<const void*, std::string>, std::string> tensors_;
  std::map<std::pair<const void*, std::string>, std::string> constants_;
  std::vector<std::shared_ptr<void>> kept_;
};

/// A layer that is written: what it reads, its options and weights, and the nodes that it becomes.
/// Shapes are those of a batch of one sample.
template <std::floating_point T>
class LayerWriter {
 public:
  struct Value {
    std::string name;
    Shape shape;
  };

  LayerWriter(GraphWriter<T>& graph, const AnyLayer<T>& layer, std::string name,
              std::vector<Value> inputs)
      : graph_(graph), layer_(layer), name_(std::move(name)), inputs_(std::move(inputs)) {
    std::vector<Shape> shapes;
    for (const Value& input : inputs_) shapes.push_back(input.shape);
    y_ = {graph_.unique(name_), layer_.output_shape(shapes)};
    if (!layer_.visit_options(options_)) {
      throw ValueError("save_onnx: layer '", name_, "' of the kind '", layer_.traits().kind,
                       "' does not show its options");
    }
  }

  const std::string& x(std::size_t i = 0) const& { return inputs_[i].name; }
  const Shape& x_shape() const& { return inputs_.front().shape; }
  int rank() const { return x_shape().rank(); }
  std::size_t input_count() const { return inputs_.size(); }
  const Value& y() const& { return y_; }
  const AnyLayer<T>& layer() const& { return layer_; }

  Index integer(std::string_view name) const { return options_.get<Index>(name); }
  double number(std::string_view name) const { return options_.get<double>(name); }
  bool flag(std::string_view name) const { return options_.get<bool>(name); }
  const std::string& text(std::string_view name) const& { return options_.get<std::string>(name); }
  bool has(std::string_view name) const { return options_.has(name); }
  std::vector<Index> extents(std::string_view name, int directions) const {
    return options_.extents(name, static_cast<std::size_t>(directions));
  }

  std::size_t weight_count() const { return layer_.parameters().size(); }
  const NamedTensor<T>& weight(std::size_t i) const& { return at(layer_.parameters(), i); }
  const NamedTensor<T>& buffer(std::size_t i) const& { return at(layer_.buffers(), i); }
  std::string tensor(const NamedTensor<T>& tensor) {
    return this->tensor(tensor, tensor.value.shape());
  }
  /// A tensor under another shape, or its first numbers.
  std::string tensor(const NamedTensor<T>& tensor, const Shape& shape) {
    return graph_.initializer(tensor.name, tensor.value.data(), shape);
  }
  /// One number for each channel of x, which is axis 1.
  Shape by_channel(Index channels) const {
    Shape shape{channels};
    for (int axis = 2; axis < rank(); ++axis) shape.push_back(1);
    return shape;
  }

  template <class U>
  std::string constant(std::string_view name, Tensor<U> value) {
    return graph_.constant(&layer_, name_, name, std::move(value));
  }
  std::string scalar(std::string_view name, double value) {
    return constant(name, full<T>({}, static_cast<T>(value)));
  }
  std::string integers(std::string_view name, const std::vector<Index>& values) {
    return constant(name,
                    Tensor<std::int64_t>({std::ssize(values)},
                                         std::vector<std::int64_t>(values.begin(), values.end())));
  }
  std::string index(std::string_view name, Index value) {
    return constant(name, full<std::int64_t>({}, value));
  }

  /// Adds a node and returns the name of what it computes.
  std::string node(std::string_view op, const Names& inputs, const Attributes& attributes = {}) {
    std::string output = graph_.unique(str_cat(name_, '/', op));
    graph_.node(op, output, inputs, output, attributes);
    return output;
  }
  /// Adds the last node.
  void result(std::string_view op, const Names& inputs, const Attributes& attributes = {}) {
    graph_.node(op, name_, inputs, y_.name, attributes);
  }

 private:
  template <class Tensors>
  static const NamedTensor<T>& at(const Tensors& tensors, std::size_t i) {
    if (i < tensors.size()) return *tensors[i];
    throw ValueError("save_onnx: the layer is none of the library's: it has ", tensors.size(),
                     " tensors");
  }

  GraphWriter<T>& graph_;
  const AnyLayer<T>& layer_;
  std::string name_;
  std::vector<Value> inputs_;
  LayerOptions options_;
  Value y_;
};

// The forms that take more than a line.

/// Attributes of a window in some directions, with its padding at the begin and at the end.
template <std::floating_point T>
Attributes window_attributes(const LayerWriter<T>& l, int directions,
                             const std::vector<Index>& begin, const std::vector<Index>& end) {
  std::vector<Index> pads = begin;
  pads.insert(pads.end(), end.begin(), end.end());
  return {{"kernel_shape", l.extents("kernel", directions)},
          {"strides", l.extents("stride", directions)},
          {"pads", std::move(pads)},
          {"dilations", l.extents("dilation", directions)}};
}

template <std::floating_point T>
void write_convolution(LayerWriter<T>& l, std::string_view op) {
  const int directions = l.rank() - 2;
  std::vector<Index> begin = l.extents("padding", directions), end = begin;
  if (l.has("causal") && l.flag("causal")) {
    begin = {l.integer("dilation") * (l.integer("kernel") - 1)};
  }
  Attributes attributes = window_attributes(l, directions, begin, end);
  attributes.push_back({"group", l.integer("groups")});
  if (l.has("output_padding")) {
    attributes.push_back({"output_padding", l.extents("output_padding", directions)});
  }
  Names inputs{l.x()};
  for (std::size_t i = 0; i < l.weight_count(); ++i) inputs.push_back(l.tensor(l.weight(i)));
  l.result(op, inputs, attributes);
}

/// Readers of ONNX do not agree on `ceil_mode`, so the pixels by which the last window exceeds the
/// image are written as padding.
template <std::floating_point T>
void write_pooling(LayerWriter<T>& l, std::string_view op) {
  const int directions = l.rank() - 2;
  const auto at = [](const std::vector<Index>& list, int i) {
    return list[static_cast<std::size_t>(i)];
  };
  const auto kernel = l.extents("kernel", directions), stride = l.extents("stride", directions),
             dilation = l.extents("dilation", directions);
  std::vector<Index> begin = l.extents("padding", directions), end = begin;
  const bool counts_padding =
      op == "AveragePool" && (!l.has("count_include_pad") || l.flag("count_include_pad"));
  bool exceeds = false;
  for (int i = 0; i < directions; ++i) {
    const Index reach = at(dilation, i) * (at(kernel, i) - 1) + 1;
    const Index used = (l.y().shape[i + 2] - 1) * at(stride, i) + reach;
    const Index more = used - l.x_shape()[i + 2] - 2 * at(begin, i);
    if (more <= 0) continue;
    exceeds = true;
    end[static_cast<std::size_t>(i)] += more;
  }
  std::string x = l.x();
  if (exceeds && counts_padding) {
    // The padding counts, and what is beyond it does not.
    std::vector<Index> pads;
    for (int side = 0; side < 2; ++side) {
      pads.insert(pads.end(), {0, 0});
      for (int i = 0; i < directions; ++i) pads.push_back(at(begin, i));
    }
    x = l.node("Pad", {x, l.integers("pads", pads)});
    for (int i = 0; i < directions; ++i) {
      end[static_cast<std::size_t>(i)] -= at(begin, i);
      begin[static_cast<std::size_t>(i)] = 0;
    }
  }
  Attributes attributes = window_attributes(l, directions, begin, end);
  if (op == "AveragePool") {
    attributes.push_back({"count_include_pad", std::int64_t{counts_padding && !exceeds}});
  }
  l.result(op, {x}, attributes);
}

/// The means of parts of an axis as a matrix (out, in).
template <std::floating_point T>
Tensor<T> adaptive_means(Index in, Index out) {
  Tensor<T> means({out, in});
  for (Index i = 0; i < out; ++i) {
    const Index begin = i * in / out, end = ((i + 1) * in + out - 1) / out;
    for (Index k = begin; k < end; ++k) means(i, k) = T(1) / static_cast<T>(end - begin);
  }
  return means;
}

template <std::floating_point T>
void write_adaptive_pooling(LayerWriter<T>& l) {
  const Shape &x = l.x_shape(), &y = l.y().shape;
  if (y[2] == 1 && y[3] == 1) return l.result("GlobalAveragePool", {l.x()});
  if (x[2] % y[2] == 0 && x[3] % y[3] == 0) {
    const std::vector<Index> kernel{x[2] / y[2], x[3] / y[3]};
    return l.result("AveragePool", {l.x()}, {{"kernel_shape", kernel}, {"strides", kernel}});
  }
  const auto columns = adaptive_means<T>(x[3], y[3]);
  const std::string rows = l.constant("rows", adaptive_means<T>(x[2], y[2]));
  const std::string right = l.constant("columns", copy(columns.transpose()));
  l.result("MatMul", {rows, l.node("MatMul", {l.x(), right})});
}

template <std::floating_point T>
void write_batch_normalization(LayerWriter<T>& l) {
  const Names rest{l.tensor(l.weight(0)), l.tensor(l.weight(1)), l.tensor(l.buffer(0)),
                   l.tensor(l.buffer(1))};
  const Attributes attributes{{"epsilon", l.number("epsilon")}, {"momentum", l.number("momentum")}};
  const auto inputs = [&](const std::string& x) {
    Names all{x};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  };
  if (l.x_shape()[1] == l.integer("features")) {
    return l.result("BatchNormalization", inputs(l.x()), attributes);
  }
  // Each number of a sample is a feature.
  const std::string flat = l.node("Flatten", {l.x()}, {{"axis", std::int64_t{1}}});
  std::vector<Index> shape(l.x_shape().begin(), l.x_shape().end());
  shape[0] = 0;
  l.result("Reshape",
           {l.node("BatchNormalization", inputs(flat), attributes), l.integers("shape", shape)});
}

/// The last axes of x, which have this number of features.
template <std::floating_point T>
Shape feature_axes(const LayerWriter<T>& l) {
  int axis = l.rank() - 1;
  while (l.x_shape().axes(axis, l.rank()).size() != l.integer("features")) --axis;
  return l.x_shape().axes(axis, l.rank());
}

template <std::floating_point T>
void write_layer_normalization(LayerWriter<T>& l) {
  const Shape features = feature_axes(l);
  l.result("LayerNormalization",
           {l.x(), l.tensor(l.weight(0), features), l.tensor(l.weight(1), features)},
           {{"axis", std::int64_t{-features.rank()}}, {"epsilon", l.number("epsilon")}});
}

template <std::floating_point T>
void write_rms_normalization(LayerWriter<T>& l) {
  const Shape features = feature_axes(l);
  std::vector<Index> axes;
  for (int axis = -features.rank(); axis < 0; ++axis) axes.push_back(axis);
  const std::string mean =
      l.node("ReduceMean", {l.node("Mul", {l.x(), l.x()}), l.integers("axes", axes)});
  const std::string root =
      l.node("Sqrt", {l.node("Add", {mean, l.scalar("epsilon", l.number("epsilon"))})});
  l.result("Mul", {l.node("Div", {l.x(), root}), l.tensor(l.weight(0), features)});
}

template <std::floating_point T>
void write_group_normalization(LayerWriter<T>& l) {
  const Index groups = l.integer("groups"), channels = l.x_shape()[1];
  const std::string by_group = l.node("Reshape", {l.x(), l.integers("groups", {0, groups, -1})});
  const std::string normalized = l.node(
      "InstanceNormalization",
      {by_group, l.constant("ones", ones<T>({groups})), l.constant("zeros", zeros<T>({groups}))},
      {{"epsilon", l.number("epsilon")}});
  std::vector<Index> shape(l.x_shape().begin(), l.x_shape().end());
  shape[0] = 0;
  const std::string as_before = l.node("Reshape", {normalized, l.integers("shape", shape)});
  const Shape by_channel = l.by_channel(channels);
  l.result("Add", {l.node("Mul", {as_before, l.tensor(l.weight(0), by_channel)}),
                   l.tensor(l.weight(1), by_channel)});
}

/// The gates of a weight (D, gates H) in another order, and transposed: (1, gates H, D).
template <std::floating_point T>
Tensor<T> gates_as_rows(const Tensor<T>& weight, const std::vector<Index>& order) {
  const Index D = weight.extent(0), H = weight.extent(1) / std::ssize(order);
  Tensor<T> rows({1, weight.extent(1), D});
  T* to = rows.data();
  for (const Index gate : order) {
    for (Index h = 0; h < H; ++h) {
      for (Index d = 0; d < D; ++d) *to++ = weight(d, gate * H + h);
    }
  }
  return rows;
}

/// x (N, T, D) -> (T, N, D), the operator's (T, 1, N, H) -> y (N, T, H). `order` has the number of
/// our gate for each of ONNX's.
template <std::floating_point T>
void write_recurrent(LayerWriter<T>& l, std::string_view op, const std::vector<Index>& order) {
  const Index columns = l.weight(2).value.size(), H = columns / std::ssize(order);
  Tensor<T> bias({1, 2 * columns});
  T* to = bias.data();
  for (const std::size_t part : {2U, 3U}) {
    for (const Index gate : order) {
      to = std::copy_n(l.weight(part).value.data() + gate * H, H, to);
    }
  }
  Attributes attributes{{"hidden_size", H}};
  if (l.flag("reverse")) attributes.push_back({"direction", std::string("reverse")});
  if (op == "GRU") attributes.push_back({"linear_before_reset", std::int64_t{1}});
  const bool is_relu = l.has("activation") && l.text("activation") == "relu";
  std::vector<Index> time_first{1, 0, 2};
  const std::string x = l.node("Transpose", {l.x()}, {{"perm", time_first}});
  const Names inputs{x, l.constant("W", gates_as_rows(l.weight(0).value, order)),
                     l.constant("R", gates_as_rows(l.weight(1).value, order)),
                     l.constant("B", std::move(bias))};
  if (is_relu) attributes.push_back({"activations", Names{"Relu"}});
  const std::string y = l.node(op, inputs, attributes);
  l.result("Transpose", {l.node("Squeeze", {y, l.integers("direction", {1})})},
           {{"perm", time_first}});
}

template <std::floating_point T>
void write_last_step(LayerWriter<T>& l) {
  const bool reverse = l.flag("reverse");
  if (l.input_count() == 1) {
    return l.result("Gather", {l.x(), l.index("step", reverse ? 0 : -1)},
                    {{"axis", std::int64_t{1}}});
  }
  // Each step counts from 1, by its place in the order of the steps; padding counts 0.
  const Index steps = l.x_shape()[1];
  Tensor<T> places({steps});
  for (Index t = 0; t < steps; ++t) places(t) = static_cast<T>(reverse ? steps - t : t + 1);
  const std::string is_padding = l.node("Equal", {l.x(1), l.scalar("padding", 0)});
  const std::string place = l.node(
      "Where", {is_padding, l.scalar("nothing", 0), l.constant("places", std::move(places))});
  const std::string last = l.node("ReduceMax", {place, l.integers("axes", {1})});
  std::string is_last =
      l.node("And", {l.node("Equal", {place, last}), l.node("Not", {is_padding})});
  if (l.rank() > 2) {
    std::vector<Index> axes;
    for (int axis = 2; axis < l.rank(); ++axis) axes.push_back(axis);
    is_last = l.node("Unsqueeze", {is_last, l.integers("others", axes)});
  }
  const std::string kept = l.node("Where", {is_last, l.x(), l.scalar("zero", 0)});
  l.result("ReduceSum", {kept, l.integers("axes", {1})}, {{"keepdims", std::int64_t{0}}});
}

template <std::floating_point T>
void write_attention(LayerWriter<T>& l) {
  const Index heads = l.integer("heads"), D = l.integer("features"), steps = l.x_shape()[1];
  const Index width = D / heads;
  const auto perm = [](std::vector<Index> order) { return Attributes{{"perm", std::move(order)}}; };
  const std::string products =
      l.node("Add", {l.node("MatMul", {l.x(), l.tensor(l.weight(0))}), l.tensor(l.weight(1))});
  const std::string by_head = l.node(
      "Transpose", {l.node("Reshape", {products, l.integers("heads", {0, 0, 3, heads, width})})},
      perm({2, 0, 3, 1, 4}));
  const auto part = [&](std::string_view name, Index i) {
    return l.node("Gather", {by_head, l.index(name, i)}, {{"axis", std::int64_t{0}}});
  };
  const std::string q = part("q", 0), v = part("v", 2);
  const std::string k = l.node("Transpose", {part("k", 1)}, perm({0, 1, 3, 2}));
  std::string scores = l.node(
      "Mul",
      {l.node("MatMul", {q, k}), l.scalar("scale", 1 / std::sqrt(static_cast<double>(width)))});
  if (l.flag("causal")) {
    Tensor<T> later({steps, steps});
    for (Index i = 0; i < steps; ++i) {
      for (Index j = i + 1; j < steps; ++j) later(i, j) = -std::numeric_limits<T>::infinity();
    }
    scores = l.node("Add", {scores, l.constant("later", std::move(later))});
  }
  const Attributes last_axis{{"axis", std::int64_t{-1}}};
  std::string weights;
  if (l.input_count() == 2) {
    // A finite score keeps a sequence of nothing but padding from becoming NaN; its weights are 0.
    const std::string is_padding = l.node(
        "Unsqueeze",
        {l.node("Equal", {l.x(1), l.scalar("padding", 0)}), l.integers("mask_axes", {1, 2})});
    scores = l.node("Where", {is_padding, l.scalar("lowest", -1e30), scores});
    weights =
        l.node("Where", {is_padding, l.scalar("zero", 0), l.node("Softmax", {scores}, last_axis)});
  } else {
    weights = l.node("Softmax", {scores}, last_axis);
  }
  const std::string attended =
      l.node("Transpose", {l.node("MatMul", {weights, v})}, perm({0, 2, 1, 3}));
  const std::string joined = l.node("Reshape", {attended, l.integers("joined", {0, 0, D})});
  l.result("Add", {l.node("MatMul", {joined, l.tensor(l.weight(2))}), l.tensor(l.weight(3))});
}

template <std::floating_point T>
void write_affine(LayerWriter<T>& l) {
  const std::string x =
      l.rank() == 2 ? l.x() : l.node("Flatten", {l.x()}, {{"axis", std::int64_t{1}}});
  l.result("Gemm", {x, l.tensor(l.weight(0)), l.tensor(l.weight(1))});
}

template <std::floating_point T>
void write_linear(LayerWriter<T>& l) {
  if (l.rank() == 2) return write_affine(l);
  l.result("Add", {l.node("MatMul", {l.x(), l.tensor(l.weight(0))}), l.tensor(l.weight(1))});
}

/// Sums or products of any number of inputs.
template <std::floating_point T>
void write_pairs(LayerWriter<T>& l, std::string_view op) {
  if (l.input_count() == 1) return l.result("Identity", {l.x()});
  std::string y = l.x();
  for (std::size_t i = 1; i + 1 < l.input_count(); ++i) y = l.node(op, {y, l.x(i)});
  l.result(op, {y, l.x(l.input_count() - 1)});
}

template <std::floating_point T>
void write_concatenate(LayerWriter<T>& l) {
  Names inputs;
  for (std::size_t i = 0; i < l.input_count(); ++i) inputs.push_back(l.x(i));
  l.result("Concat", inputs, {{"axis", l.integer("axis")}});
}

template <std::floating_point T>
void write_standardization(LayerWriter<T>& l) {
  const Shape by_channel = l.by_channel(l.integer("features"));
  const std::string mean = l.tensor(l.buffer(0), by_channel);
  const std::string deviation = l.tensor(l.buffer(1), by_channel);
  if (l.flag("inverse")) {
    l.result("Add", {l.node("Mul", {l.x(), deviation}), mean});
  } else {
    l.result("Div", {l.node("Sub", {l.x(), mean}), deviation});
  }
}

template <std::floating_point T>
void write_slice(LayerWriter<T>& l) {
  const Index step = l.integer("step");
  constexpr Index most = std::numeric_limits<Index>::max();
  const auto position = [&](std::string_view name, Index otherwise) {
    return l.integers(name, {l.has(name) ? l.integer(name) : otherwise});
  };
  const std::string start = position("start", step > 0 ? 0 : most);
  const std::string stop = position("stop", step > 0 ? most : -most);
  l.result("Slice", {l.x(), start, stop, l.integers("axis", {l.integer("axis")}),
                     l.integers("step", {step})});
}

template <std::floating_point T>
void write_upsampling(LayerWriter<T>& l) {
  const std::vector<Index> factor = l.extents("factor", 2);
  const Tensor<float> scales(
      {4}, {1.0F, 1.0F, static_cast<float>(factor[0]), static_cast<float>(factor[1])});
  const bool is_nearest = l.text("interpolation") == "nearest";
  Attributes attributes{
      {"mode", std::string(is_nearest ? "nearest" : "linear")},
      {"coordinate_transformation_mode", std::string(is_nearest ? "asymmetric" : "half_pixel")}};
  if (is_nearest) attributes.push_back({"nearest_mode", std::string("floor")});
  l.result("Resize", {l.x(), "", l.constant("scales", scales)}, attributes);
}

/// The rows of the table that a sequence of this length takes.
template <std::floating_point T>
void write_positions(LayerWriter<T>& l) {
  const Shape rows = l.x_shape().axes(1, 3);
  if (l.weight_count() > 0) return l.result("Add", {l.x(), l.tensor(l.weight(0), rows)});
  const Tensor<T> nothing(l.x_shape());
  Tensor<T> table(l.x_shape());
  l.layer().forward({.x = nothing, .y = table});
  l.result("Add", {l.x(), l.constant("table", copy(table.view().reshape(rows)))});
}

template <std::floating_point T>
void write_pad_channels(LayerWriter<T>& l) {
  std::vector<Index> pads(static_cast<std::size_t>(2 * l.rank()));
  pads[static_cast<std::size_t>(l.rank() + 1)] = l.y().shape[1] - l.x_shape()[1];
  l.result("Pad", {l.x(), l.integers("pads", pads)});
}

template <std::floating_point T>
void write_reshape(LayerWriter<T>& l) {
  std::vector<Index> shape(l.y().shape.begin(), l.y().shape.end());
  shape[0] = 0;  // as it is
  l.result("Reshape", {l.x(), l.integers("shape", shape)});
}

template <std::floating_point T>
void write_dropout(LayerWriter<T>& l) {
  if (l.text("scaling") == "in_evaluation") {
    return l.result("Mul", {l.x(), l.scalar("scale", 1 - l.number("ratio"))});
  }
  // Without training it is the identity.
  l.result("Dropout", {l.x(), l.scalar("ratio", l.number("ratio"))});
}

template <std::floating_point T>
void write_gelu(LayerWriter<T>& l) {
  if (l.text("approximate") == "tanh") {
    const std::string cube = l.node("Mul", {l.x(), l.node("Mul", {l.x(), l.x()})});
    const std::string sum =
        l.node("Add", {l.x(), l.node("Mul", {cube, l.scalar("cubic", 0.044715)})});
    const std::string scale = l.scalar("scale", std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
    const std::string y = l.node("Tanh", {l.node("Mul", {sum, scale})});
    const std::string twice = l.node("Mul", {l.x(), l.node("Add", {y, l.scalar("one", 1)})});
    return l.result("Mul", {twice, l.scalar("half", 0.5)});
  }
  const std::string scaled = l.node("Div", {l.x(), l.scalar("sqrt2", std::sqrt(2.0))});
  const std::string sum = l.node("Add", {l.node("Erf", {scaled}), l.scalar("one", 1)});
  l.result("Mul", {l.node("Mul", {l.x(), sum}), l.scalar("half", 0.5)});
}

template <std::floating_point T>
void write_prelu(LayerWriter<T>& l) {
  const Index slopes = l.integer("slopes");
  l.result("PRelu", {l.x(), l.tensor(l.weight(0), slopes == 1 ? Shape{1} : l.by_channel(slopes))});
}

/// What a layer of a kind becomes.
template <std::floating_point T>
struct Form {
  std::string_view kind;  // LayerTraits::kind
  void (*write)(LayerWriter<T>& l);
};

template <std::floating_point T>
std::span<const Form<T>> forms() {
  using L = LayerWriter<T>;
  static constexpr Form<T> forms[] = {
      // Products
      {"affine", write_affine<T>},
      {"linear", write_linear<T>},
      {"convolution", [](L& l) { write_convolution(l, "Conv"); }},
      {"convolution 1d", [](L& l) { write_convolution(l, "Conv"); }},
      {"convolution 3d", [](L& l) { write_convolution(l, "Conv"); }},
      {"transposed convolution", [](L& l) { write_convolution(l, "ConvTranspose"); }},
      {"embedding",
       [](L& l) {
         l.result("Gather",
                  {l.tensor(l.weight(0)),
                   l.node("Cast", {l.x()}, {{"to", static_cast<std::int64_t>(DataType::int64)}})});
       }},
      {"multi-head attention", write_attention<T>},
      // Sequences. ONNX's gates: i, o, f, c of LSTM; z, r, h of GRU.
      {"lstm",
       [](L& l) {
         write_recurrent(l, "LSTM", {0, 3, 1, 2});
       }},
      {"gru",
       [](L& l) {
         write_recurrent(l, "GRU", {1, 0, 2});
       }},
      {"rnn", [](L& l) { write_recurrent(l, "RNN", {0}); }},
      {"last step", write_last_step<T>},
      {"positional encoding", write_positions<T>},
      {"learned positional encoding", write_positions<T>},
      // Normalization
      {"batch normalization", write_batch_normalization<T>},
      {"layer normalization", write_layer_normalization<T>},
      {"rms normalization", write_rms_normalization<T>},
      {"group normalization", write_group_normalization<T>},
      {"instance normalization",
       [](L& l) {
         l.result("InstanceNormalization", {l.x(), l.tensor(l.weight(0)), l.tensor(l.weight(1))},
                  {{"epsilon", l.number("epsilon")}});
       }},
      {"standardization", write_standardization<T>},
      {"dropout", write_dropout<T>},
      // Pooling
      {"max pooling", [](L& l) { write_pooling(l, "MaxPool"); }},
      {"max pooling 1d", [](L& l) { write_pooling(l, "MaxPool"); }},
      {"max pooling 3d", [](L& l) { write_pooling(l, "MaxPool"); }},
      {"average pooling", [](L& l) { write_pooling(l, "AveragePool"); }},
      {"average pooling 1d", [](L& l) { write_pooling(l, "AveragePool"); }},
      {"average pooling 3d", [](L& l) { write_pooling(l, "AveragePool"); }},
      {"adaptive average pooling", write_adaptive_pooling<T>},
      {"global average pooling",
       [](L& l) {
         l.result("Flatten", {l.node("GlobalAveragePool", {l.x()})}, {{"axis", std::int64_t{1}}});
       }},
      {"upsampling", write_upsampling<T>},
      {"pixel shuffle",
       [](L& l) {
         l.result("DepthToSpace", {l.x()},
                  {{"blocksize", l.integer("factor")}, {"mode", std::string("CRD")}});
       }},
      // Activations
      {"relu", [](L& l) { l.result("Relu", {l.x()}); }},
      {"sigmoid", [](L& l) { l.result("Sigmoid", {l.x()}); }},
      {"tanh", [](L& l) { l.result("Tanh", {l.x()}); }},
      {"softplus", [](L& l) { l.result("Softplus", {l.x()}); }},
      {"hard swish", [](L& l) { l.result("HardSwish", {l.x()}); }},
      {"elu",
       [](L& l) {
         l.result("Elu", {l.x()}, {{"alpha", l.number("alpha")}});
       }},
      {"leaky_relu",
       [](L& l) {
         l.result("LeakyRelu", {l.x()}, {{"alpha", l.number("negative_slope")}});
       }},
      {"hard sigmoid",
       [](L& l) {
         l.result("HardSigmoid", {l.x()}, {{"alpha", 1.0 / 6}, {"beta", 0.5}});
       }},
      {"hard tanh",
       [](L& l) {
         l.result("Clip",
                  {l.x(), l.scalar("min", l.number("min")), l.scalar("max", l.number("max"))});
       }},
      {"swish",
       [](L& l) {
         l.result("Mul", {l.x(), l.node("Sigmoid", {l.x()})});
       }},
      {"gelu", write_gelu<T>},
      {"prelu", write_prelu<T>},
      {"softmax",
       [](L& l) {
         l.result("Softmax", {l.x()}, {{"axis", std::int64_t{1}}});
       }},
      {"log softmax",
       [](L& l) {
         l.result("LogSoftmax", {l.x()}, {{"axis", std::int64_t{1}}});
       }},
      // Shapes and joints
      {"identity", [](L& l) { l.result("Identity", {l.x()}); }},
      {"flatten",
       [](L& l) {
         l.result("Flatten", {l.x()}, {{"axis", std::int64_t{1}}});
       }},
      {"reshape", write_reshape<T>},
      {"permute",
       [](L& l) {
         l.result("Transpose", {l.x()}, {{"perm", l.extents("order", 0)}});
       }},
      {"slice axis", write_slice<T>},
      {"pad channels", write_pad_channels<T>},
      {"concatenate", write_concatenate<T>},
      {"add", [](L& l) { write_pairs(l, "Add"); }},
      {"multiply", [](L& l) { write_pairs(l, "Mul"); }},
  };
  return forms;
}

/// Writes the parts of a composite, and returns its outputs.
template <std::floating_point T, class Value = typename LayerWriter<T>::Value>
std::vector<Value> write_parts(GraphWriter<T>& graph, const Composition<T>& whole,
                               const std::string& beginning, std::vector<Value> values) {
  Index number = 0;
  for (const auto& part : whole.parts) {
    std::vector<Value> inputs;
    for (const Index i : part.inputs) inputs.push_back(values[static_cast<std::size_t>(i)]);
    const std::string name = beginning + part.name;
    with_layer_name(number++, part.name, [&] {
      const Composition<T> inner = part.layer->composition();
      if (!inner.parts.empty()) {
        values.push_back(write_parts(graph, inner, name + '.', std::move(inputs)).front());
        return;
      }
      const std::string_view kind = part.layer->traits().kind;
      for (const Form<T>& form : forms<T>()) {
        if (form.kind != kind) continue;
        LayerWriter<T> writer(graph, *part.layer, name, std::move(inputs));
        form.write(writer);
        values.push_back(writer.y());
        return;
      }
      throw ValueError("save_onnx: layer '", name, "' of the kind '", kind,
                       "' has no form in ONNX");
    });
  }
  std::vector<Value> outputs;
  for (const Index i : whole.outputs) outputs.push_back(values[static_cast<std::size_t>(i)]);
  return outputs;
}

}  // namespace detail::onnx

///@{
/// Writes a network as an ONNX file, which predicts as `predict` does, for batches of any size:
///
///   save_onnx("lenet.onnx", network, {1, 28, 28});
///
/// Inputs, outputs and weights have the names that they have in the network. The operators are
/// those of opset 19; the elements those of the network. Lengths of sequences and sizes of images
/// are those of `sample`: the shape of one sample, without N, or that of each input. Needs no
/// memory for weights, but for those of recurrent layers, whose gates ONNX has in another order.
/// @throws ValueError, naming the layer, for one of the user's own, which ONNX does not have, for a
///   name that is no UTF-8, and for more than 2 GiB; ShapeError, naming the layer, if a sample does
///   not fit; IoError if the file cannot be written.
template <std::floating_point T>
void save_onnx(const std::filesystem::path& path, const NeuralNetwork<T>& network,
               std::span<const Shape> samples, const SaveOnnxOptions& options = {}) {
  using namespace detail::onnx;
  if (std::ssize(samples) != network.input_count()) {
    throw ShapeError("save_onnx: expected the shapes of ", network.input_count(), " inputs, got ",
                     samples.size());
  }
  const Composition<T> composition = network.composition();
  if (composition.parts.empty()) throw ValueError("save_onnx: the network has no layers");
  GraphWriter<T>::expect_name(options.batch);
  GraphWriter<T>::expect_name(options.name);
  GraphWriter<T> graph;
  std::vector<typename LayerWriter<T>::Value> inputs;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    inputs.push_back({graph.unique(composition.inputs[i]), detail::batch_of_one(samples[i])});
    graph.value(graph_field::input, inputs.back().name, inputs.back().shape, options.batch);
  }
  for (const auto& output : write_parts(graph, composition, "", inputs)) {
    graph.value(graph_field::output, output.name, output.shape, options.batch);
  }
  graph.write(path, options.name);
}
template <std::floating_point T>
void save_onnx(const std::filesystem::path& path, const NeuralNetwork<T>& network,
               const Shape& sample, const SaveOnnxOptions& options = {}) {
  save_onnx(path, network, std::span(&sample, 1), options);
}
///@}

}  // namespace dlfs
DLFS_STRICT_MATH_END
