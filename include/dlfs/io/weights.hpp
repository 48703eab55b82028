#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/data/one_hot.hpp"
#include "dlfs/io/file.hpp"
#include "dlfs/io/named_view.hpp"
#include "dlfs/io/npz.hpp"
#include "dlfs/io/pickle.hpp"
#include "dlfs/io/pytorch.hpp"
#include "dlfs/io/safetensors.hpp"
#include "dlfs/io/weight_layout.hpp"
#include "dlfs/net/neural_network.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of load_weights.
struct LoadWeightsOptions {
  /// Whether a tensor of the network that the file lacks, and an array that belongs to no tensor,
  /// is an error. Otherwise the former keeps its values, and the latter is left out.
  bool strict = true;
  /// Rules for the names in the file, applied in order: each to what the one before it made.
  std::vector<RenameRule> rename{};
  /// What the file has. A file of PyTorch has PyTorch's layout unless this says otherwise, an .npz
  /// archive and a pickle that of dlfs, and a safetensors file what it says itself: "pt" or "dlfs"
  /// as the "format" in its metadata.
  std::optional<WeightLayout> from{};
};

/// Options of save_weights.
struct SaveWeightsOptions {
  WeightLayout to = WeightLayout::dlfs;  ///< the names and shapes in the file
  std::vector<RenameRule> rename{};      ///< rules for these names, applied in order
};

/// What load_weights left out because it was not strict.
struct LoadedWeights {
  std::vector<std::string> missing{};     ///< names in the file of tensors that it lacks
  std::vector<std::string> unexpected{};  ///< its arrays that belong to no tensor
};

