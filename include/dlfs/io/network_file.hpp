#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "dlfs/io/layer_makers.hpp"
#include "dlfs/io/safetensors.hpp"
#include "dlfs/net/neural_network.hpp"
#include "dlfs/nn/option_visitor.hpp"

// A network in one file: its architecture, its numbers, and a case to test it with.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

inline constexpr std::string_view architecture_name = "dlfs.architecture";  // in the metadata
inline constexpr int network_file_version = 1;
inline constexpr std::string_view test_input_name = "dlfs.test.input.";
inline constexpr std::string_view test_output_name = "dlfs.test.output.";

/// The kinds of networks, which need no maker.
inline constexpr std::string_view network_kinds[] = {"sequential", "graph", "residual", "parallel"};

inline bool is_network_kind(std::string_view kind) {
  return std::find(std::begin(network_kinds), std::end(network_kinds), kind) !=
         std::end(network_kinds);
}

/// Collects all options. Those that have their default are among them, because it may be another
/// one when the file is read.
class JsonOptions : public OptionVisitor {
 public:
  nlohmann::ordered_json options = nlohmann::ordered_json::object();
  std::optional<std::uint64_t> seed_of_layer;

  void seed(std::uint64_t seed) override { seed_of_layer = seed; }

 private:
  template <class Value>
  void add(std::string_view name, const Value& value) {
    options[std::string(name)] = value;
  }
  void flag(std::string_view name, bool value, bool) override { add(name, value); }
  void integer(std::string_view name, Index value, bool) override { add(name, value); }
  void number(std::string_view name, double value, bool) override { add(name, value); }
  void text(std::string_view name, std::string_view value, bool) override {
    add(name, std::string(value));
  }
  void integers(std::string_view name, std::span<const Index> values, bool) override {
    add(name, std::vector<Index>(values.begin(), values.end()));
  }
};

template <std::floating_point T>
void describe(const AnyLayer<T>& layer, nlohmann::ordered_json& json);

/// The architecture of a network, or of a part that is one.
template <std::floating_point T>
nlohmann::ordered_json json_of(std::string_view kind, const Composition<T>& composition) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < composition.parts.size(); ++i) {
    const auto& part = composition.parts[i];
    nlohmann::ordered_json layer{{"name", part.name}};
    const auto same = std::find_if(composition.parts.begin(), composition.parts.end(),
                                   [&](const auto& other) { return other.layer == part.layer; });
    if (static_cast<std::size_t>(same - composition.parts.begin()) < i) {
      layer["shares"] = same->name;
    } else {
      with_layer_name(static_cast<Index>(i), part.name, [&] { describe(*part.layer, layer); });
      if (part.always_evaluates) layer["mode"] = "evaluate";
    }
    layer["inputs"] = part.inputs;
    layers.push_back(std::move(layer));
  }
  return {{"kind", kind},
          {"inputs", composition.inputs},
          {"layers", std::move(layers)},
          {"outputs", composition.outputs}};
}

template <std::floating_point T>
void describe(const AnyLayer<T>& layer, nlohmann::ordered_json& json) {
  const std::string_view kind = layer.traits().kind;
  if (is_network_kind(kind)) {
    json["network"] = json_of<T>(kind, layer.composition());
    return;
  }
  JsonOptions visitor;
  if (!layer.visit_options(visitor)) {
    throw ValueError("save_network: the layer '", kind, "' does not show its options; ",
                     "it needs a visit_options");
  }
  json["kind"] = kind;
  if (!visitor.options.empty()) json["options"] = std::move(visitor.options);
  if (visitor.seed_of_layer) json["seed"] = *visitor.seed_of_layer;
}

/// The factors of the learning rate and the weight decay of each parameter.
template <std::floating_point T>
nlohmann::ordered_json json_of_parameters(const NeuralNetwork<T>& network) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const Parameter<T>* parameter : network.parameters()) {
    const std::string& name = parameter->name;
    expect_option(name, "rate_scale", parameter->rate_scale, at_least(0));
    expect_option(name, "decay_scale", parameter->decay_scale, at_least(0));
    json[name] = {{"rate_scale", parameter->rate_scale}, {"decay_scale", parameter->decay_scale}};
  }
  return json;
}

