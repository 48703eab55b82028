#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "dlfs/core/strict_math.hpp"
#include "dlfs/core/view.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The address of the lowest element of a view, which is not empty, and that behind the highest.
template <class T>
std::pair<std::uintptr_t, std::uintptr_t> address_range(const TensorView<T>& view) {
  const T* low = view.data();
  const T* high = view.data();
  for (int axis = 0; axis < view.rank(); ++axis) {
    const Index reach = (view.shape()[axis] - 1) * view.layout().stride(axis);
    (reach < 0 ? low : high) += reach;
  }
  return {reinterpret_cast<std::uintptr_t>(low), reinterpret_cast<std::uintptr_t>(high + 1)};
}

/// Whether the memory from the lowest to the highest element of two views overlaps.
template <class T, class U>
bool overlap(const TensorView<T>& a, const TensorView<U>& b) {
  if (a.empty() || b.empty() || a.data() == nullptr || b.data() == nullptr) return false;
  const auto [a_low, a_high] = address_range(a);
  const auto [b_low, b_high] = address_range(b);
  return a_low < b_high && b_low < a_high;
}

[[noreturn, gnu::cold, gnu::noinline]] inline void throw_overlap_error(std::string_view operation,
                                                                       std::string_view out,
                                                                       std::string_view operand) {
  throw ValueError(operation, ": ", out, " shares memory with ", operand,
                   ", which is read while it is written; pass a copy()");
}

/// @throws ValueError, naming the operation and both views, where writing `out` would change x.
template <class T, class U>
void expect_apart(std::string_view operation, std::string_view out_name, const TensorView<T>& out,
                  std::string_view name, const TensorView<U>& x) {
  if (overlap(out, x)) throw_overlap_error(operation, out_name, name);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
