#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/net/neural_network.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A layer in the list that constructs a Graph.
template <std::floating_point T>
struct GraphLayer {
  std::string name;                 ///< stands before the names of its parameters
  mutable AnyLayer<T> layer;        ///< a layer of one input or several
  std::vector<std::string> inputs;  ///< the inputs and the earlier layers that it reads
};

/// An input in the list that constructs a Graph.
struct GraphInput {
  std::string name;  ///< by which layers read it
  Shape sample;      ///< of one sample, without N
};

/// Layers of which each reads inputs of the network, or earlier layers, by their names.
///
///   Graph<float> net({{"image", {3, 32, 32}}, {"position", {2}}}, rng,
///                    {{"conv1", Convolution<float>({.filters = 16}, He{}), {"image"}},
///                     {"pool1", GlobalAveragePooling<float>(), {"conv1"}},
///                     {"joined", Concatenate<float>(), {"pool1", "position"}},
///                     {"scores", Affine<float>({.out = 10}, He{}), {"joined"}}});
///
/// The last layer is the output, unless `set_outputs` names others. Each layer must lead to an
/// output, and each input must be read.
template <std::floating_point T>
class Graph : public NeuralNetwork<T> {
 public:
  /// The same for layers that were not given their sizes, or weights: they find them, given the
  /// shape of one sample of each input, without N.
  /// @throws ShapeError, naming the layer whose input does not fit.
  Graph(const std::vector<GraphInput>& inputs, Rng& rng,
        std::initializer_list<GraphLayer<T>> layers)
      : Graph(names_of(inputs), layers) {
    std::vector<Shape> shapes;
    shapes.reserve(inputs.size());
    for (const GraphInput& input : inputs) shapes.push_back(detail::batch_of_one(input.sample));
    this->initialize(shapes, rng);
  }
  /// A network with these inputs. @throws ValueError for a name that is empty or used twice.
  explicit Graph(const std::vector<std::string>& inputs) : NeuralNetwork<T>("graph") {
    for (const std::string& input : inputs) {
      if (input.empty()) throw ValueError("graph: an input's name is empty");
      expect_no_input(input);
      this->add_input(input);
    }
  }
  /// The same with layers. @throws ValueError like `add`, or if the list was already used.
  Graph(const std::vector<std::string>& inputs, std::initializer_list<GraphLayer<T>> layers)
      : Graph(inputs) {
    for (const auto& [name, layer, read] : layers) {
      if (layer.is_empty()) throw ValueError("network: its list of layers was used before");
      add(name, std::move(layer), read);
    }
  }

  /// Adds a layer that reads inputs or earlier layers, and prefixes its name to those of its
  /// parameters: "conv1.weight".
  /// @throws ValueError for a name that is empty or already used, a layer that was moved from, or
  /// an input that is not there.
  Graph& add(const std::string& name, AnyLayer<T> layer, const std::vector<std::string>& inputs) {
    expect_no_input(name);
    this->add_node(name, std::move(layer), values_of(inputs));
    return *this;
  }

  /// Adds a layer that shares the parameters of an earlier one. Their gradient is the sum over all
  /// places where they are used. @throws ValueError like `add`.
  Graph& add_shared(const std::string& name, std::string_view layer,
                    const std::vector<std::string>& inputs) {
    expect_no_input(name);
    this->share_node(name, layer, values_of(inputs));
    return *this;
  }

  /// Names the layers whose outputs are those of the network, in this order.
  /// @throws ValueError for a name that is no layer's, or is named twice, or for none at all.
  Graph& set_outputs(const std::vector<std::string>& layers) {
    const std::vector<Index> values = values_of(layers);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] < this->input_count()) {
        throw ValueError("graph: the input '", layers[i], "' cannot be an output");
      }
      for (std::size_t k = 0; k < i; ++k) {
        if (values[k] == values[i]) throw ValueError("graph: two outputs are '", layers[i], "'");
      }
    }
    NeuralNetwork<T>::set_outputs(values);
    return *this;
  }

 private:
  static std::vector<std::string> names_of(const std::vector<GraphInput>& inputs) {
    std::vector<std::string> names;
    names.reserve(inputs.size());
    for (const GraphInput& input : inputs) names.push_back(input.name);
    return names;
  }

  void expect_no_input(const std::string& name) const {
    for (const std::string& input : this->input_names()) {
      if (input == name) throw ValueError("graph: an input has the name '", name, "' already");
    }
  }

  std::vector<Index> values_of(const std::vector<std::string>& names) const {
    if (names.empty()) throw ValueError("graph: expected the name of an input or a layer");
    std::vector<Index> values;
    values.reserve(names.size());
    for (const std::string& name : names) values.push_back(this->value_of(name));
    return values;
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