/// A network of layers that a file describes.
template <std::floating_point T>
class StoredNetwork : public NeuralNetwork<T> {
 public:
  /// @throws FormatError, naming the layer.
  StoredNetwork(const nlohmann::json& json, const LayerMakers<T>& makers, Index most_elements,
                int depth = 0)
      : NeuralNetwork<T>(kind_of(json)) {
    if (depth > most_depth) throw FormatError("networks in networks in networks, ", depth, " deep");
    for (const nlohmann::json& input : list(json, "inputs")) this->add_input(text(input));
    for (const nlohmann::json& layer : list(json, "layers")) {
      const std::string name = text(field(layer, "name"));
      try {
        add(name, layer, makers, most_elements, depth);
      } catch (const FormatError& error) {
        throw FormatError("layer ", this->layer_count() + 1, " (", name, "): ", error.what());
      }
    }
    const std::vector<Index> outputs = values(field(json, "outputs"));
    if (outputs.empty()) throw FormatError("it has no outputs");
    this->set_outputs(outputs);
  }

 private:
  static constexpr int most_depth = 100;

  void add(const std::string& name, const nlohmann::json& layer, const LayerMakers<T>& makers,
           Index most_elements, int depth) {
    const std::vector<Index> inputs = values(field(layer, "inputs"));
    if (inputs.empty()) throw FormatError("it reads nothing");
    if (layer.contains("shares")) return this->share_node(name, text(layer["shares"]), inputs);
    const bool always_evaluates = layer.contains("mode");
    if (always_evaluates && layer["mode"] != "evaluate") {
      throw FormatError("there is no mode ", layer["mode"].dump());
    }
    this->add_node(name, made(layer, makers, most_elements, depth), inputs);
    if (always_evaluates) this->set_mode(name, PassMode::evaluate);
  }

  static AnyLayer<T> made(const nlohmann::json& layer, const LayerMakers<T>& makers,
                          Index most_elements, int depth) {
    if (layer.contains("network")) {
      const NeuralNetwork<T> inner =
          StoredNetwork(layer["network"], makers, most_elements, depth + 1);
      return inner;
    }
    const std::string kind = text(field(layer, "kind"));
    const auto maker = makers.find(kind);
    if (maker == makers.end()) throw FormatError("there is no kind of layer '", kind, "'");
    const nlohmann::json stored =
        layer.contains("options") ? layer["options"] : nlohmann::json::object();
    if (!stored.is_object()) throw FormatError("expected an object of options");
    const StoredOptions options(stored, most_elements, seed_of(layer));
    AnyLayer<T> made = maker->second(options);
    options.expect_all_read();
    return made;
  }

  static std::optional<std::uint64_t> seed_of(const nlohmann::json& layer) {
    const auto seed = layer.find("seed");
    if (seed == layer.end()) return {};
    if (!seed->is_number_unsigned()) {
      throw FormatError("expected a seed of 64 bits, got ", seed->dump());
    }
    return seed->get<std::uint64_t>();
  }

  static const nlohmann::json& field(const nlohmann::json& json, const char* name) {
    if (!json.is_object() || !json.contains(name)) {
      throw FormatError("the architecture has no '", name, "'");
    }
    return json[name];
  }
  static const nlohmann::json& list(const nlohmann::json& json, const char* name) {
    if (!field(json, name).is_array()) throw FormatError("expected a list of ", name);
    return json[name];
  }
  static std::string text(const nlohmann::json& json) {
    if (!json.is_string()) throw FormatError("expected a text in the architecture");
    return json.get<std::string>();
  }
  static std::string_view kind_of(const nlohmann::json& json) {
    const std::string kind = text(field(json, "kind"));
    if (!is_network_kind(kind)) throw FormatError("there is no kind of network '", kind, "'");
    return *std::find(std::begin(network_kinds), std::end(network_kinds), kind);
  }
  /// Numbers of values that are there already.
  std::vector<Index> values(const nlohmann::json& json) const {
    if (!json.is_array()) throw FormatError("expected a list of values");
    std::vector<Index> numbers;
    for (const nlohmann::json& each : json) {
      const Index there = this->input_count() + this->layer_count();
      if (!each.is_number_unsigned() || each.get<std::uint64_t>() >= std::uint64_t(there)) {
        throw FormatError("there is no value ", each.dump());
      }
      numbers.push_back(each.get<Index>());
    }
    return numbers;
  }
};

