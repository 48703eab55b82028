#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <iterator>
#include <span>
#include <vector>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A vector of what a range holds: a container, a span, a view, numbers read from a stream.
template <class R>
  requires requires(R& range) {
    { std::begin(range) } -> std::input_iterator;
    std::end(range);
  }
auto from_range(R&& range) {
  using T = std::iter_value_t<decltype(std::begin(range))>;
  std::vector<T> values;
  for (auto&& value : range) values.push_back(value);
  return Tensor<T>({static_cast<Index>(values.size())}, std::span<const T>(values));
}

/// start, start + step, ... up to, but not with, stop: NumPy's arange, to its last digit. A step
/// that is not exact may give one element more or less.
/// @throws ValueError if the step is 0 or the range is not finite.
template <std::floating_point T>
Tensor<T> arange(T start, T stop, T step = 1) {
  const T count = std::ceil((stop - start) / step);
  if (!detail::is_finite(count)) {
    throw ValueError("arange: no such range: ", start, " to ", stop, " by ", step);
  }
  auto values = Tensor<T>::uninitialized({count > 0 ? static_cast<Index>(count) : 0});
  // As NumPy, which goes on from the first two elements. In two loops, for within one expression
  // the compiler may round product and sum together, and NumPy does not.
  const T delta = (start + step) - start;
  for (Index i = 0; i < values.size(); ++i) values.data()[i] = static_cast<T>(i) * delta;
  for (T& value : values) value += start;
  return values;
}

/// The same for integers.
/// @throws ValueError if the step is 0.
template <std::integral T>
Tensor<T> arange(T start, T stop, T step = 1) {
  if (step == 0) throw ValueError("arange: no such range: ", start, " to ", stop, " by 0");
  const auto first = static_cast<Index>(start);
  const Index distance = static_cast<Index>(stop) - first;
  const auto stride = static_cast<Index>(step);
  const Index whole_steps = distance / stride + (distance % stride != 0 ? 1 : 0);
  const bool is_empty = (distance > 0) != (stride > 0);
  auto values = Tensor<T>::uninitialized({is_empty ? 0 : whole_steps});
  for (Index i = 0; i < values.size(); ++i) values.data()[i] = static_cast<T>(first + i * stride);
  return values;
}

/// 0, 1, ... up to, but not with, stop.
template <class T>
  requires(std::integral<T> || std::floating_point<T>)
Tensor<T> arange(T stop) { return arange<T>(T(0), stop); }

/// `count` numbers in equal steps from start to stop, which is the last: NumPy's linspace.
/// @throws ValueError for a negative count.
template <std::floating_point T>
Tensor<T> linspace(T start, T stop, Index count) {
  if (count < 0) throw ValueError("linspace: expected a count of at least 0, got ", count);
  auto values = Tensor<T>::uninitialized({count});
  const T step = (stop - start) / static_cast<T>(count - 1);
  for (Index i = 0; i < count; ++i) values.data()[i] = static_cast<T>(i) * step;
  for (T& value : values) value += start;
  if (count > 0) values.data()[0] = start;
  if (count > 1) values.data()[count - 1] = stop;
  return values;
}

/// `count` powers of 10 whose exponents are those of linspace: NumPy's logspace.
/// @throws ValueError for a negative count.
template <std::floating_point T>
Tensor<T> logspace(T start, T stop, Index count) {
  auto values = linspace(start, stop, count);
  for (T& value : values) value = std::pow(T(10), value);
  return values;
}

/// The matrix (rows, columns) with ones from the corner down the diagonal, and zeros elsewhere.
/// @throws ShapeError for a negative extent.
template <class T>
Tensor<T> eye(Index rows, Index columns) {
  Tensor<T> matrix({rows, columns});
  for (Index i = 0; i < std::min(rows, columns); ++i) matrix.data()[i * columns + i] = T(1);
  return matrix;
}
template <class T>
Tensor<T> eye(Index size) {
  return eye<T>(size, size);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
