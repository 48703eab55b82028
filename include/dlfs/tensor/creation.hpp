#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A vector of the numbers in a range: a container, a span, a view, or numbers from a stream.
template <class R>
  requires requires(R& range) {
    { std::begin(range) } -> std::input_iterator;
    std::end(range);
  }
auto from_range(R&& range) {
  using T = std::iter_value_t<decltype(std::begin(range))>;
  std::vector<T> values;
  for (auto&& value : range) {
    values.push_back(value);  // NOLINT(performance-inefficient-vector-operation): of no known size
  }
  return Tensor<T>({static_cast<Index>(values.size())}, std::span<const T>(values));
}

/// start, start + step, ..., without stop: NumPy's arange, to the last digit. If the step is not
/// exact in T, there may be one element more or less.
/// @throws ValueError if the step is 0, or the range is not finite or too long to be counted.
template <std::floating_point T>
Tensor<T> arange(T start, T stop, T step = 1) {
  const T count = std::ceil((stop - start) / step);
  if (!detail::is_finite(count) || count >= static_cast<T>(std::numeric_limits<Index>::max())) {
    throw ValueError("arange: no such range: ", start, " to ", stop, " by ", step);
  }
  auto values = Tensor<T>::uninitialized({count > 0 ? static_cast<Index>(count) : 0});
  // As in NumPy, the first two elements determine the others. There are two loops, because in one
  // expression the compiler may fuse the product and the sum, which NumPy does not.
  const T delta = (start + step) - start;
  for (Index i = 0; i < values.size(); ++i) values.data()[i] = static_cast<T>(i) * delta;
  for (T& value : values) value += start;
  return values;
}

/// The same for integers.
/// @throws ValueError if the step is 0, ShapeError for more elements than can be counted.
template <std::integral T>
Tensor<T> arange(T start, T stop, T step = 1) {
  if (step == 0) throw ValueError("arange: no such range: ", start, " to ", stop, " by 0");
  // Unsigned numbers hold the distance of any two integers, and wrap around.
  using Unsigned = std::uint64_t;
  const bool is_rising = step > 0;
  const bool is_empty = is_rising ? start >= stop : start <= stop;
  const auto first = static_cast<Unsigned>(start);
  const auto stride = static_cast<Unsigned>(step);
  const Unsigned distance = static_cast<Unsigned>(stop) - first;
  const Unsigned count =
      is_empty ? 0 : ((is_rising ? distance : -distance) - 1) / (is_rising ? stride : -stride) + 1;
  if (count > static_cast<Unsigned>(std::numeric_limits<Index>::max())) {
    throw ShapeError("arange: ", start, " to ", stop, " by ", step, " cannot be counted");
  }
  auto values = Tensor<T>::uninitialized({static_cast<Index>(count)});
  for (Unsigned i = 0; i < count; ++i) values.data()[i] = static_cast<T>(first + i * stride);
  return values;
}

/// 0, 1, ..., without stop.
template <class T>
  requires(std::integral<T> || std::floating_point<T>)
Tensor<T> arange(T stop) { return arange<T>(T(0), stop); }

/// `count` numbers at equal distance from start to stop, including stop: NumPy's linspace.
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

/// `count` powers of 10 with the exponents of linspace: NumPy's logspace.
/// @throws ValueError for a negative count.
template <std::floating_point T>
Tensor<T> logspace(T start, T stop, Index count) {
  auto values = linspace(start, stop, count);
  for (T& value : values) value = std::pow(T(10), value);
  return values;
}

/// The matrix (rows, columns) with ones on the diagonal and zeros elsewhere.
/// @throws ShapeError for a negative extent.
template <class T>
Tensor<T> eye(Index rows, Index columns) {
  Tensor<T> matrix({rows, columns});
  for (Index i = 0; i < std::min(rows, columns); ++i) matrix.data()[i * columns + i] = T(1);
  return matrix;
}
/// The same for a square matrix.
template <class T>
Tensor<T> eye(Index size) {
  return eye<T>(size, size);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
