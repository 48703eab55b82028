#pragma once

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/net/neural_network.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Whose names and shapes the weights in a file have.
enum class WeightLayout {
  dlfs,    ///< the network's own: "affine1.weight" of shape (in, out), "norm1.gamma"
  pytorch  ///< those of torch.nn: "affine1.weight" of shape (out, in), "norm1.weight"
};

/// A rule that renames: `from` is a whole name in which each * stands for any characters, and `to`
/// what takes its place, with the same characters for its first *, second *, ...
///
///   {"module.*", "*"}   {"layers.*.fc.*", "block*.affine.*"}
struct RenameRule {
  std::string from;  ///< names that it changes
  std::string to;    ///< what they become
};

namespace detail {

/// The texts that the stars of a pattern stand for, each as short as possible from the left; or
/// nothing if the name does not match.
inline std::optional<std::vector<std::string_view>> match_stars(std::string_view pattern,
                                                                std::string_view name) {
  std::vector<std::string_view> texts;
  std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) {
    if (pattern != name) return std::nullopt;
    return texts;
  }
  if (!name.starts_with(pattern.substr(0, star))) return std::nullopt;
  name.remove_prefix(star);
  for (;;) {
    pattern.remove_prefix(star + 1);
    star = pattern.find('*');
    const std::string_view literal = pattern.substr(0, star);
    const bool is_last = star == std::string_view::npos;
    if (is_last && !name.ends_with(literal)) return std::nullopt;
    const std::size_t found = is_last ? name.size() - literal.size() : name.find(literal);
    if (found == std::string_view::npos) return std::nullopt;
    texts.push_back(name.substr(0, found));
    if (is_last) return texts;
    name.remove_prefix(found + literal.size());
  }
}

/// The name after all rules, each applied to what the one before it made.
/// @throws ValueError for a rule whose `to` has more stars than its `from`.
inline std::string renamed(std::string name, std::span<const RenameRule> rules) {
  for (const RenameRule& rule : rules) {
    if (std::count(rule.to.begin(), rule.to.end(), '*') >
        std::count(rule.from.begin(), rule.from.end(), '*')) {
      throw ValueError("rename: '", rule.to, "' has more stars than '", rule.from, "'");
    }
    const auto texts = match_stars(rule.from, name);
    if (!texts) continue;
    std::string result;
    auto text = texts->begin();
    for (const char c : rule.to) {
      if (c == '*') {
        result += *text++;
      } else {
        result += c;
      }
    }
    name = std::move(result);
  }
  return name;
}

/// What becomes of a tensor's shape on the way to a file.
enum class ShapeChange {
  none,
  transposed,
  flattened,  // the file may have several axes
};

/// A tensor's name in a layer of PyTorch, and what differs in its shape. Source: docs/pytorch.md,
/// each row of which has a test that compares the layer with PyTorch's.
struct PytorchTensor {
  std::string_view kind;  // the layer's
  std::string_view own_name, name;
  ShapeChange change = ShapeChange::none;
};

// clang-format off
inline constexpr PytorchTensor pytorch_tensors[] = {
    {"affine", "weight", "weight", ShapeChange::transposed},
    {"linear", "weight", "weight", ShapeChange::transposed},
    {"multi-head attention", "in_proj_weight", "in_proj_weight", ShapeChange::transposed},
    {"multi-head attention", "out_proj_weight", "out_proj.weight", ShapeChange::transposed},
    {"multi-head attention", "out_proj_bias", "out_proj.bias"},
    {"batch normalization", "gamma", "weight"},
    {"batch normalization", "beta", "bias"},
    {"batch normalization", "running_variance", "running_var"},
    {"group normalization", "gamma", "weight"},
    {"group normalization", "beta", "bias"},
    {"instance normalization", "gamma", "weight"},
    {"instance normalization", "beta", "bias"},
    {"layer normalization", "gamma", "weight", ShapeChange::flattened},
    {"layer normalization", "beta", "bias", ShapeChange::flattened},
    {"rms normalization", "gamma", "weight", ShapeChange::flattened},
    {"prelu", "slope", "weight"},
    {"lstm", "weight_ih", "weight_ih_l0", ShapeChange::transposed},
    {"lstm", "weight_hh", "weight_hh_l0", ShapeChange::transposed},
    {"lstm", "bias_ih", "bias_ih_l0"},
    {"lstm", "bias_hh", "bias_hh_l0"},
    {"gru", "weight_ih", "weight_ih_l0", ShapeChange::transposed},
    {"gru", "weight_hh", "weight_hh_l0", ShapeChange::transposed},
    {"gru", "bias_ih", "bias_ih_l0"},
    {"gru", "bias_hh", "bias_hh_l0"},
    {"rnn", "weight_ih", "weight_ih_l0", ShapeChange::transposed},
    {"rnn", "weight_hh", "weight_hh_l0", ShapeChange::transposed},
    {"rnn", "bias_ih", "bias_ih_l0"},
    {"rnn", "bias_hh", "bias_hh_l0"},
};
// clang-format on

