#pragma once

#include <concepts>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A loss compares a network's output y with targets. `forward(y, targets)` returns the loss, a
/// mean over the batch. `backward()` returns its gradient with respect to y, valid until the next
/// call.
template <class L, class Targets>
concept Loss = requires(L& loss, const Tensor<typename L::Scalar>& y, const Targets& targets) {
  { loss.forward(y, targets) } -> std::same_as<typename L::Scalar>;
  { loss.backward() } -> std::same_as<const Tensor<typename L::Scalar>&>;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
