#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/onnx_model.hpp"
#include "dlfs/io/onnx_pattern.hpp"
#include "dlfs/io/onnx_value.hpp"
#include "dlfs/net/graph.hpp"
#include "dlfs/nn/layers/flatten.hpp"
#include "dlfs/nn/layers/identity.hpp"
#include "dlfs/nn/layers/last_step.hpp"
#include "dlfs/nn/layers/permute.hpp"
#include "dlfs/nn/layers/reshape.hpp"
#include "dlfs/nn/layers/slice_axis.hpp"
#include "dlfs/tensor/creation.hpp"

// What is known while the nodes of an ONNX file become layers.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of load_onnx.
struct LoadOnnxOptions {
  /// The shape of one sample of each input, without N, for files that leave
  /// extents open.
  std::vector<Shape> samples{};
};

namespace detail::onnx {

/// The largest number that describes a window: two of them can be added.
inline constexpr std::int64_t most_window = std::int64_t{1} << 30;

/// What is known before the network runs: a weight, a shape or a list of
/// numbers.
template <std::floating_point T>
struct Constant {
  std::vector<std::int64_t> extents;
  std::vector<std::int64_t> integers{};       // if it consists of whole numbers
  const StoredTensor* stored = nullptr;       // of the file
  std::shared_ptr<const Tensor<T>> tensor{};  // computed
  std::optional<double> fill{};  // each element is this; extents may be those of samples

  bool is_integer() const { return stored == nullptr && tensor == nullptr && !fill; }
  /// Whether it is 0 for each sample: the first state of a recurrent layer.
  bool is_zero_of_samples() const {
    return fill == 0.0 && std::any_of(extents.begin(), extents.end(), [](std::int64_t each) {
             return SamplesExtent::factor(each).has_value();
           });
  }
  bool is_empty() const { return std::find(extents.begin(), extents.end(), 0) != extents.end(); }
};

/// An input of the network.
struct NetworkInput {
  std::string_view name;                // in the file
  Shape shape;                          // of a batch of one sample
  std::optional<std::int64_t> samples;  // if the file fixes their number
};

/// The inputs of the graph, without the weights, which older files list, too.
inline std::vector<NetworkInput> network_inputs(const Model& model, const ProtobufReader& file,
                                                const LoadOnnxOptions& options) {
  std::set<std::string_view> weights;
  for (const StoredTensor& tensor : model.tensors) weights.insert(tensor.name);
  std::vector<NetworkInput> inputs;
  for (const ValueInfo& input : model.inputs) {
    if (weights.contains(input.name)) continue;
    Shape batch{1};
    if (inputs.size() < options.samples.size()) {
      for (const Index extent : options.samples[inputs.size()]) batch.push_back(extent);
      if (batch.size() == 0) throw ShapeError("load_onnx: a sample of shape ", batch, " is empty");
    } else {
      if (input.extents.empty()) file.fail("input '", input.name, "' has no axis of samples");
      for (std::size_t axis = 1; axis < input.extents.size(); ++axis) {
        const auto extent = input.extents[axis];
        if (!extent) {
          file.fail("input '", input.name, "' has an open extent along axis ", axis,
                    ": LoadOnnxOptions::samples says what it is");
        }
        if (*extent < 1) file.fail("input '", input.name, "' has an axis of ", *extent);
        try {
          batch.push_back(*extent);
        } catch (const ShapeError& error) {
          file.fail(error.what());
        }
      }
    }
    if (input.name.empty()) file.fail("an input has no name");
    inputs.push_back(
        {input.name, batch, input.extents.empty() ? std::nullopt : input.extents.front()});
  }
  if (inputs.empty()) file.fail("the graph has no inputs");
  return inputs;
}

template <std::floating_point T>
class Importer {
 public:
  Importer(const Model& model, const ProtobufReader& file, std::size_t file_size,
           const LoadOnnxOptions& options)
      : model_(model),
        file_(file),
        options_(options),
        budget_(16 * file_size + (std::size_t{1} << 20)) {}

  Graph<T> run() {
    constexpr std::int64_t first_opset = 7, last_opset = 30;
    if (model_.opset < first_opset || model_.opset > last_opset) {
      file_.fail("expected operators of a version from ", first_opset, " to ", last_opset,
                 ", found ", model_.opset);
    }
    for (const StoredTensor& tensor : model_.tensors) stored_[tensor.name] = &tensor;
    add_constant_nodes();
    add_inputs();
    find_live_nodes();
    find_patterns();
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
      if (is_live_[i] && !is_within_[i]) run_node(i);
    }
    set_outputs();
    return std::move(*net_);
  }