template <std::floating_point T>
constexpr std::string_view element_name() {
  return std::same_as<T, float> ? "float" : std::same_as<T, double> ? "double" : "long double";
}

/// Every parameter and buffer.
template <std::floating_point T>
std::vector<NamedTensor<T>*> tensors_of(NeuralNetwork<T>& network) {
  std::vector<NamedTensor<T>*> tensors(network.parameters().begin(), network.parameters().end());
  tensors.insert(tensors.end(), network.buffers().begin(), network.buffers().end());
  return tensors;
}

/// Moves the tensors of a file into a network. Those of the test stay.
template <std::floating_point T>
void take_tensors(NeuralNetwork<T>& network, std::map<std::string, Tensor<T>>& stored) {
  for (NamedTensor<T>* tensor : tensors_of(network)) {
    const auto found = stored.find(tensor->name);
    if (found == stored.end()) throw FormatError("the tensor ", tensor->name, " is missing");
    if (found->second.shape() != tensor->value.shape()) {
      throw FormatError("expected ", tensor->name, " of shape ", tensor->value.shape(), ", got ",
                        found->second.shape());
    }
    tensor->value = std::move(found->second);
    stored.erase(found);
  }
  for (const auto& [name, tensor] : stored) {
    if (!name.starts_with(test_prefix)) throw FormatError("no layer has the tensor ", name);
  }
}

/// Reads a factor of the learning rate or of the weight decay, if the file has it.
inline void take_factor(const std::string& parameter, const nlohmann::json& factors,
                        const char* name, double& value) {
  const auto stored = factors.find(name);
  if (stored == factors.end()) return;
  if (!stored->is_number()) throw FormatError(parameter, ": expected a number for ", name);
  value = stored->get<double>();
  expect_option(parameter, name, value, at_least(0));
}

/// Gives parameters the factors that a file has for them.
template <std::floating_point T>
void take_factors(NeuralNetwork<T>& network, const nlohmann::json& stored) {
  if (!stored.is_object()) throw FormatError("expected an object of parameters");
  std::map<std::string, Parameter<T>*> parameters;
  for (Parameter<T>* parameter : network.parameters()) parameters[parameter->name] = parameter;
  for (const auto& [name, factors] : stored.items()) {
    const auto found = parameters.find(name);
    if (found == parameters.end()) throw FormatError("no layer has the parameter ", name);
    if (!factors.is_object()) throw FormatError(name, ": expected an object of factors");
    take_factor(name, factors, "rate_scale", found->second->rate_scale);
    take_factor(name, factors, "decay_scale", found->second->decay_scale);
  }
}

/// The number of training passes of a network before it was written.
inline Index stored_step(const nlohmann::json& json) {
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() > INT64_MAX) {
    throw FormatError("expected the number of steps, got ", json.dump());
  }
  return json.get<Index>();
}

/// The inputs or the outputs of the test, of which there may be none.
template <std::floating_point T>
std::vector<Tensor<T>> take_test(std::map<std::string, Tensor<T>>& stored, std::string_view name) {
  std::vector<Tensor<T>> tensors;
  for (;;) {
    const auto found = stored.find(str_cat(name, tensors.size()));
    if (found == stored.end()) return tensors;
    tensors.push_back(std::move(found->second));
  }
}

/// The outputs of a network for any number of inputs.
template <std::floating_point T>
std::vector<Tensor<T>> predict_outputs(const NeuralNetwork<T>& network,
                                       const std::vector<Tensor<T>>& x) {
  const std::vector<TensorView<const T>> views(x.begin(), x.end());
  return network.predict_all(std::span(views));
}

/// The numbers of all values of a network of which `shapes` are the inputs; the outputs take their
/// place.
template <std::floating_point T>
double count_numbers(const Composition<T>& network, std::vector<Shape>& shapes) {
  double sum = 0;
  for (const auto& part : network.parts) {
    std::vector<Shape> x;
    for (const Index input : part.inputs) x.push_back(shapes[static_cast<std::size_t>(input)]);
    if (const Composition<T> inner = part.layer->composition(); !inner.parts.empty()) {
      sum += count_numbers<T>(inner, x);
      shapes.push_back(x.front());
    } else {
      shapes.push_back(part.layer->output_shape(x));
    }
    sum += static_cast<double>(shapes.back().size());
  }
  std::vector<Shape> outputs;
  for (const Index output : network.outputs) {
    outputs.push_back(shapes[static_cast<std::size_t>(output)]);
  }
  shapes = std::move(outputs);
  return sum;
}

