#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <deque>
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
#include "dlfs/net/graph.hpp"
#include "dlfs/nn/layers/identity.hpp"
#include "dlfs/nn/layers/permute.hpp"
#include "dlfs/nn/layers/reshape.hpp"
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

/// A place for the number of samples in a shape that is computed.
inline constexpr std::int64_t samples_mark = std::numeric_limits<std::int64_t>::min() / 2;

/// What is known before the network runs: a weight, a shape or a list of
/// numbers.
template <std::floating_point T>
struct Constant {
  std::vector<std::int64_t> extents;
  std::vector<std::int64_t> integers{};       // if it consists of whole numbers
  const StoredTensor* stored = nullptr;       // of the file
  std::shared_ptr<const Tensor<T>> tensor{};  // computed
  std::optional<double> fill{};               // each element is this; extents may be the mark

  bool is_integer() const { return stored == nullptr && tensor == nullptr && !fill; }
  std::int64_t count() const {
    std::int64_t count = 1;
    for (const std::int64_t extent : extents) count *= extent;
    return count;
  }
};

/// What a layer or an input of the network gives. Axis i of the file's value is
/// axis `axes[i]` of that, or a new axis of extent 1. So axes are put in
/// another order only where a layer sees them.
struct Value {
  static constexpr int new_axis = -1;

  std::string name;  // in the network
  Shape shape;       // of a batch of one sample
  std::vector<int> axes;

