#pragma once

#include <concepts>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/net/neural_network.hpp"
#include "dlfs/tools/text_table.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A layer in the summary of a network.
struct LayerSummary {
  std::string name;      ///< name in the network; of a layer inside a composite: "block1.conv1"
  std::string kind;      ///< "convolution"
  std::string options;   ///< those that differ from their default: "in 1, filters 30, kernel 5"
  Shape output;          ///< the shape of its output
  Index parameters = 0;  ///< number of learned numbers
  Index flops = 0;       ///< FLOP of a forward pass, in matrix products and convolutions
};

/// The layers of a network. A composite layer comes before its parts, and its numbers include
/// theirs, as the totals do.
struct Summary {
  std::vector<LayerSummary> inputs;  ///< name and shape of each input
  std::vector<LayerSummary> layers;  ///< the layers in their order
  Index parameters = 0;              ///< numbers that are learned
  Index flops = 0;                   ///< of a forward pass
};

namespace detail {

/// The shape of each value of a composite: of its inputs, then of the outputs of its parts.
template <std::floating_point T>
class ValueShapes {
 public:
  explicit ValueShapes(std::span<const Shape> x) : shapes_(x.begin(), x.end()) {}

  /// The shapes that a part reads.
  std::vector<Shape> into(const typename Composition<T>::Part& part) const {
    std::vector<Shape> shapes;
    for (const Index i : part.inputs) shapes.push_back(shapes_[static_cast<std::size_t>(i)]);
    return shapes;
  }
  /// Goes on to the next part.
  void add(const typename Composition<T>::Part& part) {
    shapes_.push_back(part.layer->output_shape(into(part)));
  }

 private:
  std::vector<Shape> shapes_;
};

/// Writes the options of a layer that differ from their default, in one line.
class OptionText : public OptionVisitor {
 public:
  template <std::floating_point T>
  static std::string of(const AnyLayer<T>& layer) {
    OptionText visitor;
    layer.visit_options(visitor);
    return visitor.text_;
  }

 private:
  void flag(std::string_view name, bool value, bool is_default) override {
    add(name, value ? "true" : "false", is_default);
  }
  void integer(std::string_view name, Index value, bool is_default) override {
    add(name, str_cat(value), is_default);
  }
  void number(std::string_view name, double value, bool is_default) override {
    add(name, str_cat(value), is_default);
  }
  void text(std::string_view name, std::string_view value, bool is_default) override {
    add(name, value, is_default);
  }
  void integers(std::string_view name, std::span<const Index> values, bool is_default) override {
    std::string all;
    for (const Index value : values) all += str_cat(all.empty() ? "" : " x ", value);
    add(name, all, is_default);
  }

  void add(std::string_view name, std::string_view value, bool is_default) {
    if (!is_default) text_ += str_cat(text_.empty() ? "" : ", ", name, ' ', value);
  }

  std::string text_;
};

/// `counted` are the layers whose parameters stand in an earlier row, because parts share them.
template <std::floating_point T>
void summarize(const std::string& prefix, const Composition<T>& composition,
               std::span<const Shape> x, std::set<const AnyLayer<T>*>& counted, Summary& summary) {
  ValueShapes<T> shapes(x);
  for (const typename Composition<T>::Part& part : composition.parts) {
    const std::vector<Shape> inputs = shapes.into(part);
    const std::string name = prefix + part.name;
    LayerSummary row{.name = name,
                     .kind = std::string(part.layer->traits().kind),
                     .options = OptionText::of(*part.layer),
                     .output = part.layer->output_shape(inputs),
                     .flops = part.layer->flops(inputs)};
    if (counted.insert(part.layer).second) {
      for (const Parameter<T>* each : part.layer->parameters())
        row.parameters += each->value.size();
    }
    summary.layers.push_back(std::move(row));
    summarize(name + '.', part.layer->composition(), inputs, counted, summary);
    shapes.add(part);
  }
}

}  // namespace detail

///@{
/// The layers of a network for a batch of shape x (N, ...), in order; of several inputs, the shape
/// of each.
/// @throws ShapeError, naming the layer, if x does not fit.
template <std::floating_point T>
Summary summary(const NeuralNetwork<T>& network, std::span<const Shape> x) {
  Summary summary{.inputs = {}, .layers = {}, .flops = network.flops(x)};
  const Composition<T> composition = network.composition();
  for (std::size_t i = 0; i < x.size(); ++i) {
    summary.inputs.push_back(
        {.name = composition.inputs[i], .kind = {}, .options = {}, .output = x[i]});
  }
  for (const Parameter<T>* parameter : network.parameters()) {
    summary.parameters += parameter->value.size();
  }
  std::set<const AnyLayer<T>*> counted;
  detail::summarize("", composition, x, counted, summary);
  return summary;
}
template <std::floating_point T>
Summary summary(const NeuralNetwork<T>& network, const Shape& x) {
  return summary(network, std::span(&x, 1));
}
///@}