namespace detail {

/// The arrays of a file, and whose layout they have if the file says so.
template <std::floating_point T>
struct WeightArrays {
  std::vector<NamedTensor<T>> arrays;
  std::optional<WeightLayout> layout;
};

/// Parses a file of any kind; the contents decide, not the file's name.
template <std::floating_point T>
WeightArrays<T> parse_weights(const MappedFile& mapped, const ByteReader& file) {
  const std::string_view text = as_text(file.left());
  if (SafetensorsHeader::is_at(file.left())) {
    const SafetensorsHeader header(file);
    const auto format = header.metadata.find(std::string(safetensors_format));
    std::optional<WeightLayout> layout;
    if (format != header.metadata.end() && format->second == "pt") layout = WeightLayout::pytorch;
    if (format != header.metadata.end() && format->second == "dlfs") layout = WeightLayout::dlfs;
    return {parse_safetensors<T>(header, file, [&](ByteSpan part) { mapped.release(part); }),
            layout};
  }
  if (text.starts_with(old_torch_beginning) ||
      (text.starts_with("PK") && TorchArchive::is_at(ZipReader(file)))) {
    return {parse_pytorch<T>(file), WeightLayout::pytorch};
  }
  if (text.starts_with("PK")) return {parse_npz<T>(file), WeightLayout::dlfs};
  if (!text.empty() && Unpickler::is_first(file.left().front())) {
    return {parse_pickle<T>(file), WeightLayout::dlfs};
  }
  file.fail("expected a safetensors file, one of PyTorch, an .npz archive or a pickle");
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

/// A tensor of a network, and what it is in the file.
template <class T>
struct WeightTarget {
  StoredAs stored;
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
    targets.push_back({{has_own_names ? parameter->name : names[targets.size()]}, parameter});
  }
  if (has_own_names) {
    for (NamedTensor<T>* buffer : network.buffers()) targets.push_back({{buffer->name}, buffer});
  }
  return targets;
}

/// The targets of a file in PyTorch's layout. It removes the arrays that PyTorch alone needs.
template <std::floating_point T>
std::vector<WeightTarget<T>> pytorch_targets(NeuralNetwork<T>& network,
                                             std::vector<NamedTensor<T>>& arrays) {
  const PytorchLayout<T> layout(network);
  std::vector<WeightTarget<T>> targets;
  for (Parameter<T>* parameter : network.parameters()) {
    targets.push_back({layout.of(*parameter), parameter});
  }
  for (NamedTensor<T>* buffer : network.buffers()) targets.push_back({layout.of(*buffer), buffer});
  std::erase_if(arrays, [&](const NamedTensor<T>& array) { return layout.ignores(array.name); });
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

/// An array of a file as the network has it.
template <class T>
Tensor<T> from_stored(Tensor<T>&& array, const StoredAs& stored, const Shape& shape) {
  if (stored.change == ShapeChange::transposed) return copy(array.view().transpose());
  if (stored.change == ShapeChange::flattened) return copy(array.view().reshape(shape));
  return std::move(array);
}

/// Replaces a network's tensors by arrays of a file.
template <std::floating_point T>
LoadedWeights set_weights(WeightArrays<T> weights, NeuralNetwork<T>& network,
                          const LoadWeightsOptions& options, const ByteReader& file) {
  auto& arrays = weights.arrays;
  std::erase_if(arrays, [](const auto& array) { return array.name.starts_with(test_prefix); });
  for (auto& array : arrays) array.name = renamed(std::move(array.name), options.rename);
  const std::optional<WeightLayout> layout = options.from ? options.from : weights.layout;
  if (!layout) {
    file.fail("the file does not say whether the layout of its weights is PyTorch's or that of ",
              "dlfs; the option .from says it");
  }
  const auto targets = *layout == WeightLayout::pytorch ? pytorch_targets(network, arrays)
                                                        : weight_targets(network, arrays);

  std::map<std::string_view, Tensor<T>*> by_name;
  for (auto& array : arrays) {
    if (!by_name.emplace(array.name, &array.value).second) {
      file.fail("two arrays have the name '", array.name, "'");
    }
  }
  std::vector<std::pair<Tensor<T>*, const WeightTarget<T>*>> moves;  // from, to
  std::vector<std::string> problems;
  LoadedWeights left_out;
  for (const WeightTarget<T>& target : targets) {
    const auto& [stored, tensor] = target;
    const Shape& own = tensor->value.shape();
    const auto found = by_name.find(stored.name);
    if (found == by_name.end()) {
      left_out.missing.push_back(stored.name);
      if (options.strict) {
        problems.push_back(str_cat("there is no array '", stored.name, "', expected ",
                                   stored.shape(own), " for ", tensor->name));
      }
      continue;
    }
    if (stored.fits(own, found->second->shape())) {
      moves.emplace_back(found->second, &target);
    } else {
      problems.push_back(str_cat("array '", stored.name, "': expected shape ", stored.shape(own),
                                 " for ", tensor->name, ", found ", found->second->shape()));
    }
    by_name.erase(found);
  }
  for (const auto& [name, value] : by_name) {
    left_out.unexpected.emplace_back(name);
    if (options.strict) {
      problems.push_back(
          str_cat("array '", name, "' of shape ", value->shape(), " belongs to no parameter"));
    }
  }
  if (problems.size() == 1) file.fail(problems.front());
  if (!problems.empty()) {
    std::string lines;
    for (const std::string& problem : problems) lines += "\n  " + problem;
    file.fail("it does not fit the network:", lines);
  }
  if (moves.empty() && !targets.empty() && !arrays.empty()) {
    file.fail("none of its ", arrays.size(), " arrays belongs to the network; the first is '",
              arrays.front().name, "', the network's first is '", targets.front().stored.name, "'");
  }
  std::vector<Tensor<T>> values;  // before the first of them is moved, as memory may run out
  values.reserve(moves.size());
  for (const auto& [from, to] : moves) {
    values.push_back(from_stored(std::move(*from), to->stored, to->tensor->value.shape()));
  }
  for (std::size_t i = 0; i < moves.size(); ++i) {
    moves[i].second->tensor->value = std::move(values[i]);
  }
  return left_out;
}

/// The tensors as a file of this layout has them.
template <std::floating_point T>
std::vector<NamedView<T>> stored_views(const NeuralNetwork<T>& network,
                                       const SaveWeightsOptions& options) {
  std::vector<NamedView<T>> views;
  std::optional<PytorchLayout<T>> layout;
  if (options.to == WeightLayout::pytorch) layout.emplace(network);
  const auto add = [&](const NamedTensor<T>& tensor) {
    const StoredAs stored = layout ? layout->of(tensor) : StoredAs{tensor.name};
    const TensorView<const T> value = tensor.value;
    views.emplace_back(renamed(stored.name, options.rename),
                       stored.change == ShapeChange::transposed ? value.transpose() : value);
  };
  for (const auto* parameter : network.parameters()) add(*parameter);
  for (const auto* buffer : network.buffers()) add(*buffer);
  return views;
}

/// Writes a safetensors file if the path has that ending, or an .npz archive.
template <std::floating_point T>
void store_weights(const std::filesystem::path& path, const std::vector<NamedView<T>>& tensors,
                   WeightLayout layout) {
  if (path.extension() != ".safetensors") return write_npz(path, tensors);
  write_safetensors(
      path, tensors,
      {{std::string(safetensors_format), layout == WeightLayout::pytorch ? "pt" : "dlfs"}});
}

}  // namespace detail

/// Loads every parameter and buffer of a network from a safetensors file, a state_dict that PyTorch
/// saved (.pt, .pth), an .npz archive or a pickle; the contents decide which it is.
///
///   load_weights("digits.npz", network);
///   load_weights("resnet.pt", network, {.rename = {{"module.*", "*"}}});
///   load_weights("model.safetensors", network, {.from = WeightLayout::pytorch});
///
/// The arrays have either the network's names, as save_weights writes them, or the book's: W1, b1,
/// W2, b2, ... for the first, second, ... weight and bias, and gamma1 and beta1 in the same way.
/// The book's files have no running statistics; the network then keeps its own.
///
/// PyTorch's layout: a layer of the network has the name of PyTorch's module, after `rename`. Then
/// the kind of the layer decides about the names and shapes of its tensors, as docs/pytorch.md
/// describes, and never the shapes themselves, so that a square weight is transposed as any other.
/// Layers of PyTorch that have several layers or directions, such as nn.LSTM(num_layers=2), are
/// several here: {"lstm.*_l1", "lstm2.*_l0"}.
///
/// Reading executes nothing of a file.
/// @return What it left out, if it is not strict.
/// @throws FormatError, and leaves the network unchanged, that lists all arrays that are missing,
///   superfluous or of another shape; if none belongs to the network; for a safetensors file that
///   does not say what its layout is, without `from`; and like read_safetensors, read_pytorch,
///   read_npz and read_pickle; IoError if the file cannot be read; ValueError for a rule whose `to`
///   has more stars than its `from`.
template <std::floating_point T>
LoadedWeights load_weights(const std::filesystem::path& path, NeuralNetwork<T>& network,
                           const LoadWeightsOptions& options = {}) {
  const detail::MappedFile mapped(path);
  const detail::ByteReader file(mapped.bytes(), str_cat("load_weights: ", path.string()));
  return detail::set_weights(detail::parse_weights<T>(mapped, file), network, options, file);
}

/// The same, and the encodings that were saved with the network, by their names.
template <std::floating_point T>
void load_weights(const std::filesystem::path& path, NeuralNetwork<T>& network,
                  std::map<std::string, OneHot>& encodings) {
  const detail::MappedFile mapped(path);
  const detail::ByteReader file(mapped.bytes(), str_cat("load_weights: ", path.string()));
  auto weights = detail::parse_weights<T>(mapped, file);
  auto found = detail::take_encodings(weights.arrays, file);
  detail::set_weights(std::move(weights), network, {}, file);
  encodings = std::move(found);
}

/// Saves every parameter and buffer of a network under the network's names, such as "conv1.weight";
/// and encodings under theirs, as "species.categories". The file is a safetensors file if its
/// name ends in .safetensors, or an .npz archive. The new file replaces an old one of the same name
/// only when it is complete.
/// @throws IoError if the file cannot be written; ValueError for a category with a zero byte; and
///   like write_npz and write_safetensors.
template <std::floating_point T>
void save_weights(const std::filesystem::path& path, const NeuralNetwork<T>& network,
                  const std::map<std::string, OneHot>& encodings = {}) {
  auto tensors = detail::stored_views(network, {});
  for (const auto& [name, encoding] : encodings) {
    tensors.emplace_back(str_cat(name, detail::categories_ending), detail::text_of<T>(encoding));
  }
  detail::store_weights(path, tensors, WeightLayout::dlfs);
}

/// The same in another layout:
///
///   save_weights("digits.safetensors", network, {.to = WeightLayout::pytorch});
///
///   model.load_state_dict(safetensors.torch.load_file("digits.safetensors"))
///
/// The modules of the PyTorch model have the names of the network's layers.
template <std::floating_point T>
void save_weights(const std::filesystem::path& path, const NeuralNetwork<T>& network,
                  const SaveWeightsOptions& options) {
  detail::store_weights(path, detail::stored_views(network, options), options.to);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
