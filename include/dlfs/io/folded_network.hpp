#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "dlfs/io/layer_makers.hpp"
#include "dlfs/io/network_file.hpp"
#include "dlfs/net/neural_network.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// A network that predicts the same as another one, with fewer layers.
template <std::floating_point T>
class FoldedNetwork : public NeuralNetwork<T> {
 public:
  explicit FoldedNetwork(const NeuralNetwork<T>& network)
      : FoldedNetwork(network.composition(), network_kind(network.traits().kind)) {}

 private:
  using Part = typename Composition<T>::Part;

  FoldedNetwork(const Composition<T>& network, std::string_view kind) : NeuralNetwork<T>(kind) {
    find_what_is_folded(network);
    for (const std::string& input : network.inputs) this->add_input(input);
    std::vector<Index> values;  // here, by their numbers there
    for (Index i = 0; i < this->input_count(); ++i) values.push_back(i);
    for (std::size_t i = 0; i < network.parts.size(); ++i) {
      const Part& part = network.parts[i];
      std::vector<Index> inputs;
      for (const Index input : part.inputs) {
        inputs.push_back(values[static_cast<std::size_t>(input)]);
      }
      if (is_left_out_[i]) {
        values.push_back(inputs.front());
        continue;
      }
      add(part, i, std::move(inputs));
      values.push_back(this->input_count() + this->layer_count() - 1);
    }
    std::vector<Index> outputs;
    for (const Index output : network.outputs) {
      outputs.push_back(values[static_cast<std::size_t>(output)]);
    }
    this->set_outputs(outputs);
  }

  static std::string_view network_kind(std::string_view kind) {
    return *std::find(std::begin(network_kinds), std::end(network_kinds), kind);
  }

  /// A batch normalisation joins the layer that it alone reads; a dropout and an identity vanish,
  /// unless they are the output.
  void find_what_is_folded(const Composition<T>& network) {
    const std::size_t inputs = network.inputs.size(), parts = network.parts.size();
    std::vector<int> readers(inputs + parts), users(parts);
    for (std::size_t i = 0; i < parts; ++i) {
      for (const Index input : network.parts[i].inputs) ++readers[static_cast<std::size_t>(input)];
      for (const Part& other : network.parts) users[i] += other.layer == network.parts[i].layer;
    }
    for (const Index output : network.outputs) readers[static_cast<std::size_t>(output)] += 2;
    is_left_out_.assign(parts, false);
    normalization_.assign(parts, nullptr);
    for (std::size_t i = 0; i < parts; ++i) {
      const Part& part = network.parts[i];
      const std::string_view kind = part.layer->traits().kind;
      const bool is_output = readers[inputs + i] >= 2 && is_among(network.outputs, inputs + i);
      if ((kind == "dropout" && !scales_in_evaluation(*part.layer)) || kind == "identity") {
        is_left_out_[i] = !is_output;
      }
      const auto read = static_cast<std::size_t>(part.inputs.front());
      if (kind != "batch normalization" || users[i] > 1 || read < inputs) continue;
      const std::size_t before = read - inputs;
      if (readers[read] == 1 && users[before] == 1 &&
          can_take_scale(network.parts[before].layer->traits().kind)) {
        is_left_out_[i] = true;
        normalization_[before] = part.layer;
      }
    }
  }

  static bool is_among(const std::vector<Index>& values, std::size_t value) {
    return std::find(values.begin(), values.end(), static_cast<Index>(value)) != values.end();
  }
  static bool scales_in_evaluation(const AnyLayer<T>& layer) {
    JsonOptions visitor;
    layer.visit_options(visitor);
    return visitor.options["scaling"] == "in_evaluation";
  }
  static bool can_take_scale(std::string_view kind) {
    return kind == "affine" || kind == "convolution" || kind == "convolution 1d" ||
           kind == "convolution 3d" || kind == "transposed convolution";
  }

