#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/data/one_hot.hpp"
#include "dlfs/io/npz.hpp"
#include "dlfs/io/pickle.hpp"
#include "dlfs/net/neural_network.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Parses an .npz archive or a pickle; the contents decide, not the file's name.
template <std::floating_point T>
std::vector<NamedTensor<T>> parse_weights(const ByteReader& file) {
  if (as_text(file.left()).starts_with("PK")) return parse_npz<T>(file);
  if (as_text(file.left()).starts_with("\x80")) return parse_pickle<T>(file);
  file.fail("expected an .npz archive or a pickle");
}

/// The book's names of parameters, in order: W1, b1, W2, b2, gamma1, beta1, ...
template <std::floating_point T>
std::vector<std::string> book_names(const NeuralNetwork<T>& network) {
  std::map<std::string, int> counts;
  std::vector<std::string> names;
  for (const Parameter<T>* parameter : network.parameters()) {
    std::string kind = parameter->name.substr(parameter->name.rfind('.') + 1);
    if (kind == "weight") kind = "W";
    if (kind == "bias") kind = "b";
    const int number = ++counts[kind];
    names.push_back(str_cat(kind, number));
  }
  return names;
}

/// A tensor of a network, and the name of its array in the file.
template <class T>
struct WeightTarget {
  std::string name;
  NamedTensor<T>* tensor;
};

/// The targets by the network's names, such as "conv1.weight". If no name in the file has a dot, by
/// the book's names, which do not include running statistics.
template <std::floating_point T>
std::vector<WeightTarget<T>> weight_targets(NeuralNetwork<T>& network,
                                            const std::vector<NamedTensor<T>>& arrays) {
  const bool has_own_names = std::any_of(
      arrays.begin(), arrays.end(),
      [](const NamedTensor<T>& array) { return array.name.find('.') != std::string::npos; });
  std::vector<WeightTarget<T>> targets;
  const auto names = book_names(network);
  for (Parameter<T>* parameter : network.parameters()) {
    targets.push_back({has_own_names ? parameter->name : names[targets.size()], parameter});
  }
  if (has_own_names) {
    for (NamedTensor<T>* buffer : network.buffers()) targets.push_back({buffer->name, buffer});
  }
  return targets;
}

inline constexpr std::string_view categories_ending = ".categories";

/// The UTF-8 bytes of the categories, each followed by a 0. @throws ValueError for a 0 in one.
template <std::floating_point T>
Tensor<T> text_of(const OneHot& encoding) {
  std::string text;
  for (const std::string& category : encoding.categories()) {
    if (category.find('\0') != std::string::npos) {
      throw ValueError("save_weights: the category '", category, "' has a zero byte");
    }
    text += category;
    text += '\0';
  }
  Tensor<T> bytes({std::ssize(text)});
  std::transform(text.begin(), text.end(), bytes.begin(),
                 [](char c) { return static_cast<T>(static_cast<std::uint8_t>(c)); });
  return bytes;
}

template <std::floating_point T>
OneHot encoding_of(const NamedTensor<T>& array, const ByteReader& file) {
  std::vector<std::string> categories;
  std::string category;
  for (const T value : array.value) {
    if (!(value >= 0 && value <= 255 && value == std::trunc(value))) {
      file.fail("array '", array.name, "': ", value, " is no byte of a text");
    }
    const char c = static_cast<char>(static_cast<std::uint8_t>(value));
    if (c != '\0') {
      category += c;
    } else {
      categories.push_back(std::exchange(category, {}));
    }
  }
  if (!category.empty()) file.fail("array '", array.name, "': '", category, "' has no end");
  try {
    return OneHot(std::move(categories));
  } catch (const ValueError& error) {
    file.fail("array '", array.name, "': ", error.what());
  }
}

