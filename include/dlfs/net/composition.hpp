#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "dlfs/core/strict_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

template <std::floating_point T>
class AnyLayer;

namespace detail {

/// The way in which the parts of a composite layer give one output.
enum class Join {
  chain,          // each part takes the output of the part before it
  sum,            // each part takes the composite's input; their outputs are added
  concatenation,  // likewise, but their outputs are concatenated along the channels
};

}  // namespace detail

/// The parts of a composite layer, for tools that inspect networks. A plain layer has no parts.
template <std::floating_point T>
struct Composition {
  using Join = detail::Join;  ///< how the parts make one output

  /// A layer inside a composite.
  struct Part {
    std::string name;          ///< its name within the whole
    const AnyLayer<T>* layer;  ///< the layer, which the whole owns
  };

  Join join = Join::chain;    ///< how the parts make one output
  std::vector<Part> parts{};  ///< the layers in their order
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
