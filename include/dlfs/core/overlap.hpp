#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "dlfs/core/strict_math.hpp"
#include "dlfs/core/view.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The memory of a view, for elements of any type.
struct Footprint {
  std::uintptr_t address;
  std::intptr_t element_bytes;
  const Layout& layout;

  template <class T>
  explicit Footprint(const TensorView<T>& view)
      : address(reinterpret_cast<std::uintptr_t>(view.data())),
        element_bytes(sizeof(T)),
        layout(view.layout()) {}

  bool is_empty() const { return address == 0 || layout.shape.size() == 0; }

  /// The address of the lowest element, and the address after the highest.
  std::pair<std::uintptr_t, std::uintptr_t> range() const {
    Index low = 0;
    Index high = 1;
    for (int axis = 0; axis < layout.shape.rank(); ++axis) {
      const Index reach = (layout.shape[axis] - 1) * layout.stride(axis);
      (reach < 0 ? low : high) += reach;
    }
    return {address + static_cast<std::uintptr_t>(low * element_bytes),
            address + static_cast<std::uintptr_t>(high * element_bytes)};
  }
};

// Not templates and not inlined, which saves much compile time: most functions call them.

/// Whether the memory from the lowest to the highest element of both overlaps.
[[gnu::noinline]] inline bool overlap(const Footprint& a, const Footprint& b) {
  if (a.is_empty() || b.is_empty()) return false;
  const auto [a_low, a_high] = a.range();
  const auto [b_low, b_high] = b.range();
  return a_low < b_high && b_low < a_high;
}
template <class T, class U>
bool overlap(const TensorView<T>& a, const TensorView<U>& b) {
  return overlap(Footprint(a), Footprint(b));
}

/// Whether two matrices are different columns (or, both transposed, different rows) of one matrix
/// that is stored row by row. Then their address ranges overlap, but no element is shared.
[[gnu::noinline]] inline bool are_beside_each_other(const Footprint& a, const Footprint& b) {
  if (a.layout.shape.rank() != 2 || b.layout.shape.rank() != 2) return false;
  if (a.element_bytes != b.element_bytes) return false;
  const int a_columns = a.layout.stride(1) == 1 ? 1 : 0;
  const int b_columns = b.layout.stride(1) == 1 ? 1 : 0;
  if (a.layout.stride(a_columns) != 1 || b.layout.stride(b_columns) != 1) return false;
  const Index row = a.layout.stride(1 - a_columns);
  if (b.layout.stride(1 - b_columns) != row || row < 1) return false;
  const Index distance = static_cast<std::intptr_t>(b.address - a.address) / a.element_bytes;
  const Index column = (distance % row + row) % row;  // of b's first element, from a's
  return column >= a.layout.shape[a_columns] && column + b.layout.shape[b_columns] <= row;
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
  const Footprint written(out);
  const Footprint read(x);
  if (overlap(written, read) && !are_beside_each_other(written, read)) {
    throw_overlap_error(operation, out_name, name);
  }
}

/// Whether dense views overlap: their ends say enough.
template <class T>
bool dense_overlap(const TensorView<T>& a, const TensorView<const std::remove_const_t<T>>& b) {
  if (a.empty() || b.empty()) return false;
  const auto begin = [](const T* data) { return reinterpret_cast<std::uintptr_t>(data); };
  return begin(a.data()) < begin(b.data() + b.size()) &&
         begin(b.data()) < begin(a.data() + a.size());
}

/// As expect_apart, for dense views.
template <class T>
void expect_dense_apart(std::string_view operation, std::string_view out_name,
                        const TensorView<T>& out, std::string_view name,
                        const TensorView<const std::remove_const_t<T>>& x) {
  if (dense_overlap(out, x)) throw_overlap_error(operation, out_name, name);
}

/// The same for dense views of one shape, where an elementwise operation may overwrite x.
template <class T, class U>
void expect_same_or_apart(std::string_view operation, std::string_view out_name,
                          const TensorView<T>& out, std::string_view name, const TensorView<U>& x) {
  if (out.data() != x.data()) expect_apart(operation, out_name, out, name, x);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
