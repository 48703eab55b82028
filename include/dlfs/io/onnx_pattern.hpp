#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/onnx_model.hpp"

// Layers that are several nodes in a file.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

/// A tree of operators as text:
///
///   Mul($x,Sigmoid($x))        $x is any value, the same in each place
///   Add(MatMul($x,#w),#b)      #w is a constant tensor
///   Reshape($x,?s)             ?s is either
///   Softmax[-1](Mul($x,0.5))   a constant of one number; the attribute axis or
///   perm
///
/// The two inputs of Add and Mul may be the other way round.
struct Pattern {
  enum class Kind { value, constant, any, number, operation };

  Kind kind{};
  std::string_view name{};  // of a value, a constant or an operator
  double number = 0;
  std::vector<std::int64_t> attribute{};
  std::vector<Pattern> inputs{};

  static Pattern parse(std::string_view text) { return parse_next(text); }

 private:
  static std::string_view take(std::string_view& text, std::size_t count) {
    const std::string_view taken = text.substr(0, count);
    text.remove_prefix(count);
    return taken;
  }

  static Pattern parse_next(std::string_view& text) {
    Pattern pattern;
    const std::size_t length = std::min(text.find_first_of("([,)"), text.size());
    const std::string_view word = take(text, length);
    if (word[0] == '$' || word[0] == '#' || word[0] == '?') {
      pattern.kind = word[0] == '$' ? Kind::value : word[0] == '#' ? Kind::constant : Kind::any;
      pattern.name = word.substr(1);
      return pattern;
    }
    if (text.empty() || (text[0] != '(' && text[0] != '[')) {
      pattern.kind = Kind::number;
      std::from_chars(word.data(), word.data() + word.size(), pattern.number);
      return pattern;
    }
    pattern.kind = Kind::operation;
    pattern.name = word;
    if (text[0] == '[') {
      while (text[0] != ']') {
        take(text, 1);
        const std::string_view digits = take(text, text.find_first_of(",]"));
        std::int64_t number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        pattern.attribute.push_back(number);
      }
      take(text, 1);
    }
    while (text[0] != ')') {
      take(text, 1);
      pattern.inputs.push_back(parse_next(text));
    }
    take(text, 1);
    return pattern;
  }
};

/// What a pattern has found.
struct Match {
  std::map<std::string, std::string_view, std::less<>> names;  // of its values and constants
  std::vector<std::size_t> nodes;                              // the last one first

  std::string_view operator[](std::string_view name) const& { return names.find(name)->second; }
};

/// Finds patterns in a graph.
class PatternFinder {
 public:
  /// `constants` are the tensors of the file by name.
  PatternFinder(const Model& model,
                const std::map<std::string_view, const StoredTensor*>& constants,
                const ProtobufReader& file)
      : model_(model), constants_(constants), file_(file) {
    for (std::size_t i = 0; i < model.nodes.size(); ++i) {
      producers_[model.nodes[i].outputs.front()] = i;
      for (const std::string_view input : model.nodes[i].inputs) ++uses_[input];
    }
    for (const ValueInfo& output : model.outputs) ++uses_[output.name];
  }

  /// The pattern whose last node is this one, unless others read what is within
  /// it.
  std::optional<Match> find(const Pattern& pattern, std::size_t node) const {
    Match match;
    if (!is_match(pattern, model_.nodes[node].outputs.front(), match)) return std::nullopt;
    std::map<std::string_view, std::size_t> uses;
    const std::set<std::size_t> nodes(match.nodes.begin(), match.nodes.end());
    for (const std::size_t each : nodes) {
      for (const std::string_view input : model_.nodes[each].inputs) ++uses[input];
    }
    for (const std::size_t each : nodes) {
      if (each == node) continue;
      for (const std::string_view output : model_.nodes[each].outputs) {
        const auto all = uses_.find(output);
        if (all != uses_.end() && all->second != uses[output]) return std::nullopt;
      }
    }
    return match;
  }

 private:
  bool is_match(const Pattern& pattern, std::string_view name, Match& match) const {
    const auto constant = constants_.find(name);
    switch (pattern.kind) {
      case Pattern::Kind::value:
      case Pattern::Kind::constant: {
        if ((constant != constants_.end()) != (pattern.kind == Pattern::Kind::constant))
          return false;
        return match.names.emplace(pattern.name, name).first->second == name;
      }
      case Pattern::Kind::any:
        return match.names.emplace(pattern.name, name).first->second == name;
      case Pattern::Kind::number: {
        if (constant == constants_.end() || constant->second->count != 1) return false;
        return std::abs(constant->second->number(0) - pattern.number) <=
               1e-6 * std::abs(pattern.number);
      }
      case Pattern::Kind::operation:
        break;
    }
    const auto producer = producers_.find(name);
    if (producer == producers_.end()) return false;
    const Node& node = model_.nodes[producer->second];
    if (node.op != pattern.name || node.inputs.size() < pattern.inputs.size() ||
        !has_attribute(node, pattern)) {
      return false;
    }
    match.nodes.push_back(producer->second);
    const Match before = match;
    const auto are_matches = [&](bool swapped) {
      for (std::size_t i = 0; i < pattern.inputs.size(); ++i) {
        if (!is_match(pattern.inputs[i], node.inputs[swapped ? 1 - i : i], match)) return false;
      }
      return true;
    };
    if (are_matches(false)) return true;
    if ((node.op != "Add" && node.op != "Mul") || node.inputs.size() != 2 ||
        pattern.inputs.size() != 2) {
      return false;
    }
    match = before;
    return are_matches(true);
  }

  bool has_attribute(const Node& node, const Pattern& pattern) const {
    if (pattern.attribute.empty()) return true;
    for (const ByteSpan bytes : node.attributes) {
      ProtobufReader message(bytes, file_);
      bool is_it = false;
      while (const auto field = message.next()) {
        if (field->number != attribute_field::name) continue;
        const std::string_view name = text_of(*field, message);
        is_it = name == "axis" || name == "perm";
      }
      if (!is_it) continue;
      const AttributeValue value = parse_attribute({bytes, file_});
      if (value.integer) return pattern.attribute == std::vector{*value.integer};
      return pattern.attribute == value.integers;
    }
    return false;
  }

  const Model& model_;
  const std::map<std::string_view, const StoredTensor*>& constants_;
  const ProtobufReader& file_;
  std::map<std::string_view, std::size_t> producers_, uses_;
};

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
