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

/// How the parts of a composite layer make one output.
enum class Join {
  chain,          // each part takes the output of the one before it
  sum,            // each part takes the composite's input; their outputs are added
  concatenation,  // likewise, and their outputs are put side by side along the channels
};

}  // namespace detail

/// What a composite layer is made of, for those who look inside. A layer that is not composed has
/// no parts.
template <std::floating_point T>
struct Composition {
  using Join = detail::Join;

  /// A layer within a composite.
  struct Part {
    std::string name;
    const AnyLayer<T>* layer;
  };

  Join join = Join::chain;
  std::vector<Part> parts{};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
