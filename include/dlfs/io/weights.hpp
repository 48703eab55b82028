#pragma once

#include <algorithm>
#include <concepts>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/npz.hpp"
#include "dlfs/io/pickle.hpp"
#include "dlfs/net/sequential.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Parses an .npz archive or a pickle; the contents decide, not the file's name.
template <std::floating_point T>
std::vector<NamedTensor<T>> parse_weights(const ByteReader& file) {
  if (as_text(file.left()).starts_with("PK")) return parse_npz<T>(file);
  if (as_text(file.left()).starts_with("\x80")) return Unpickler(file).arrays<T>();
  file.fail("expected an .npz archive or a pickle");
}

/// The book's names of parameters, in order: W1, b1, W2, b2, gamma1, beta1, ...
template <std::floating_point T>
std::vector<std::string> book_names(const Sequential<T>& network) {
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
std::vector<WeightTarget<T>> weight_targets(Sequential<T>& network,
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

}  // namespace detail

/// Loads every parameter and buffer of a network from an .npz archive or a pickle; the contents
/// decide which it is. The arrays have either the network's names, as save_weights writes them, or
/// the book's: W1, b1, W2, b2, ... for the first, second, ... weight and bias, and gamma1 and beta1
/// in the same way. The book's files have no running statistics; the network then keeps its own.
/// @throws FormatError, and leaves the network unchanged, for an array that is missing, superfluous
///   or of another shape, and like read_npz and read_pickle; IoError if the file cannot be read.
template <std::floating_point T>
void load_weights(const std::filesystem::path& path, Sequential<T>& network) {
  const auto bytes = detail::read_file(path);
  const detail::ByteReader file(bytes, str_cat("load_weights: ", path.string()));
  auto arrays = detail::parse_weights<T>(file);
  const auto targets = detail::weight_targets(network, arrays);

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

/// Saves every parameter and buffer of a network as an .npz archive under the network's names, such
/// as "conv1.weight". The new file replaces an old one of the same name only when it is complete.
/// @throws IoError if the file cannot be written, and like write_npz.
template <std::floating_point T>
void save_weights(const std::filesystem::path& path, const Sequential<T>& network) {
  std::vector<NamedView<T>> tensors;
  for (const auto* parameter : network.parameters()) tensors.emplace_back(*parameter);
  for (const auto* buffer : network.buffers()) tensors.emplace_back(*buffer);
  write_npz(path, tensors);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
