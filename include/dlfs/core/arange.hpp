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
  // As NumPy, which goes on from the first two elements. In two loops, for within one expression
  // the compiler may round product and sum together, and NumPy does not.
  const T delta = (start + step) - start;
  for (Index i = 0; i < values.size(); ++i) values.data()[i] = static_cast<T>(i) * delta;
  for (T& value : values) value += start;
  return values;
}

}  // namespace dlfs
