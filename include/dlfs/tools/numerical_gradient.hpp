#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>
#include <utility>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Whether elements of type T are too imprecise for the book's h.
template <class T>
inline constexpr bool is_coarse = std::numeric_limits<T>::digits < 53;

/// For float, about the cube root of epsilon: there the errors by rounding and by the third
/// derivative are of similar size.
template <class T>
inline constexpr T default_h = is_coarse<T> ? T(0.005) : T(1e-4);

}  // namespace detail

/// The gradient of a scalar function by central differences, one element of x at a time:
///
///   dx[i] = (f(x + h e_i) - f(x - h e_i)) / 2h
///
/// x itself is changed, so f may ignore its argument and read x in place, as a network reads its
/// weights. Each element gets its exact old value back, even if f throws.
///
/// In double h is 1e-4, as in the book. In float it is 0.005, times |x[i]| if that is above 1, and
/// the divisor is the distance of the two rounded neighbours; the difference is computed in double.
/// If f returns double, six digits are right; if it returns float, about four.
/// Cost: two calls of f for each element.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 4.4.
/// @throws ValueError unless h is positive.
template <std::floating_point T, std::invocable<const Tensor<T>&> F>
Tensor<T> numerical_gradient(F&& f, Tensor<T>& x,
                             std::type_identity_t<T> h = detail::default_h<T>) {
  using Wide = std::common_type_t<T, double>;
  if (!(h > 0)) throw ValueError("numerical_gradient: expected a positive h, got ", h);
  struct Restored {
    T& element;
    T value;
    ~Restored() { element = value; }
  };
  auto gradient = Tensor<T>::uninitialized(x.shape());
  for (Index i = 0; i < x.size(); ++i) {
    const Restored varied{x.data()[i], x.data()[i]};
    const T step = detail::is_coarse<T> ? h * std::max(T(1), std::abs(varied.value)) : h;
    const T right = varied.value + step;
    const T left = varied.value - step;
    varied.element = right;
    const auto above = static_cast<Wide>(f(std::as_const(x)));
    varied.element = left;
    const auto below = static_cast<Wide>(f(std::as_const(x)));
    const Wide width =
        detail::is_coarse<T> ? static_cast<Wide>(right) - static_cast<Wide>(left) : 2 * h;
    gradient.data()[i] = static_cast<T>((above - below) / width);
  }
  return gradient;
}

/// The same for a constant x.
template <std::floating_point T, std::invocable<const Tensor<T>&> F>
Tensor<T> numerical_gradient(F&& f, const Tensor<T>& x,
                             std::type_identity_t<T> h = detail::default_h<T>) {
  Tensor<T> varied = x;
  return numerical_gradient(std::forward<F>(f), varied, h);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
