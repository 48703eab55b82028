#pragma once

#include <string_view>

#include "dlfs/core/overlap.hpp"
#include "dlfs/core/view.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

// Not templates and not inlined, which saves much compile time: most functions call them.

/// @throws ShapeError, naming the operation and the operand, unless the view is contiguous.
[[gnu::noinline]] inline void expect_dense(std::string_view operation, std::string_view name,
                                           const Layout& operand) {
  if (operand.is_contiguous()) return;
  throw ShapeError(operation, ": expected ", name, " to be contiguous, got a view of shape ",
                   operand.shape, " with gaps or reordered axes");
}
template <class T>
void expect_dense(std::string_view operation, std::string_view name, const TensorView<T>& operand) {
  expect_dense(operation, name, operand.layout());
}

/// As above, and @throws ShapeError unless the view has the given shape.
[[gnu::noinline]] inline void expect_dense(std::string_view operation, std::string_view name,
                                           const Layout& operand, const Shape& shape) {
  if (operand.shape != shape) {
    throw ShapeError(operation, ": expected ", name, " of shape ", shape, ", got ", operand.shape);
  }
  expect_dense(operation, name, operand);
}
template <class T>
void expect_dense(std::string_view operation, std::string_view name, const TensorView<T>& operand,
                  const Shape& shape) {
  expect_dense(operation, name, operand.layout(), shape);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