/// Whether an example takes little memory, in relation to the file that has it.
template <std::floating_point T>
bool is_small_example(const NeuralNetwork<T>& network, const std::vector<Tensor<T>>& x,
                      Index numbers_of_file) {
  constexpr double most = 1000;  // numbers for each one in the file
  std::vector<Shape> shapes;
  for (const Tensor<T>& each : x) shapes.push_back(each.shape());
  return count_numbers<T>(network.composition(), shapes) <=
         most * static_cast<double>(numbers_of_file);
}

/// @throws FormatError if the network does not give the stored outputs, but for rounding.
template <std::floating_point T>
void run_test(const NeuralNetwork<T>& network, std::map<std::string, Tensor<T>>& stored,
              Index numbers_of_file) {
  const std::vector<Tensor<T>> x = take_test(stored, test_input_name);
  const std::vector<Tensor<T>> expected = take_test(stored, test_output_name);
  if (x.empty() && expected.empty()) return;
  if (std::ssize(x) != network.input_count()) {
    throw FormatError("expected ", network.input_count(), " inputs of the test, got ", x.size());
  }
  if (!is_small_example(network, x, numbers_of_file)) {
    throw FormatError("its test needs more than 1,000 times the numbers of the file");
  }
  const std::vector<Tensor<T>> y = predict_outputs(network, x);
  if (y.size() != expected.size()) throw FormatError("the test has ", expected.size(), " outputs");
  for (std::size_t k = 0; k < y.size(); ++k) {
    if (y[k].shape() != expected[k].shape()) {
      throw FormatError("the test's output has another shape");
    }
    T largest = 1;
    for (const T each : expected[k]) {
      if (is_finite(each)) largest = std::max(largest, std::abs(each));
    }
    const T tolerance = largest * std::sqrt(std::numeric_limits<T>::epsilon());
    for (Index i = 0; i < y[k].size(); ++i) {
      const T got = y[k].data()[i], wanted = expected[k].data()[i];
      if (got == wanted || (is_nan(got) && is_nan(wanted))) continue;
      if (!(std::abs(got - wanted) <= tolerance)) {
        throw FormatError("its test gives ", got, " in place of ", wanted);
      }
    }
  }
}

/// @throws ValueError for a name in it that is no UTF-8.
inline std::string text_of(const nlohmann::ordered_json& document) {
  try {
    return document.dump();
  } catch (const nlohmann::json::type_error&) {
    throw ValueError("save_network: a name of a layer or an input is no UTF-8");
  }
}

}  // namespace detail

