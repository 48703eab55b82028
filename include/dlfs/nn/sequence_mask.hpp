#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

#include "dlfs/nn/layer.hpp"

// The second input of layers that know which steps of a sequence are padding: a mask (N, T), with 0
// for padding.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The shape of the sequence. @throws ShapeError unless it is alone, or has a mask (N, T).
inline const Shape& sequence_of(std::string_view kind, std::span<const Shape> inputs) {
  if (inputs.empty() || inputs.size() > 2) {
    throw ShapeError(kind, ": expected a sequence, and perhaps a mask, got ", inputs.size(),
                     " inputs");
  }
  const Shape& x = inputs.front();
  if (inputs.size() == 2 && (x.rank() < 2 || inputs[1] != Shape{x[0], x[1]})) {
    throw ShapeError(kind, ": expected a mask (N, T) for x ", x, ", got ", inputs[1]);
  }
  return x;
}

/// The mask of a sample; nullptr without one.
template <std::floating_point T>
const T* mask_of(std::span<const TensorView<const T>> inputs, Index sample) {
  if (inputs.size() < 2) return nullptr;
  return inputs[1].data() + sample * inputs[1].extent(1);
}

/// A mask is no number that could be learned: its gradient is 0.
template <std::floating_point T>
void clear_gradient_of_mask(const BackwardPass<T>& pass) {
  if (pass.dxs.size() < 2 || pass.dxs[1].data() == nullptr) return;
  std::fill_n(pass.dxs[1].data(), pass.dxs[1].size(), T(0));
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
