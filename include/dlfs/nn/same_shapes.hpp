#pragma once

#include <span>
#include <string_view>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The shape of all inputs of a layer. @throws ShapeError unless they are one, and have rows.
inline Shape expect_same_shapes(std::string_view kind, std::span<const Shape> x) {
  if (x.empty() || x.front().rank() == 0) {
    throw ShapeError(kind, ": expected inputs of shape (N, ...)");
  }
  for (const Shape& shape : x) {
    if (shape == x.front()) continue;
    throw ShapeError(kind, ": expected inputs of the same shape, got ", x.front(), " and ", shape);
  }
  return x.front();
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