/// Writes a network with its architecture, so that `load_network` can make it again without its C++
/// code. The file is a safetensors file, whose metadata have the architecture as JSON.
/// `load_weights` reads it, too.
///
///   save_network("digits.safetensors", network, {x});
///
/// Training goes on from the file with the same bits: parameters, buffers, the factors of rates and
/// decays, what is frozen, the number of steps and the seeds of Dropout are kept. Not in the file
/// are the states of the optimizer and the trainer (save_checkpoint keeps them), gradients, and
/// what an own layer does not show as parameters, buffers, options or a seed.
///
/// `example` are inputs, such as a few samples: they and the outputs become a test, which
/// `load_network` runs. Without them there is no test.
/// @throws ValueError, naming the layer, for one that does not show its options (visit_options),
/// for a parameter's factor that no optimizer takes, for a name that is no UTF-8, or for an example
/// that needs more than 1,000 times the numbers of the file on its way; ShapeError if the example
/// does not fit; IoError if the file cannot be written.
template <std::floating_point T>
void save_network(const std::filesystem::path& path, const NeuralNetwork<T>& network,
                  const std::vector<Tensor<std::type_identity_t<T>>>& example = {}) {
  const nlohmann::ordered_json document{
      {"version", detail::network_file_version},
      {"element", detail::element_name<T>()},
      {"step", network.step()},
      {"network", detail::json_of<T>(network.traits().kind, network.composition())},
      {"parameters", detail::json_of_parameters(network)}};
  std::vector<NamedView<T>> tensors;
  for (const auto* parameter : network.parameters()) {
    tensors.push_back({parameter->name, parameter->value});
  }
  for (const auto* buffer : network.buffers()) tensors.push_back({buffer->name, buffer->value});
  std::vector<Tensor<T>> outputs;
  if (!example.empty()) outputs = detail::predict_outputs(network, example);
  for (std::size_t i = 0; i < example.size(); ++i) {
    tensors.push_back({str_cat(detail::test_input_name, i), example[i]});
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    tensors.push_back({str_cat(detail::test_output_name, i), outputs[i]});
  }
  Index numbers = 0;
  for (const NamedView<T>& tensor : tensors) numbers += tensor.value.size();
  if (!example.empty() && !detail::is_small_example(network, example, numbers)) {
    throw ValueError("save_network: the example needs more than 1,000 times the numbers of the ",
                     "file; leave it out");
  }
  write_safetensors<T>(path, tensors,
                       {{std::string(detail::architecture_name), detail::text_of(document)},
                        {std::string(detail::safetensors_format), "dlfs"}});
}

/// Reads what `save_network` wrote, and runs its test. Elements are converted to T.
///
///   const auto network = load_network<float>("digits.safetensors");
///
/// Own layers need a function that makes them:
///
///   auto makers = layer_makers<float>();
///   makers["snake"] = [](const StoredOptions&) { return Snake<float>(); };
///   const auto network = load_network<float>("digits.safetensors", makers);
///
/// A file of an earlier release has no factors of rates and decays, seeds or number of steps. Its
/// network has the factors of new layers, and `initialize` gives each Dropout a seed.
/// @throws FormatError, naming the layer, for a file without an architecture, a kind of layer that
/// `makers` does not have, options or tensors that do not fit, or a test with other results;
/// IoError if the file cannot be read.
template <std::floating_point T>
NeuralNetwork<T> load_network(const std::filesystem::path& path,
                              const LayerMakers<T>& makers = layer_makers<T>()) {
  const std::string source = str_cat("load_network: ", path.string(), ": ");
  const detail::MappedFile mapped(path);
  const detail::ByteReader file(mapped.bytes(), str_cat("load_network: ", path.string()));
  const detail::SafetensorsHeader header(file);
  const auto architecture = header.metadata.find(std::string(detail::architecture_name));
  if (architecture == header.metadata.end()) {
    throw FormatError(source, "it has tensors, but no architecture; see load_weights");
  }
  std::map<std::string, Tensor<T>> stored;
  Index elements = 0;
  for (NamedTensor<T>& tensor : detail::parse_safetensors<T>(
           header, file, [&](detail::ByteSpan part) { mapped.release(part); })) {
    elements += tensor.value.size();
    stored.emplace(std::move(tensor.name), std::move(tensor.value));
  }
  try {
    const auto document = nlohmann::json::parse(architecture->second, nullptr, false);
    if (!document.is_object()) throw FormatError("the architecture is no object of JSON");
    if (document.value("version", nlohmann::json()) != detail::network_file_version) {
      throw FormatError("expected version ", detail::network_file_version,
                        " of the architecture, got ",
                        document.value("version", nlohmann::json()).dump());
    }
    const nlohmann::json none;
    const auto network = document.find("network");
    NeuralNetwork<T> made =
        detail::StoredNetwork<T>(network == document.end() ? none : *network, makers, elements);
    detail::take_tensors(made, stored);
    if (document.contains("parameters")) detail::take_factors(made, document["parameters"]);
    if (document.contains("step")) made.set_step(detail::stored_step(document["step"]));
    detail::run_test(made, stored, elements);
    return made;
  } catch (const FormatError& error) {
    throw FormatError(source, error.what());
  } catch (const ShapeError& error) {
    throw FormatError(source, error.what());
  } catch (const ValueError& error) {
    throw FormatError(source, error.what());
  } catch (const std::bad_alloc&) {
    throw FormatError(source, "there is not enough memory for its layers");
  }
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
