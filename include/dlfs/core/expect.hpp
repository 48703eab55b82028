#pragma once

#include <string_view>

#include "dlfs/core/overlap.hpp"
#include "dlfs/core/view.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// @throws ShapeError, naming the operation and the operand, unless the view is contiguous.
template <class T>
void expect_dense(std::string_view operation, std::string_view name, TensorView<T> operand) {
  if (operand.is_contiguous()) return;
  throw ShapeError(operation, ": expected ", name, " to be contiguous, got a view of shape ",
                   operand.shape(), " with gaps or reordered axes");
}

/// As above, and @throws ShapeError unless the view has the given shape.
template <class T>
void expect_dense(std::string_view operation, std::string_view name, TensorView<T> operand,
                  const Shape& shape) {
  if (operand.shape() != shape) {
    throw ShapeError(operation, ": expected ", name, " of shape ", shape, ", got ",
                     operand.shape());
  }
  expect_dense(operation, name, operand);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
