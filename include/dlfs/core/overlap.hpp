#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "dlfs/core/strict_math.hpp"
#include "dlfs/core/view.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The address of the lowest element of a non-empty view, and the address after the highest.
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

/// Whether two matrices are different columns (or, both transposed, different rows) of one matrix
/// that is stored row by row. Then their address ranges overlap, but no element is shared.
template <class T, class U>
bool are_beside_each_other(TensorView<T> a, TensorView<U> b) {
  if (a.rank() != 2 || b.rank() != 2 || sizeof(T) != sizeof(U)) return false;
  if (a.stride(1) != 1) a = a.transpose();
  if (b.stride(1) != 1) b = b.transpose();
  const Index row = a.stride(0);
  if (a.stride(1) != 1 || b.stride(1) != 1 || b.stride(0) != row || row < 1) return false;
  const auto distance = static_cast<std::intptr_t>(reinterpret_cast<std::uintptr_t>(b.data()) -
                                                   reinterpret_cast<std::uintptr_t>(a.data())) /
                        static_cast<std::intptr_t>(sizeof(T));
  const Index column = (distance % row + row) % row;  // of b's first element, from a's
  return column >= a.extent(1) && column + b.extent(1) <= row;
}

[[noreturn, gnu::cold, gnu::noinline]] inline void throw_overlap_error(std::string_view operation,
                                                                       std::string_view out,
                                                                       std::string_view operand) {
  throw ValueError(operation, ": ", out, " shares memory with ", operand,
                   ", which is read while it is written; pass a copy()");
}

/// @throws ValueError, naming the operation and both views, if writing `out` would change x.
template <class T, class U>
void expect_apart(std::string_view operation, std::string_view out_name, const TensorView<T>& out,
                  std::string_view name, const TensorView<U>& x) {
  if (overlap(out, x) && !are_beside_each_other(out, x)) {
    throw_overlap_error(operation, out_name, name);
  }
}

/// The same for dense views of one shape, where an elementwise operation may overwrite x.
template <class T, class U>
void expect_same_or_apart(std::string_view operation, std::string_view out_name,
                          const TensorView<T>& out, std::string_view name, const TensorView<U>& x) {
  if (out.data() != x.data()) expect_apart(operation, out_name, out, name, x);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
