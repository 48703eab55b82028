#pragma once

#include <cmath>
#include <concepts>

#include "dlfs/core/tensor.hpp"

namespace dlfs {

/// start, start + step, ... up to, but not with, stop: NumPy's arange, to its last digit. A step
/// that is not exact may give one element more or less.
/// @throws ValueError if the step is 0 or the range is not finite.
template <std::floating_point T>
Tensor<T> arange(T start, T stop, T step = 1) {
  const T count = std::ceil((stop - start) / step);
  if (!std::isfinite(count)) {
    throw ValueError(concat("arange: no such range: ", start, " to ", stop, " by ", step));
  }
  auto values = Tensor<T>::uninitialized({count > 0 ? static_cast<Index>(count) : 0});
  const T delta = (start + step) - start;  // as NumPy, which fills from the first two elements
  for (Index i = 0; i < values.size(); ++i) values.data()[i] = start + static_cast<T>(i) * delta;
  return values;
}

}  // namespace dlfs
