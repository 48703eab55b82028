#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/net/sequential.hpp"
#include "dlfs/tools/text_table.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A layer in the summary of a network.
struct LayerSummary {
  std::string name;      ///< name in the network; of a layer inside a composite: "block1.conv1"
  std::string kind;      ///< "convolution"
  Shape output;          ///< the shape of its output
  Index parameters = 0;  ///< number of learned numbers
  Index flops = 0;       ///< FLOP of a forward pass, in matrix products and convolutions
};

/// The layers of a network. A composite layer comes before its parts, and its numbers include
/// theirs, as the totals do.
struct Summary {
  Shape input;                       ///< the shape of x
  std::vector<LayerSummary> layers;  ///< the layers in their order
  Index parameters = 0;              ///< numbers that are learned
  Index flops = 0;                   ///< of a forward pass
};

namespace detail {

template <std::floating_point T>
void summarize(const std::string& name, const AnyLayer<T>& layer, Shape x, Summary& summary) {
  LayerSummary row{name, std::string(layer.traits().kind), layer.output_shape(x), 0,
                   layer.flops(x)};
  for (const Parameter<T>* parameter : layer.parameters())
    row.parameters += parameter->value.size();
  summary.layers.push_back(std::move(row));

  const Composition<T> composition = layer.composition();
  for (const typename Composition<T>::Part& part : composition.parts) {
    summarize(str_cat(name, '.', part.name), *part.layer, x, summary);
    if (composition.join == Composition<T>::Join::chain) x = part.layer->output_shape(x);
  }
}

}  // namespace detail

/// The layers of a network for a batch of shape x (N, ...), in order.
/// @throws ShapeError, naming the layer, if x does not fit.
template <std::floating_point T>
Summary summary(const Sequential<T>& network, Shape x) {
  Summary summary{.input = x, .layers = {}, .flops = network.flops(x)};
  for (const Parameter<T>* parameter : network.parameters()) {
    summary.parameters += parameter->value.size();
  }
  for (const typename Composition<T>::Part& part : network.composition().parts) {
    detail::summarize(part.name, *part.layer, x, summary);
    x = part.layer->output_shape(x);
  }
  return summary;
}

/// A table with a line for each layer, and one for the totals.
///
///   layer    kind         output         parameters  MFLOP
///   x                     (1, 784)
///   affine1  affine       (1, 50)            39,250  0.078
///   total                                    39,250  0.078
inline std::string to_string(const Summary& summary) {
  std::vector<std::vector<std::string>> rows{{"layer", "kind", "output", "parameters", "MFLOP"},
                                             {"x", "", to_string(summary.input), "", ""}};
  const auto numbers = [](Index parameters, Index flops) {
    return std::pair(parameters == 0 ? "" : detail::grouped(parameters),
                     flops == 0 ? "" : detail::fixed(static_cast<double>(flops) * 1e-6, 3));
  };
  for (const LayerSummary& layer : summary.layers) {
    const auto [parameters, flops] = numbers(layer.parameters, layer.flops);
    rows.push_back({layer.name, layer.kind, to_string(layer.output), parameters, flops});
  }
  const auto [parameters, flops] = numbers(summary.parameters, summary.flops);
  rows.push_back({"total", "", "", parameters, flops});
  return detail::text_table(rows, 3);
}

namespace detail {

/// A graph in the language of Graphviz, built layer by layer.
template <std::floating_point T>
class DotGraph {
 public:
  /// The node of the network's input. No layer has an empty name.
  static constexpr const char* input = "";

  explicit DotGraph(const Shape& x) { node(input, str_cat("x\n", x)); }

  /// Adds a layer that takes the output of the node `from`; returns the node of its own output.
  std::string add(const std::string& name, const AnyLayer<T>& layer, const std::string& from,
                  const Shape& x) {
    const Composition<T> composition = layer.composition();
    const std::string title = str_cat(name, ": ", layer.traits().kind);
    if (composition.parts.empty()) {
      node(name, str_cat(title, '\n', layer.output_shape(x)));
      edge(from, name);
      return name;
    }
    text_ += str_cat("subgraph ", quoted("cluster " + name), " {\nlabel = ", quoted(title), ";\n");
    std::string output = add_parts(name + '.', composition, from, x);
    text_ += "}\n";
    return output;
  }

  /// Adds the parts of a composite, with a prefix before each name.
  std::string add_parts(const std::string& prefix, const Composition<T>& composition,
                        const std::string& from, const Shape& x) {
    if (composition.join != Composition<T>::Join::chain)
      return add_branches(prefix, composition, from, x);
    std::string last = from;
    Shape shape = x;
    for (const typename Composition<T>::Part& part : composition.parts) {
      last = add(prefix + part.name, *part.layer, last, shape);
      shape = part.layer->output_shape(shape);
    }
    return last;
  }

  std::string finish() && { return str_cat("digraph {\nnode [shape = box];\n", text_, "}\n"); }

 private:
  std::string add_branches(const std::string& prefix, const Composition<T>& composition,
                           const std::string& from, const Shape& x) {
    const bool is_sum = composition.join == Composition<T>::Join::sum;
    std::string join = prefix + (is_sum ? "sum" : "concatenation");
    node(join, is_sum ? "+" : "concatenate");
    for (const typename Composition<T>::Part& part : composition.parts) {
      edge(add(prefix + part.name, *part.layer, from, x), join);
    }
    return join;
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

/// The network as a graph in Graphviz's DOT language, for a batch of shape x (N, ...); render it
/// with `dot -Tpng`. The parts of a composite layer are framed.
/// @throws ShapeError, naming the layer, if x does not fit.
template <std::floating_point T>
std::string to_dot(const Sequential<T>& network, const Shape& x) {
  network.output_shape(x);
  detail::DotGraph<T> graph(x);
  graph.add_parts("", network.composition(), graph.input, x);
  return std::move(graph).finish();
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