/// Whether the steps of a recurrent layer run from the last time to the first.
class ReverseOption final : public OptionVisitor {
 public:
  bool value = false;

 protected:
  void flag(std::string_view name, bool shown, bool) override {
    if (name == "reverse") value = shown;
  }
  void integer(std::string_view, Index, bool) override {}
  void number(std::string_view, double, bool) override {}
  void text(std::string_view, std::string_view, bool) override {}
  void integers(std::string_view, std::span<const Index>, bool) override {}
};

/// A tensor's name and shape in a file.
struct StoredAs {
  std::string name;
  ShapeChange change = ShapeChange::none;

  Shape shape(const Shape& own) const {
    return change == ShapeChange::transposed && own.rank() == 2 ? Shape{own[1], own[0]} : own;
  }
  bool fits(const Shape& own, const Shape& stored) const {
    if (change == ShapeChange::flattened) return stored.size() == own.size();
    return stored == shape(own);
  }
};

/// The names and shapes of a network's tensors in a file of PyTorch. Tensors of layers that
/// PyTorch lacks keep theirs.
template <std::floating_point T>
class PytorchLayout {
 public:
  explicit PytorchLayout(const NeuralNetwork<T>& network) { add(network.composition()); }

  StoredAs of(const NamedTensor<T>& tensor) const {
    const auto found = tensors_.find(&tensor);
    return found == tensors_.end() ? StoredAs{tensor.name} : found->second;
  }
  /// Whether it is a number that PyTorch counts for itself.
  bool ignores(const std::string& name) const { return ignored_.contains(name); }

 private:
  void add(const Composition<T>& composition) {
    for (const typename Composition<T>::Part& part : composition.parts) {
      const Composition<T> inner = part.layer->composition();
      if (inner.parts.empty()) {
        add(*part.layer);
      } else {
        add(inner);
      }
    }
  }

  void add(const AnyLayer<T>& layer) {
    const std::string_view kind = layer.traits().kind;
    ReverseOption reverse;
    layer.visit_options(reverse);
    for (const NamedTensor<T>* tensor : layer.parameters()) add(kind, *tensor, reverse.value);
    for (const NamedTensor<T>* tensor : layer.buffers()) add(kind, *tensor, reverse.value);
  }

  void add(std::string_view kind, const NamedTensor<T>& tensor, bool is_reverse) {
    const std::size_t length = tensor.name.rfind('.') + 1;  // of the layer's name and a dot
    const std::string layer = tensor.name.substr(0, length);
    const std::string_view own_name = std::string_view(tensor.name).substr(length);
    if (kind == "batch normalization") ignored_.insert(layer + "num_batches_tracked");
    for (const PytorchTensor& each : pytorch_tensors) {
      if (each.kind != kind || each.own_name != own_name) continue;
      tensors_[&tensor] = {str_cat(layer, each.name, is_reverse ? "_reverse" : ""), each.change};
    }
  }

  std::map<const NamedTensor<T>*, StoredAs> tensors_;
  std::set<std::string> ignored_;
};

}  // namespace detail
}  // namespace dlfs
DLFS_STRICT_MATH_END