  static Value plain(std::string name, const Shape& shape) {
    Value value{std::move(name), shape, {}};
    for (int axis = 0; axis < shape.rank(); ++axis) value.axes.push_back(axis);
    return value;
  }
  int rank() const { return static_cast<int>(axes.size()); }
  /// The extent of an axis; the samples' is 1.
  std::int64_t extent(int axis) const {
    const int of_shape = axes[static_cast<std::size_t>(axis)];
    return of_shape == new_axis ? 1 : shape[of_shape];
  }
  bool is_samples(int axis) const { return axes[static_cast<std::size_t>(axis)] == 0; }
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
    } else {
      if (input.extents.empty()) file.fail("input '", input.name, "' has no axis of samples");
      for (std::size_t axis = 1; axis < input.extents.size(); ++axis) {
        const auto extent = input.extents[axis];
        if (!extent) {
          file.fail("input '", input.name, "' has an open extent along axis ", axis,
                    ": LoadOnnxOptions::samples says what it is");
        }
        if (*extent < 0) file.fail("input '", input.name, "' has an axis of ", *extent);
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
  /// Input i with the samples along axis 0, and all axes in their order.
  Value plain(std::size_t i) { return plain(value(i)); }
  Value plain(Value value) {
    std::vector<int> order;
    for (const int axis : value.axes) {
      if (axis != Value::new_axis) order.push_back(axis);
    }
    if (value.axes.empty() || value.axes[0] != 0) fail("the samples are not along axis 0");
    Value result = Value::plain(value.name, value.shape);
    if (order != result.axes) result = layer(permute(order), {result});
    if (value.rank() == result.rank()) return result;
    Shape sample;
    for (int axis = 1; axis < value.rank(); ++axis) sample.push_back(value.extent(axis));
    return layer(Reshape<T>(sample), {result});
  }
  Value plain_of(std::string_view name) { return plain(value_of(name)); }

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
    constexpr std::int64_t most = std::int64_t{1} << 30;
    for (const std::int64_t each : found) {
      expect(each >= 0 && each <= most, name, " of ", each);
    }
    return found;
  }
  int axis(std::int64_t axis, int rank) const {
    expect(axis >= -rank && axis < rank, "there is no axis ", axis, " of ", rank);
    return static_cast<int>(axis < 0 ? axis + rank : axis);
  }

  /// Adds a layer. One that has parameters and the constant inputs of an
  /// earlier one shares them.
  Value layer(AnyLayer<T> layer, const std::vector<Value>& inputs,
              std::initializer_list<std::string_view> weights = {}) {
    std::vector<Shape> shapes;
    std::vector<std::string> names;
    for (const Value& input : inputs) {
      shapes.push_back(input.shape);
      names.push_back(input.name);
    }
    const Shape y = layer.output_shape(shapes);
    const std::string name = new_name(weights);
    std::string key;
    if (weights.size() > 0 && !layer.parameters().empty()) {
      key = str_cat(layer.traits().kind, ' ', shapes.front().rank());
      for (const std::string_view weight : weights) key += str_cat(' ', weight);
      for (const ByteSpan bytes : node_->attributes) key += as_text(bytes);
    }
    const auto shared = key.empty() ? sharers_.end() : sharers_.find(key);
    if (shared != sharers_.end()) {
      net_->add_shared(name, shared->second, names);
    } else {
      net_->add(name, std::move(layer), names);
      if (!key.empty()) sharers_[key] = name;
    }
    return Value::plain(name, y);
  }
  void result(Value value) { results_.push_back(std::move(value)); }
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
    for (std::int64_t i = 0; i < tensor.count; ++i) {
      constant.integers.push_back(tensor.integer(static_cast<std::size_t>(i)));
    }
    return constant;
  }

  Shape shape_of(const Constant<T>& constant) const {
    Shape shape;
    for (const std::int64_t extent : constant.extents) {
      if (extent == samples_mark) fail("a constant with an axis of samples");
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
  void spend(const Shape& shape) const {
    const auto count = static_cast<std::size_t>(shape.size());
    if (count > budget_ / sizeof(T)) fail("constants take too much memory for such a small file");
    budget_ -= count * sizeof(T);
  }
  /// The first number of a tensor that is an attribute.
  double first_number(ByteSpan tensor) const {
    const StoredTensor parsed =
        parse_tensor({tensor, file_}, [&](const ExternalData&, std::uint64_t) {
          fail("a constant in another file");
          return ByteSpan();
        });
    expect(parsed.count == 1, "expected one number");
    return parsed.number(0);
  }
  void set_constant(Constant<T> constant) {
    constants_[node_->outputs.front()] = std::move(constant);
  }

 private:
  void add_constant_nodes() {
    for (const Node& each : model_.nodes) {
      if (each.op != "Constant") continue;
      node_ = &each;
      const auto found = attribute("value");
      if (found.tensor) {
        own_.push_back(
            parse_tensor({*found.tensor, file_}, [&](const ExternalData&, std::uint64_t) {
              fail("a constant in another file");
              return ByteSpan();
            }));
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
      values_[input.name] = Value::plain(names.back(), input.shape);
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
    std::vector<std::string> names;
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
        const auto& inputs = net_->input_names();
        const bool is_input = std::find(inputs.begin(), inputs.end(), value.name) != inputs.end();
        const bool is_twice = std::find(names.begin(), names.end(), value.name) != names.end();
        if (is_input || is_twice) value = layer(Identity<T>(), {value});
        names.push_back(value.name);
      });
      node_ = nullptr;
    }
    guarded([&] { net_->set_outputs(names); });
  }

  /// The name of a layer: that before its weight's, "conv1" of "conv1.weight",
  /// or the node's.
  std::string new_name(std::initializer_list<std::string_view> weights) {
    std::string name;
    for (const std::string_view weight : weights) {
      const auto dot = weight.rfind('.');
      if (!name.empty() || dot == std::string_view::npos || dot == 0) continue;
      name = weight.substr(0, dot);
    }
    if (name.empty()) {
      std::string_view text = node_->name.empty() ? node_->outputs.front() : node_->name;
      while (text.starts_with('/')) text.remove_prefix(1);
      const auto slash = text.rfind('/');
      if (slash != std::string_view::npos && text.substr(slash + 1).starts_with(node_->op)) {
        text = text.substr(0, slash);
      }
      if (text.starts_with("node_")) text.remove_prefix(5);
      name = text;
      std::replace(name.begin(), name.end(), '/', '.');
    }
    if (name.empty()) name = node_->op;
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
  std::optional<Graph<T>> net_;
  std::map<std::string_view, const StoredTensor*> stored_;
  std::deque<StoredTensor> own_;
  std::map<std::string_view, Constant<T>> constants_;
  std::map<std::string_view, Value> values_;
  std::set<std::string_view> is_read_;
  std::vector<bool> is_live_, is_within_;
  /// By their last node.
  std::map<std::size_t, std::pair<void (*)(Importer&, const Match&), Match>> matches_;
  std::set<std::string> used_names_;
  std::map<std::string, int> numbers_;
  std::map<std::string, std::string> sharers_;
  std::optional<std::int64_t> fixed_samples_;
  const Node* node_ = nullptr;
  std::vector<Value> results_;
};

}  // namespace detail::onnx

}  // namespace dlfs
DLFS_STRICT_MATH_END
