#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

template <std::floating_point T>
class AnyLayer;

/// The parts of a composite layer, for tools that inspect networks. A plain layer has no parts.
template <std::floating_point T>
struct Composition {
  /// A layer inside a composite.
  struct Part {
    std::string name;          ///< its name within the whole
    const AnyLayer<T>* layer;  ///< the layer, which the whole owns; parts may share one
    /// What it reads, by number: the inputs of the whole come first, then the outputs of the parts
    /// in their order.
    std::vector<Index> inputs;
    bool always_evaluates = false;  ///< whether it runs as in evaluation while the whole trains
  };

  std::vector<std::string> inputs{};  ///< the names of the inputs
  std::vector<Part> parts{};          ///< each after those that it reads
  std::vector<Index> outputs{};       ///< the outputs of the whole, by number
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
