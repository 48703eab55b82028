#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>

#include "dlfs/core/axes.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "dlfs/tensor/functions.hpp"
#include "dlfs/tensor/reduce.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Numbers in 8 bits: x is approximately scales * values, with a scale for each slice along `axis`.
///
///   values (shaped like x)   scales (extent of the axis)
template <std::floating_point T>
struct Quantized {
  Tensor<std::int8_t> values;  ///< integers in the shape of the original
  Tensor<T> scales;            ///< size of the unit, for each entry of the axis
  int axis = 0;                ///< which axis has scales of its own
};

/// Rounds to the nearest of 255 steps from -m to m, where m is the largest magnitude in a slice
/// along `axis`. A slice is a filter of a convolution's weight (axis 0), or a column of an affine
/// weight (axis 1). The error is at most half a step, m / 254. A slice of zeros has the scale 0.
/// Source: Jacob et al., "Quantization and training of neural networks for efficient
/// integer-arithmetic-only inference" (2018), the symmetric form.
/// @throws ShapeError for an axis that x does not have; ValueError for an entry that is not finite.
template <AnyTensor X>
Quantized<Element<X>> quantize(const X& x, int axis) {
  using T = Element<X>;
  constexpr int steps = 127;
  const auto slices = move_axis(const_view(x), axis, 0);
  Quantized<T> result{Tensor<std::int8_t>(x.shape()), Tensor<T>({slices.extent(0)}), axis};
  const auto values = move_axis(result.values.view(), axis, 0);
  for (Index i = 0; i < slices.extent(0); ++i) {
    const T largest = slices[i].empty() ? T(0) : max(abs(slices[i]));
    if (!detail::is_finite(largest)) throw ValueError("quantize: an entry is not finite");
    result.scales(i) = largest / steps;
    if (result.scales(i) == 0) continue;
    // With denormal numbers the scale is so imprecise that a quotient may exceed the steps.
    assign(values[i], cast<std::int8_t>(clip(round(slices[i] / result.scales(i)), -steps, steps)));
  }
  return result;
}

/// scales * values.
template <std::floating_point T>
Tensor<T> dequantize(const Quantized<T>& quantized) {
  Tensor<T> x(quantized.values.shape());
  const auto values = move_axis(quantized.values.view(), quantized.axis, 0);
  const auto slices = move_axis(x.view(), quantized.axis, 0);
  for (Index i = 0; i < slices.extent(0); ++i) {
    assign(slices[i], cast<T>(values[i]) * quantized.scales(i));
  }
  return x;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
