#pragma once

#include <concepts>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "dlfs/io/file.hpp"
#include "dlfs/io/onnx_folding.hpp"
#include "dlfs/io/onnx_importer.hpp"
#include "dlfs/io/onnx_model.hpp"
#include "dlfs/io/onnx_operators.hpp"
#include "dlfs/io/onnx_pattern.hpp"

// Networks from ONNX files. The tables of onnx_operators.hpp list the operators that become layers.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail::onnx {

template <std::floating_point T>
void Importer<T>::find_patterns() {
  const PatternFinder finder(model_, stored_, file_);
  const std::vector<LayerPattern<T>> all = patterns<T>();
  std::vector<Pattern> parsed;
  parsed.reserve(all.size());
  for (const LayerPattern<T>& pattern : all) parsed.push_back(Pattern::parse(pattern.text));
  for (std::size_t i = model_.nodes.size(); i-- > 0;) {
    if (!is_live_[i] || is_within_[i]) continue;
    for (std::size_t k = 0; k < parsed.size(); ++k) {
      if (model_.nodes[i].op != parsed[k].name) continue;
      auto match = finder.find(parsed[k], i);
      if (!match) continue;
      if (all[k].fits != nullptr && !all[k].fits(stored_, *match)) continue;
      for (const std::size_t node : match->nodes) is_within_[node] = node != i;
      matches_.emplace(i, std::pair(all[k].read, std::move(*match)));
      break;
    }
  }
}

template <std::floating_point T>
void Importer<T>::run_node(std::size_t i) {
  node_ = &model_.nodes[i];
  if (node_->op == "Constant") return;
  results_.clear();
  guarded([&] {
    const auto match = matches_.find(i);
    if (match != matches_.end()) return match->second.first(*this, match->second.second);
    if (!node_->domain.empty() && node_->domain != "ai.onnx") {
      fail("there is no layer for operators of '", node_->domain, "'");
    }
    if (Folder<T>(*this).fold()) return;
    for (const Operator<T>& each : operators<T>()) {
      if (each.name == node_->op) return each.read(*this);
    }
    fail("there is no layer for this operator");
  });
  for (std::size_t k = 0; k < results_.size() && k < node_->outputs.size(); ++k) {
    values_[node_->outputs[k]] = std::move(results_[k]);
  }
  node_ = nullptr;
}

/// The tensors of a model that are in other files of its folder.
class ExternalFiles {
 public:
  ExternalFiles(const std::filesystem::path& model, const ByteReader& file)
      : folder_(model.parent_path()), file_(file) {}

  ByteSpan open(const ExternalData& data, std::uint64_t bytes) {
    const std::string name(data.location);
    const auto fail = [&](const auto&... reason) {
      file_.fail("weights are in the file '", name, "', ", reason...);
    };
    if (name.empty() || name == "." || name == ".." ||
        name.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos) {
      fail("which is not in the folder of the model");
    }
    auto& mapped = files_[name];
    if (mapped == nullptr) {
      const std::filesystem::path path = folder_ / name;
      std::error_code error;
      if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, error))) {
        fail("which is not there, or no regular file");
      }
      try {
        mapped = std::make_unique<MappedFile>(path);
      } catch (const IoError& reason) {
        fail(reason.what());
      }
    }
    const ByteSpan all = mapped->bytes();
    if (data.length && *data.length != bytes)
      fail("of which ", *data.length, " bytes are for ", bytes);
    if (data.offset > all.size() || bytes > all.size() - data.offset) {
      fail("which has no ", bytes, " bytes at ", data.offset);
    }
    return all.subspan(data.offset, bytes);
  }
  std::size_t size() const {
    std::size_t size = 0;
    for (const auto& [name, mapped] : files_) size += mapped->bytes().size();
    return size;
  }

 private:
  std::filesystem::path folder_;
  const ByteReader& file_;
  std::map<std::string, std::unique_ptr<MappedFile>> files_;
};

/// A file that is open, and what is in it.
struct OpenModel {
  explicit OpenModel(const std::filesystem::path& path)
      : mapped(path),
        bytes(mapped.bytes(), str_cat("load_onnx: ", path.string())),
        file(bytes),
        external(path, bytes),
        model(file, [this](const auto& data, std::uint64_t count) {
          return external.open(data, count);
        }) {}
  OpenModel(const OpenModel&) = delete;
  OpenModel& operator=(const OpenModel&) = delete;

  MappedFile mapped;
  ByteReader bytes;
  ProtobufReader file;
  ExternalFiles external;
  Model model;
};

/// The shape of one sample of each input, without N.
inline std::vector<Shape> samples_of_inputs(const std::filesystem::path& path) {
  const OpenModel open(path);
  std::vector<Shape> samples;
  for (const NetworkInput& input : network_inputs(open.model, open.file, {})) {
    samples.push_back(input.shape.axes(1, input.shape.rank()));
  }
  return samples;
}

}  // namespace detail::onnx

/// Reads an ONNX file as a network that predicts the same, and can be trained:
///
///   Graph<float> network = load_onnx<float>("resnet18.onnx");
///
/// It reads what save_onnx writes, but for masks of padding, and what PyTorch's exporters and Keras
/// write for networks of layers that are here: `operators` and `patterns` of onnx_operators.hpp
/// list them. Nodes that only reorder, split or join axes become layers where one needs it.
/// Layers are named after their weights ("conv1" for "conv1.weight"), or else after their nodes;
/// layers with the same weights share them. Weights are converted to T. Whole numbers that the file
/// takes as inputs, as for an embedding, are given as numbers of type T. Axis 0 of each input has
/// the samples, of any number, whatever the file says. A constant that is added along an axis
/// becomes the bias of the layer before, if that has none; other constants become Standardization,
/// whose numbers do not learn.
///
/// The file, and those of its folder that have its weights, are mapped into memory, and must not
/// become shorter meanwhile. Beside them and the weights, reading takes at most 150 times the size
/// of the file and 1 MiB, the network included.
/// @throws FormatError, naming the operator and its node, for an operator that is no layer, or not
///   with these attributes; for a file that is damaged, that has open extents beside the samples,
///   or operators of a version below 7 or above 30; IoError if the file cannot be read.
template <std::floating_point T>
Graph<T> load_onnx(const std::filesystem::path& path, const LoadOnnxOptions& options = {}) {
  const detail::onnx::OpenModel open(path);
  const std::size_t size = open.bytes.size() + open.external.size();
  return detail::onnx::Importer<T>(open.model, open.file, size, options).run();
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