  // For the operators.

  const Node& node() const& { return *node_; }
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    file_.fail("node '", node_->name.empty() ? node_->outputs.front() : node_->name, "' (",
               node_->op, "): ", parts...);
  }
  template <class... Parts>
  void expect(bool holds, const Parts&... parts) const {
    if (!holds) fail(parts...);
  }

  bool has_input(std::size_t i) const {
    return i < node_->inputs.size() && !node_->inputs[i].empty();
  }
  bool is_constant(std::size_t i) const {
    return has_input(i) &&
           (constants_.contains(node_->inputs[i]) || stored_.contains(node_->inputs[i]));
  }
  /// Input i as the file has it.
  const Value& value(std::size_t i) const& {
    expect(has_input(i), "it has no input ", i);
    return value_of(node_->inputs[i]);
  }
  const Value& value_of(std::string_view name) const& {
    const auto found = values_.find(name);
    if (found == values_.end()) fail("expected the output of a layer, '", name, "' is none");
    return found->second;
  }
  /// Input i as the output of a layer, with the samples along axis 0.
  Value plain(std::size_t i) { return plain(value(i)); }
  Value plain_of(std::string_view name) { return plain(value_of(name)); }
  Value plain(const Value& value) {
    if (value.rank() == 0 || !value.is_samples(0)) fail("the samples are not along axis 0");
    if (value.is_plain()) return Value::plain(value.source, value.shape);
    const std::string key = value.key();
    const auto made = made_plain_.find(key);
    if (made != made_plain_.end()) return made->second;
    const Node* const before = std::exchange(node_, value.node != nullptr ? value.node : node_);
    Value y = arranged(value);
    node_ = before;
    made_plain_.emplace(key, y);
    return y;
  }
  /// What a layer makes of x, which treats all axes alike but the last ones: the samples are along
  /// axis 0 for the layer, and where they were before it in the result. `add` adds the layer.
  template <class Add>
  Value in_order_of(const Value& x, const Add& add) {
    if (x.rank() > 0 && x.is_samples(0)) return add(plain(x));
    constexpr int samples = 0;
    Value first{x.source, x.shape, {{{samples, 1, 1}}}, x.offsets, x.node};
    std::vector<std::vector<int>> sources;  // axes of the layer's output that each axis becomes
    for (const ValueAxis& axis : x.axes) {
      std::vector<int>& source = sources.emplace_back();
      bool goes_on = false;
      for (const Factor& factor : axis) {
        if (factor.is_samples()) {
          source.push_back(samples);
          goes_on = false;
          continue;
        }
        if (!goes_on) {
          source.push_back(first.rank());
          first.axes.emplace_back();
        }
        first.axes.back().push_back(factor);
        goes_on = true;
      }
    }
    const Value layer = add(plain(first));
    expect(layer.rank() == first.rank(), "its axes are not those of x");
    Value y{layer.source, layer.shape, {}, layer.offsets, node_};
    for (const std::vector<int>& source : sources) {
      ValueAxis& axis = y.axes.emplace_back();
      for (const int of_layer : source) {
        const ValueAxis& from = layer.axis(of_layer);
        axis.insert(axis.end(), from.begin(), from.end());
      }
    }
    return y;
  }

  /// What a layer makes of x that has an axis for itself, its axis 1. `add` adds the layer.
  template <class Add>
  Value along_axis(const Value& x, int axis, const Add& add) {
    expect(!x.has_samples(axis), "it is along the samples");
    Value second{x.source, x.shape, {}, x.offsets, x.node};
    std::vector<int> order;
    const auto move = [&](int from) {
      order.push_back(from);
      second.axes.push_back(x.axis(from));
    };
    for (int i = 0; i < x.rank(); ++i) {
      if (x.is_samples(i)) move(i);
    }
    move(axis);
    for (int i = 0; i < x.rank(); ++i) {
      if (i != axis && !x.is_samples(i)) move(i);
    }
    Value y = add(plain(second));
    const std::vector<ValueAxis> axes = y.axes;
    for (std::size_t i = 0; i < order.size(); ++i) {
      y.axes[static_cast<std::size_t>(order[i])] = axes[i];
    }
    y.node = node_;
    return y;
  }

  /// What a layer makes of several values, which are broadcast like NumPy's: the samples are along
  /// axis 0 for the layer, and where they were before it in the result. `add(values, place)` adds
  /// the layer; `place` is what `axis` of the values is among the axes of the layer.
  template <class Add>
  Value side_by_side(std::vector<Value> x, std::optional<int> axis, const Add& add) {
    int rank = 0, samples = 0;
    for (const Value& each : x) rank = std::max(rank, each.rank());
    for (Value& each : x) each.prepend_axes(rank - each.rank());
    const auto all = [&](const auto& holds) { return std::all_of(x.begin(), x.end(), holds); };
    while (samples < rank && !all([&](const Value& each) { return each.is_samples(samples); })) {
      ++samples;
    }
    expect(samples < rank, "the samples are not along the same axis");
    std::vector<int> order{samples};
    int place = samples;
    for (int i = 0; i < rank; ++i) {
      const bool is_new = all([&](const Value& each) { return each.axis(i).empty(); });
      if (i == axis) place = static_cast<int>(order.size());
      if (i != samples && (i == axis || samples == 0 || !is_new)) order.push_back(i);
    }
    expect(axis != samples, "it is along the samples");
    for (Value& each : x) {
      Value first{each.source, each.shape, {}, each.offsets, each.node};
      for (const int from : order) first.axes.push_back(each.axis(from));
      each = plain(first);
    }
    const Value layer = add(std::as_const(x), place);
    Value y{layer.source, layer.shape, {}, layer.offsets, node_};
    y.prepend_axes(rank);
    for (std::size_t i = 0; i < order.size(); ++i) {
      y.axes[static_cast<std::size_t>(order[i])] = layer.axes[i];
    }
    return y;
  }

  std::optional<Constant<T>> constant(std::size_t i) const {
    if (!has_input(i)) return std::nullopt;
    return constant_of(node_->inputs[i]);
  }
  std::optional<Constant<T>> constant_of(std::string_view name) const {
    const auto found = constants_.find(name);
    if (found != constants_.end()) return found->second;
    const auto stored = stored_.find(name);
    if (stored == stored_.end()) return std::nullopt;
    return from_file(*stored->second);
  }
  /// A constant tensor of numbers of this shape, or of any.
  Tensor<T> tensor(std::size_t i) const {
    expect(has_input(i), "it has no input ", i);
    return tensor_of(node_->inputs[i]);
  }
  Tensor<T> tensor_of(std::string_view name) const {
    const auto found = constant_of(name);
    if (!found) fail("expected '", name, "' to be a constant");
    // A tensor of the file may be taken once for nothing.
    const bool is_first = found->stored != nullptr && taken_.insert(found->stored).second;
    if (!is_first) spend(shape_of(*found));
    Tensor<T> tensor = to_tensor(*found);
    expect(!tensor.empty(), "the constant '", name, "' has no elements");
    return tensor;
  }
  Tensor<T> tensor(std::size_t i, const Shape& shape) const {
    Tensor<T> found = tensor(i);
    expect(found.shape() == shape, "expected input ", i, " of shape ", shape, ", got ",
           found.shape());
    return found;
  }
  /// The only element of a constant.
  double number(std::size_t i, double otherwise) const {
    if (!has_input(i)) return otherwise;
    const Tensor<T> found = tensor(i);
    expect(found.size() == 1, "expected input ", i, " to be one number");
    return static_cast<double>(found.data()[0]);
  }
  /// A constant list of whole numbers, or an attribute of this name, as older
  /// versions have it.
  std::optional<std::vector<std::int64_t>> list(std::string_view attribute_name,
                                                std::size_t i) const {
    if (has_input(i)) {
      const auto found = constant(i);
      if (!found || !found->is_integer())
        fail("expected input ", i, " to be constant whole numbers");
      return found->integers;
    }
    if (!has(attribute_name)) return std::nullopt;
    return integers(attribute_name);
  }

  AttributeValue attribute(std::string_view name) const {
    for (const ByteSpan bytes : node_->attributes) {
      ProtobufReader message(bytes, file_);
      while (const auto field = message.next()) {
        if (field->number == attribute_field::name && text_of(*field, message) == name) {
          return parse_attribute({bytes, file_});
        }
      }
    }
    return {};
  }
  bool has(std::string_view name) const {
    for (const ByteSpan bytes : node_->attributes) {
      ProtobufReader message(bytes, file_);
      while (const auto field = message.next()) {
        if (field->number == attribute_field::name && text_of(*field, message) == name) return true;
      }
    }
    return false;
  }
  std::int64_t integer(std::string_view name, std::int64_t otherwise) const {
    return attribute(name).integer.value_or(otherwise);
  }
  /// An attribute of another node.
  double real_of(std::size_t node, std::string_view name, double otherwise) {
    const Node* const before = std::exchange(node_, &model_.nodes[node]);
    const double found = real(name, otherwise);
    node_ = before;
    return found;
  }
  double real(std::string_view name, double otherwise) const {
    return attribute(name).number.value_or(otherwise);
  }
  std::string_view text(std::string_view name, std::string_view otherwise) const& {
    return attribute(name).text.value_or(otherwise);
  }
  std::vector<std::int64_t> integers(std::string_view name) const {
    return attribute(name).integers;
  }
  /// As many as there are directions, or as many ones or zeros.
  std::vector<std::int64_t> extents(std::string_view name, int count,
                                    std::int64_t otherwise) const {
    std::vector<std::int64_t> found = integers(name);
    if (found.empty()) found.assign(static_cast<std::size_t>(count), otherwise);
    expect(std::ssize(found) == count, "expected ", count, " numbers of ", name, ", found ",
           found.size());
    for (const std::int64_t each : found) {
      expect(each >= 0 && each <= most_window, name, " of ", each);
    }
    return found;
  }
  /// The axes in the order that Transpose gives them: the last one first if it says nothing.
  std::vector<int> order_of_axes(int rank) const {
    std::vector<std::int64_t> given = integers("perm");
    if (given.empty()) {
      for (int axis = rank; axis-- > 0;) given.push_back(axis);
    }
    std::vector<bool> is_named(static_cast<std::size_t>(rank));
    std::vector<int> order;
    for (const std::int64_t axis : given) {
      const bool is_new = axis >= 0 && axis < rank && !is_named[static_cast<std::size_t>(axis)];
      expect(is_new, "its order does not name each of ", rank, " axes once");
      is_named[static_cast<std::size_t>(axis)] = true;
      order.push_back(static_cast<int>(axis));
    }
    expect(std::ssize(order) == rank, "its order does not name each of ", rank, " axes once");
    return order;
  }
  int axis(std::int64_t axis, int rank) const {
    expect(axis >= -rank && axis < rank, "there is no axis ", axis, " of ", rank);
    return static_cast<int>(axis < 0 ? axis + rank : axis);
  }

  /// Adds a layer, unless nothing reads it in the end. One that has parameters and the constant
  /// inputs of an earlier one shares them.
  Value layer(AnyLayer<T> layer, const std::vector<Value>& inputs,
              std::initializer_list<std::string_view> weights = {}) {
    return named_layer(name_for(weights), std::move(layer), inputs, weights);
  }
  Value named_layer(std::string name, AnyLayer<T> layer, const std::vector<Value>& inputs,
                    std::initializer_list<std::string_view> weights) {
    Part part{new_source(), std::move(name), std::nullopt, parts_.size(), inputs, {}};
    std::vector<Shape> shapes;
    for (const Value& input : inputs) {
      expect(!attentions_.contains(input.source),
             "no layer is attention without a product after it");
      expect(!paddings_.contains(input.source), "no layer pads other axes than the channels");
      shapes.push_back(input.shape);
    }
    const Shape y = layer.output_shape(shapes);
    std::string key;
    if (weights.size() > 0 && !layer.parameters().empty()) {
      key = str_cat(layer.traits().kind, ' ', shapes.front().rank());
      for (const std::string_view weight : weights) key += str_cat(' ', weight);
      for (const ByteSpan bytes : node_->attributes) key += as_text(bytes);
    }
    const auto shared = key.empty() ? sharers_.end() : sharers_.find(key);
    if (shared != sharers_.end()) {
      part.owner = shared->second;
    } else {
      part.layer.emplace(std::move(layer));
      if (!key.empty()) sharers_[key] = parts_.size();
    }
    part_of_[part.source] = parts_.size();
    parts_.push_back(std::move(part));
    return Value::plain(parts_.back().source, y);
  }
  /// A layer of the network, if something reads it.
  struct Part {
    std::string source, name;
    std::optional<AnyLayer<T>> layer;
    std::size_t owner;  // the part whose layer this is: itself, or an earlier one
    std::vector<Value> inputs;
    /// The layer with a bias, for each place of `bias_axis` of its output; empty if it has one.
    std::function<AnyLayer<T>(AnyLayer<T> without, Tensor<T> bias)> with_bias;
    int bias_axis = 0;
  };
  /// The part that gives this; none for an input of the network.
  const Part* part_of(const Value& value) const& {
    const auto found = part_of_.find(value.source);
    return found == part_of_.end() ? nullptr : &parts_[found->second];
  }
  const AnyLayer<T>& layer_of(const Part& part) const& { return *parts_[part.owner].layer; }
  /// Says how the layer that gives y, which has no bias, would have one.
  void allow_bias(const Value& y, int axis,
                  std::function<AnyLayer<T>(AnyLayer<T> without, Tensor<T> bias)> with_bias) {
    Part& part = parts_[part_of_.at(y.source)];
    part.bias_axis = axis;
    part.with_bias = std::move(with_bias);
  }
  /// x + bias along an axis of x, if that can be the bias of the layer that gives x.
  std::optional<Value> with_bias(const Value& x, int axis, const Tensor<T>& bias,
                                 std::string_view bias_name) {
    const Part* const part = part_of(x);
    if (part == nullptr || !part->with_bias) return std::nullopt;
    const int channels = part->bias_axis;
    if (x.axis(axis) != ValueAxis(1, Factor{channels, x.shape[channels], 1})) return std::nullopt;
    const auto inputs = part->inputs;
    for (const Parameter<T>* each : layer_of(*part).parameters()) spend(each->value.shape());
    const Value sum = named_layer(part->name, part->with_bias(layer_of(*part), bias), inputs,
                                  {x.source, bias_name});
    Value y = x;
    y.source = sum.source;
    return y;
  }

  /// Attention without the product after it, which becomes one layer with that.
  struct Attention {
    Value x;
    Tensor<T> in_weight, in_bias;
    Index heads;
    bool is_causal;
    std::string name;
  };
  /// Stands for what attention gives, (N, T, D).
  Value attend(Attention attention) {
    const std::string source = new_source();
    const Shape y = attention.x.shape;
    attentions_.emplace(source, std::move(attention));
    return Value::plain(source, y);
  }

  /// Zeros around a value, which become the padding of a convolution.
  struct Padding {
    Value x;
    std::vector<Index> begin, end;  // for each axis of x
  };
  Value pad(Padding padding) {
    Value y = padding.x;
    y.source = new_source();
    for (int i = 0; i < y.rank(); ++i) {
      const Index more =
          padding.begin[static_cast<std::size_t>(i)] + padding.end[static_cast<std::size_t>(i)];
      if (more == 0) continue;
      ValueAxis& axis = y.axes[static_cast<std::size_t>(i)];
      expect(axis.size() == 1 && axis[0].extent == y.shape[axis[0].axis],
             "it pads a part of an axis");
      axis[0].extent = detail::checked_sum("pad", axis[0].extent, more);
      Shape enlarged;
      for (int of = 0; of < y.shape.rank(); ++of) {
        enlarged.push_back(of == axis[0].axis ? axis[0].extent : y.shape[of]);
      }
      y.shape = enlarged;
    }
    paddings_.emplace(y.source, std::move(padding));
    return y;
  }
  /// The value without the zeros around it, and these for each of its axes.
  Padding unpadded(const Value& value) const {
    const auto rank = static_cast<std::size_t>(value.rank());
    Padding result{value, std::vector<Index>(rank), std::vector<Index>(rank)};
    const auto found = paddings_.find(value.source);
    if (found == paddings_.end()) return result;
    const Padding& padding = found->second;
    Value& x = result.x;
    x.source = padding.x.source;
    x.shape = padding.x.shape;
    for (std::size_t i = 0; i < padding.x.axes.size(); ++i) {
      if (padding.begin[i] + padding.end[i] == 0) continue;
      const int axis = padding.x.axes[i][0].axis;
      const ValueAxis enlarged(1, Factor{axis, value.shape[axis], 1});
      const auto at = std::find(x.axes.begin(), x.axes.end(), enlarged);
      expect(at != x.axes.end(), "no layer pads other axes than the channels");
      (*at)[0].extent = x.shape[axis];
      result.begin[static_cast<std::size_t>(at - x.axes.begin())] = padding.begin[i];
      result.end[static_cast<std::size_t>(at - x.axes.begin())] = padding.end[i];
    }
    return result;
  }

  const Attention* attention_of(const Value& value) const& {
    const auto found = attentions_.find(value.source);
    return found == attentions_.end() ? nullptr : &found->second;
  }

  void result(Value value) { results_.push_back(std::move(value)); }
  /// A result that is another view of a layer's output.
  void result_view(Value view) {
    view.node = node_;
    results_.push_back(std::move(view));
  }
  /// What this node gives is one of its outputs alone.
  void expect_one_output() const {
    for (std::size_t i = 1; i < node_->outputs.size(); ++i) {
      expect(node_->outputs[i].empty() || !is_read_.contains(node_->outputs[i]),
             "no layer gives its output ", i);
    }
  }
  bool is_output_read(std::size_t i) const {
    return i < node_->outputs.size() && is_read_.contains(node_->outputs[i]);
  }
  std::int64_t opset() const { return model_.opset; }
  std::optional<std::int64_t> fixed_samples() const { return fixed_samples_; }

  static AnyLayer<T> permute(const std::vector<int>& order) {
    switch (order.size()) {
      case 2:
        return Permute<T>({order[0], order[1]});
      case 3:
        return Permute<T>({order[0], order[1], order[2]});
      case 4:
        return Permute<T>({order[0], order[1], order[2], order[3]});
      case 5:
        return Permute<T>({order[0], order[1], order[2], order[3], order[4]});
      default:
        throw ShapeError("an order of ", order.size(), " axes");
    }
  }

 private:
  Constant<T> from_file(const StoredTensor& tensor) const {
    Constant<T> constant{.extents = tensor.extents};
    if (!is_integer(tensor.type)) {
      constant.stored = &tensor;
      return constant;
    }
    spend_list(static_cast<std::size_t>(tensor.count));
    for (std::int64_t i = 0; i < tensor.count; ++i) {
      constant.integers.push_back(tensor.integer(static_cast<std::size_t>(i)));
    }
    return constant;
  }

  Shape shape_of(const Constant<T>& constant) const {
    if (constant.tensor != nullptr) return constant.tensor->shape();
    Shape shape;
    for (const std::int64_t extent : constant.extents) {
      if (SamplesExtent::factor(extent)) fail("a constant with an axis of samples");
      shape.push_back(extent);
    }
    return shape;
  }

 public:
  Tensor<T> to_tensor(const Constant<T>& constant) const {
    if (constant.tensor != nullptr) return *constant.tensor;
    const Shape shape = shape_of(constant);
    if (constant.stored != nullptr) return constant.stored->template to_tensor<T>(shape);
    if (constant.fill) {
      spend(shape);
      return full<T>(shape, static_cast<T>(*constant.fill));
    }
    expect(shape.size() == std::ssize(constant.integers), "a list of another length");
    Tensor<T> tensor(shape);
    for (Index i = 0; i < tensor.size(); ++i) {
      tensor.data()[i] = static_cast<T>(constant.integers[static_cast<std::size_t>(i)]);
    }
    return tensor;
  }
  double only_number(const Constant<T>& constant) const {
    const Tensor<T> tensor = to_tensor(constant);
    expect(tensor.size() == 1, "expected one number");
    return static_cast<double>(tensor.data()[0]);
  }
  /// Takes memory for a computed tensor from what the size of the file allows.
  void spend(const Shape& shape) const { spend(static_cast<std::size_t>(shape.size()), sizeof(T)); }
  /// The same for a list of whole numbers. Shapes, which are short, take what their nodes do.
  void spend_list(std::size_t count) const {
    if (count > max_rank) spend(count, sizeof(std::int64_t));
  }
  /// A tensor that is an attribute.
  StoredTensor attribute_tensor(ByteSpan tensor) const {
    return parse_tensor({tensor, file_}, [&](const ExternalData&, std::uint64_t) {
      fail("a constant in another file");
      return ByteSpan();
    });
  }
  void set_constant(Constant<T> constant) {
    constants_[node_->outputs.front()] = std::move(constant);
  }

 private:
  void spend(std::size_t count, std::size_t bytes) const {
    if (count > budget_ / bytes) fail("constants take too much memory for such a small file");
    budget_ -= count * bytes;
  }

  /// The layers that make a view an output of its own.
  Value arranged(const Value& view) {
    std::vector<Factor> order = view.all_factors();
    std::vector<Factor> stored = order;
    std::stable_sort(stored.begin(), stored.end(), [](const Factor& a, const Factor& b) {
      return a.axis != b.axis ? a.axis < b.axis : a.stride > b.stride;
    });
    // What the view leaves out of each axis.
    Value y = Value::plain(view.source, view.shape);
    int left_out = 0;
    for (int axis = 1; axis < view.shape.rank(); ++axis) {
      Index count = 1, step = 1;
      bool is_there = false;
      for (auto factor = stored.rbegin(); factor != stored.rend(); ++factor) {
        if (factor->axis != axis) continue;
        if (!is_there) step = factor->stride;
        is_there = true;
        expect(factor->extent == 1 || factor->stride == step * count,
               "no layer leaves out places between others");
        count *= factor->extent;
      }
      const Index start = view.offsets[static_cast<std::size_t>(axis)];
      if (count == view.shape[axis]) continue;
      if (!is_there && axis == 1 && y.shape.rank() >= 3 &&
          (start == 0 || start == view.shape[axis] - 1)) {
        y = layer(LastStep<T>({.reverse = start == 0}), {y});
        ++left_out;
        continue;
      }
      if (count == 1) step = 1;
      y = layer(
          SliceAxis<T>(axis - left_out,
                       {.start = start, .stop = start + (count - 1) * step + 1, .step = step}),
          {y});
    }
    if (stored != order) {
      Shape parts;
      for (std::size_t i = 1; i < stored.size(); ++i) parts.push_back(stored[i].extent);
      y = reshaped(y, parts);
      std::vector<int> places;
      for (const Factor& factor : order) {
        const auto found = std::find(stored.begin(), stored.end(), factor);
        places.push_back(static_cast<int>(found - stored.begin()));
      }
      y = layer(permute(places), {y});
    }
    return reshaped(y, view.sample());
  }
  Value reshaped(const Value& x, const Shape& sample) {
    if (x.sample() == sample) return x;
    if (sample.rank() == 1) return layer(Flatten<T>(), {x});
    return layer(Reshape<T>(sample), {x});
  }

  void add_constant_nodes() {
    for (const Node& each : model_.nodes) {
      if (each.op == "Identity" && each.inputs.size() == 1 && stored_.contains(each.inputs[0])) {
        stored_[each.outputs.front()] = stored_[each.inputs[0]];
      }
      if (each.op != "Constant") continue;
      node_ = &each;
      const auto found = attribute("value");
      if (found.tensor) {
        own_.push_back(attribute_tensor(*found.tensor));
        stored_[each.outputs.front()] = &own_.back();
        continue;
      }
      Constant<T> constant;
      if (const auto value = attribute("value_int").integer) {
        constant.integers = {*value};
      } else if (const auto number = attribute("value_float").number) {
        constant.fill = *number;
      } else if (has("value_ints")) {
        constant.integers = integers("value_ints");
        constant.extents = {std::ssize(constant.integers)};
      } else if (has("value_floats")) {
        const auto numbers = attribute("value_floats").numbers;
        Tensor<T> tensor({std::ssize(numbers)});
        for (std::size_t i = 0; i < numbers.size(); ++i) {
          tensor.data()[i] = static_cast<T>(numbers[i]);
        }
        constant.extents = {tensor.size()};
        constant.tensor = std::make_shared<const Tensor<T>>(std::move(tensor));
      } else {
        fail("its value is of a type that is not read");
      }
      constants_[each.outputs.front()] = std::move(constant);
    }
  }

  void add_inputs() {
    const std::vector<NetworkInput> inputs = network_inputs(model_, file_, options_);
    fixed_samples_ = inputs.front().samples;
    std::vector<std::string> names;
    for (const NetworkInput& input : inputs) {
      names.emplace_back(input.name);
      used_names_.insert(names.back());
      const std::string source = new_source();
      names_.emplace(source, input.name);
      values_[input.name] = Value::plain(source, input.shape);
    }
    guarded([&] { net_.emplace(names); });
  }

  /// Turns the errors of layers into those of the file.
  template <class Call>
  void guarded(const Call& call) const {
    const auto fail_with = [&](const Error& error) {
      if (node_ == nullptr) file_.fail(error.what());
      fail(error.what());
    };
    try {
      call();
    } catch (const ShapeError& error) {
      fail_with(error);
    } catch (const ValueError& error) {
      fail_with(error);
    }
  }

  void find_live_nodes() {
    is_live_.assign(model_.nodes.size(), false);
    is_within_ = is_live_;
    for (const ValueInfo& output : model_.outputs) is_read_.insert(output.name);
    if (is_read_.empty()) file_.fail("the graph has no outputs");
    for (std::size_t i = model_.nodes.size(); i-- > 0;) {
      const Node& each = model_.nodes[i];
      for (const std::string_view output : each.outputs) {
        if (is_read_.contains(output)) is_live_[i] = true;
      }
      if (!is_live_[i]) continue;
      for (const std::string_view input : each.inputs) is_read_.insert(input);
    }
  }

  void find_patterns();
  void run_node(std::size_t i);

  void set_outputs() {
    std::vector<std::string> sources;
    for (const ValueInfo& output : model_.outputs) {
      const auto found = values_.find(output.name);
      if (found == values_.end()) {
        file_.fail("no layer gives the output '", output.name, "'");
      }
      Node node;
      node.op = "Identity";
      node.outputs = {output.name};
      node_ = &node;
      guarded([&] {
        Value value = plain(found->second);
        const bool is_input = !part_of_.contains(value.source);
        const bool is_twice =
            std::find(sources.begin(), sources.end(), value.source) != sources.end();
        if (is_input || is_twice) value = layer(Identity<T>(), {value});
        sources.push_back(value.source);
      });
      node_ = nullptr;
    }
    add_parts({sources.begin(), sources.end()});
    for (std::string& source : sources) source = names_.at(source);
    guarded([&] { net_->set_outputs(sources); });
  }

  /// Gives the network the parts that are needed, and those that they need.
  void add_parts(std::set<std::string_view> is_needed) {
    std::vector<std::size_t> needed;
    for (std::size_t i = parts_.size(); i-- > 0;) {
      if (!is_needed.contains(parts_[i].source)) continue;
      needed.push_back(i);
      for (const Value& input : parts_[i].inputs) is_needed.insert(input.source);
    }
    std::map<std::size_t, std::string> owners;  // and the names of their layers
    for (auto i = needed.rbegin(); i != needed.rend(); ++i) {
      const Part& part = parts_[*i];
      const std::string& name = names_[part.source] = unique(part.name);
      std::vector<std::string> inputs;
      for (const Value& input : part.inputs) inputs.push_back(names_.at(input.source));
      guarded([&] {
        const auto [owner, is_first] = owners.emplace(part.owner, name);
        if (is_first) {
          net_->add(name, std::move(*parts_[part.owner].layer), inputs);
        } else {
          net_->add_shared(name, owner->second, inputs);
        }
      });
    }
  }

  std::string new_source() { return str_cat('#', next_source_++); }

  /// The name of a layer: that before its weight's, "conv1" of "conv1.weight", or the node's.
  std::string name_for(std::initializer_list<std::string_view> weights) const {
    for (const std::string_view weight : weights) {
      const auto dot = weight.rfind('.');
      if (dot != std::string_view::npos && dot > 0) return std::string(weight.substr(0, dot));
    }
    std::string_view text = node_->name.empty() ? node_->outputs.front() : node_->name;
    while (text.starts_with('/')) text.remove_prefix(1);
    const auto slash = text.rfind('/');
    if (slash != std::string_view::npos && text.substr(slash + 1).starts_with(node_->op)) {
      text = text.substr(0, slash);
    }
    if (text.starts_with("node_")) text.remove_prefix(5);
    std::string name(text.empty() ? node_->op : text);
    std::replace(name.begin(), name.end(), '/', '.');
    return name;
  }
  std::string unique(const std::string& name) {
    std::string unique = name;
    auto& number = numbers_[name];
    if (number == 0) number = 1;
    while (!used_names_.insert(unique).second) unique = str_cat(name, '_', ++number);
    return unique;
  }

  const Model& model_;
  const ProtobufReader& file_;
  const LoadOnnxOptions& options_;
  mutable std::size_t budget_;
  mutable std::set<const StoredTensor*> taken_;
  std::optional<Graph<T>> net_;
  std::map<std::string_view, const StoredTensor*> stored_;
  std::deque<StoredTensor> own_;
  std::map<std::string_view, Constant<T>> constants_;
  std::map<std::string_view, Value> values_;
  std::set<std::string_view> is_read_;
  std::vector<bool> is_live_, is_within_;
  /// By their last node.
  std::map<std::size_t, std::pair<void (*)(Importer&, const Match&), Match>> matches_;
  int next_source_ = 0;
  std::map<std::string, std::string> names_;  // in the network, by source
  std::set<std::string> used_names_;
  std::map<std::string, int> numbers_;
  std::vector<Part> parts_;
  std::map<std::string, std::size_t> part_of_;  // by source
  std::map<std::string, std::size_t> sharers_;
  std::map<std::string, Attention> attentions_;
  std::map<std::string, Padding> paddings_;
  std::map<std::string, Value> made_plain_;  // by Value::key
  std::optional<std::int64_t> fixed_samples_;
  const Node* node_ = nullptr;
  std::vector<Value> results_;
};

}  // namespace detail::onnx

}  // namespace dlfs
DLFS_STRICT_MATH_END
