#pragma once

#include <concepts>

#include "dlfs/tensor/elementwise.hpp"

// Logical operations on tensors of bool, with broadcasting.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

template <class X>
concept BoolTensor = AnyTensor<X> && std::same_as < Element<X>,
bool > ;

// In a register, bool is 0 or 1.
struct And {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const { out = a & b; }
};
struct Or {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const { out = a | b; }
};
struct Xor {
  DLFS_INLINE void operator()(const auto& a, const auto& b, auto& out) const { out = a ^ b; }
};
struct Not {
  DLFS_INLINE void operator()(const auto& x, auto& out) const { out = x ^ 1; }
};

}  // namespace detail

/// Where both are true.
template <detail::BoolTensor A, detail::BoolTensor B>
Tensor<bool> logical_and(const A& a, const B& b) {
  return detail::binary<bool>("logical_and", detail::And(), a, b);
}
/// Where one is true, or both.
template <detail::BoolTensor A, detail::BoolTensor B>
Tensor<bool> logical_or(const A& a, const B& b) {
  return detail::binary<bool>("logical_or", detail::Or(), a, b);
}
/// Where one is true, and not both.
template <detail::BoolTensor A, detail::BoolTensor B>
Tensor<bool> logical_xor(const A& a, const B& b) {
  return detail::binary<bool>("logical_xor", detail::Xor(), a, b);
}
/// Where x is false.
template <detail::BoolTensor X>
Tensor<bool> logical_not(const X& x) {
  return detail::unary<bool>(detail::Not(), x);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