  void add(const Part& part, std::size_t i, std::vector<Index> inputs) {
    for (const auto& [layer, name] : added_) {
      if (layer == part.layer) return this->share_node(part.name, name, std::move(inputs));
    }
    added_.emplace_back(part.layer, part.name);
    if (normalization_[i] != nullptr) {
      return this->add_node(part.name, scaled(*part.layer, *normalization_[i]), std::move(inputs));
    }
    const std::string_view kind = part.layer->traits().kind;
    if (is_network_kind(kind)) {
      const NeuralNetwork<T> inner = FoldedNetwork(part.layer->composition(), network_kind(kind));
      return this->add_node(part.name, inner_names(inner, part.name), std::move(inputs));
    }
    this->add_node(part.name, inner_names(*part.layer, part.name), std::move(inputs));
  }

  /// The names within a layer, as they were before it joined a network: without its own.
  static AnyLayer<T> inner_names(AnyLayer<T> layer, const std::string& name) {
    const auto strip = [&](NamedTensor<T>& tensor) {
      if (tensor.name.starts_with(name + '.')) tensor.name.erase(0, name.size() + 1);
    };
    for (Parameter<T>* parameter : layer.parameters()) strip(*parameter);
    for (NamedTensor<T>* buffer : layer.buffers()) strip(*buffer);
    return layer;
  }

  /// A layer whose output is that of the normalisation behind it.
  static AnyLayer<T> scaled(const AnyLayer<T>& layer, const AnyLayer<T>& normalization) {
    JsonOptions visitor, of_normalization;
    layer.visit_options(visitor);
    normalization.visit_options(of_normalization);
    if (visitor.options.contains("bias")) visitor.options["bias"] = true;
    const nlohmann::json options = visitor.options;
    const std::string kind(layer.traits().kind);
    AnyLayer<T> made =
        layer_makers<T>().at(kind)(StoredOptions(options, std::numeric_limits<Index>::max()));
    const auto from = layer.parameters();
    const auto to = made.parameters();
    const auto statistics = normalization.buffers();
    const auto learned = normalization.parameters();
    const double epsilon = of_normalization.options["epsilon"].template get<double>();
    const auto at = [](const NamedTensor<T>& tensor, Index i) {
      return static_cast<double>(tensor.value.data()[i]);
    };
    const Index features = learned[0]->value.size();
    const Index groups = options.value("groups", Index{1});
    const auto scale = [&](Index f) {
      return at(*learned[0], f) / std::sqrt(at(*statistics[1], f) + epsilon);
    };
    // The weight as (outer, features of a group, inner).
    const Shape& shape = from[0]->value.shape();
    const int axis = kind == "affine" || kind == "transposed convolution" ? 1 : 0;
    const Index inner = shape.axes(axis + 1, shape.rank()).size();
    const Index outer = shape.axes(0, axis).size();
    for (Index i = 0; i < from[0]->value.size(); ++i) {
      const Index group = axis == 0 ? 0 : i / (shape[axis] * inner) / (outer / groups);
      const Index f = i / inner % shape[axis] + group * shape[axis];
      to[0]->value.data()[i] = static_cast<T>(at(*from[0], i) * scale(f));
    }
    for (Index f = 0; f < features; ++f) {
      const double bias = from.size() > 1 ? at(*from[1], f) : 0;
      to[1]->value.data()[f] =
          static_cast<T>((bias - at(*statistics[0], f)) * scale(f) + at(*learned[1], f));
    }
    return made;
  }

  std::vector<bool> is_left_out_;
  std::vector<const AnyLayer<T>*> normalization_;  // that joins a layer
  std::vector<std::pair<const AnyLayer<T>*, std::string>> added_;
};

}  // namespace detail

/// A network that predicts the same, but for rounding, with fewer layers: a batch normalisation
/// becomes part of the affine layer or convolution that it alone reads, and dropouts and identities
/// vanish. It is for prediction: training it differs from training the other.
///
///   const auto fast = folded(network);
///
/// Parameters have the names of the layers that are left.
template <std::floating_point T>
NeuralNetwork<T> folded(const NeuralNetwork<T>& network) {
  return detail::FoldedNetwork<T>(network);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
