#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/functions.hpp"
#include <dlfs/io/npz.hpp>
#include <dlfs/io/pickle.hpp>

// Book: load_params and save_params of ch07/simple_convnet.py and ch08/deep_convnet.py.

namespace common {

/// Reads W1, b1, ... from the book's pickle, or from an .npz file. The library writes other names
/// into .npz files: the first "conv1.weight" or "affine1.weight" is W1, the first bias is b1.
/// @throws FormatError unless the file has the arrays that `params` has, in their shapes.
inline void load_params(const std::filesystem::path& file, Arrays& params) {
  Arrays loaded;
  std::map<std::string, int> counts;
  for (auto& [name, value] :
       file.extension() == ".pkl" ? read_pickle<double>(file) : read_npz<double>(file)) {
    std::string key = name;
    if (name.ends_with(".weight")) key = "W" + std::to_string(++counts["W"]);
    if (name.ends_with(".bias")) key = "b" + std::to_string(++counts["b"]);
    if (!params.contains(key) || params[key].shape() != value.shape()) {
      throw FormatError("load_params: ", file.string(), ": no parameter has the name ", key,
                        " and the shape ", value.shape());
    }
    loaded[key] = std::move(value);
  }
  if (loaded.size() != params.size()) {
    throw FormatError("load_params: ", file.string(), ": expected ", params.size(),
                      " arrays, found ", loaded.size());
  }
  for (auto& [key, value] : loaded) params[key] = std::move(value);
}

inline void save_params(const std::filesystem::path& file, const Arrays& params) {
  std::vector<NamedView<double>> arrays;
  for (const auto& [key, value] : params) arrays.emplace_back(key, value);
  write_npz<double>(file, arrays);
}

}  // namespace common