/// A table with a line for each layer, and one for the totals.
///
///   layer    kind    options         output    parameters  MFLOP
///   x                                (1, 784)
///   affine1  affine  in 784, out 50  (1, 50)       39,250  0.078
///   total                                          39,250  0.078
inline std::string to_string(const Summary& summary) {
  std::vector<std::vector<std::string>> rows{
      {"layer", "kind", "options", "output", "parameters", "MFLOP"}};
  for (const LayerSummary& input : summary.inputs) {
    rows.push_back({input.name, "", "", to_string(input.output), "", ""});
  }
  const auto numbers = [](Index parameters, Index flops) {
    return std::pair(parameters == 0 ? "" : detail::grouped(parameters),
                     flops == 0 ? "" : detail::fixed(static_cast<double>(flops) * 1e-6, 3));
  };
  for (const LayerSummary& layer : summary.layers) {
    const auto [parameters, flops] = numbers(layer.parameters, layer.flops);
    rows.push_back(
        {layer.name, layer.kind, layer.options, to_string(layer.output), parameters, flops});
  }
  const auto [parameters, flops] = numbers(summary.parameters, summary.flops);
  rows.push_back({"total", "", "", "", parameters, flops});
  return detail::text_table(rows, 4);
}

namespace detail {

/// A graph in the language of Graphviz, built layer by layer.
template <std::floating_point T>
class DotGraph {
 public:
  /// Adds the node of an input of the network; returns its name. No layer has a name with a space.
  std::string add_input(const std::string& name, const Shape& x) {
    node("input " + name, str_cat(name, '\n', x));
    return "input " + name;
  }

  /// Adds the parts of a composite, with a prefix before each name; `from` has the node of each
  /// input. Returns the node of the first output.
  std::string add(const std::string& prefix, const Composition<T>& composition,
                  std::vector<std::string> from, std::span<const Shape> x) {
    ValueShapes<T> shapes(x);
    for (const typename Composition<T>::Part& part : composition.parts) {
      std::vector<std::string> inputs;
      for (const Index i : part.inputs) inputs.push_back(from[static_cast<std::size_t>(i)]);
      from.push_back(add_part(prefix + part.name, *part.layer, inputs, shapes.into(part)));
      shapes.add(part);
    }
    return from[static_cast<std::size_t>(composition.outputs.front())];
  }

  std::string finish() && { return str_cat("digraph {\nnode [shape = box];\n", text_, "}\n"); }

 private:
  std::string add_part(const std::string& name, const AnyLayer<T>& layer,
                       const std::vector<std::string>& from, const std::vector<Shape>& x) {
    const Composition<T> composition = layer.composition();
    const std::string title = str_cat(name, ": ", layer.traits().kind);
    if (composition.parts.empty()) {
      const std::string options = OptionText::of(layer);
      node(name, str_cat(title, options.empty() ? "" : "\n", options, '\n', layer.output_shape(x)));
      for (const std::string& each : from) edge(each, name);
      return name;
    }
    text_ += str_cat("subgraph ", quoted("cluster " + name), " {\nlabel = ", quoted(title), ";\n");
    std::string output = add(name + '.', composition, from, x);
    text_ += "}\n";
    return output;
  }

  static std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') result += '\\';
      if (c == '\n') {
        result += "\\n";
      } else {
        result += c;
      }
    }
    return result + '"';
  }

  void node(const std::string& name, const std::string& label) {
    text_ += str_cat(quoted(name), " [label = ", quoted(label), "];\n");
  }
  void edge(const std::string& from, const std::string& to) {
    text_ += str_cat(quoted(from), " -> ", quoted(to), ";\n");
  }

  std::string text_;
};

}  // namespace detail

///@{
/// The network as a graph in Graphviz's DOT language, for a batch of shape x (N, ...), or a shape
/// for each input; render it with `dot -Tpng`. The parts of a composite layer are framed.
/// @throws ShapeError, naming the layer, if x does not fit.
template <std::floating_point T>
std::string to_dot(const NeuralNetwork<T>& network, std::span<const Shape> x) {
  network.flops(x);
  const Composition<T> composition = network.composition();
  detail::DotGraph<T> graph;
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < x.size(); ++i) {
    inputs.push_back(graph.add_input(composition.inputs[i], x[i]));
  }
  graph.add("", composition, std::move(inputs), x);
  return std::move(graph).finish();
}
template <std::floating_point T>
std::string to_dot(const NeuralNetwork<T>& network, const Shape& x) {
  return to_dot(network, std::span(&x, 1));
}
///@}

}  // namespace dlfs
DLFS_STRICT_MATH_END