/// Moves the encodings out of the arrays.
template <std::floating_point T>
std::map<std::string, OneHot> take_encodings(std::vector<NamedTensor<T>>& arrays,
                                             const ByteReader& file) {
  std::map<std::string, OneHot> encodings;
  std::erase_if(arrays, [&](const NamedTensor<T>& array) {
    if (!array.name.ends_with(categories_ending)) return false;
    const auto length = array.name.size() - categories_ending.size();
    encodings[array.name.substr(0, length)] = encoding_of(array, file);
    return true;
  });
  return encodings;
}

/// Replaces a network's tensors by arrays of a file.
template <std::floating_point T>
void set_weights(std::vector<NamedTensor<T>> arrays, NeuralNetwork<T>& network,
                 const ByteReader& file) {
  const auto targets = weight_targets(network, arrays);

  std::map<std::string_view, Tensor<T>*> by_name;
  for (auto& array : arrays) by_name[array.name] = &array.value;
  std::vector<std::pair<Tensor<T>*, Tensor<T>*>> moves;  // from, to
  for (const auto& [name, tensor] : targets) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      file.fail("there is no array '", name, "', expected ", tensor->value.shape(), " for ",
                tensor->name);
    }
    if (found->second->shape() != tensor->value.shape()) {
      file.fail("array '", name, "': expected shape ", tensor->value.shape(), " for ", tensor->name,
                ", found ", found->second->shape());
    }
    moves.emplace_back(found->second, &tensor->value);
    by_name.erase(found);
  }
  if (!by_name.empty()) {
    const auto& [name, value] = *by_name.begin();
    file.fail("array '", name, "' of shape ", value->shape(), " belongs to no parameter");
  }
  for (const auto& [from, to] : moves) *to = std::move(*from);
}

}  // namespace detail

/// Loads every parameter and buffer of a network from an .npz archive or a pickle; the contents
/// decide which it is. The arrays have either the network's names, as save_weights writes them, or
/// the book's: W1, b1, W2, b2, ... for the first, second, ... weight and bias, and gamma1 and beta1
/// in the same way. The book's files have no running statistics; the network then keeps its own.
/// @throws FormatError, and leaves the network unchanged, for an array that is missing, superfluous
///   or of another shape, and like read_npz and read_pickle; IoError if the file cannot be read.
template <std::floating_point T>
void load_weights(const std::filesystem::path& path, NeuralNetwork<T>& network) {
  const auto bytes = detail::read_file(path);
  const detail::ByteReader file(bytes, str_cat("load_weights: ", path.string()));
  detail::set_weights(detail::parse_weights<T>(file), network, file);
}

/// The same, and the encodings that were saved with the network, by their names.
template <std::floating_point T>
void load_weights(const std::filesystem::path& path, NeuralNetwork<T>& network,
                  std::map<std::string, OneHot>& encodings) {
  const auto bytes = detail::read_file(path);
  const detail::ByteReader file(bytes, str_cat("load_weights: ", path.string()));
  auto arrays = detail::parse_weights<T>(file);
  auto found = detail::take_encodings(arrays, file);
  detail::set_weights(std::move(arrays), network, file);
  encodings = std::move(found);
}

/// Saves every parameter and buffer of a network as an .npz archive under the network's names, such
/// as "conv1.weight"; and encodings under theirs, as "species.categories". The new file replaces an
/// old one of the same name only when it is complete.
/// @throws IoError if the file cannot be written; ValueError for a category with a zero byte; and
///   like write_npz.
template <std::floating_point T>
void save_weights(const std::filesystem::path& path, const NeuralNetwork<T>& network,
                  const std::map<std::string, OneHot>& encodings = {}) {
  std::vector<NamedView<T>> tensors;
  for (const auto* parameter : network.parameters()) tensors.emplace_back(*parameter);
  for (const auto* buffer : network.buffers()) tensors.emplace_back(*buffer);
  for (const auto& [name, encoding] : encodings) {
    tensors.emplace_back(str_cat(name, detail::categories_ending), detail::text_of<T>(encoding));
  }
  write_npz(path, tensors);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
