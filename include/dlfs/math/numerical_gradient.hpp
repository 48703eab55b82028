#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The gradient of a scalar function by central differences, one element of x at a time:
///
///   dx[i] = (f(x + h e_i) - f(x - h e_i)) / 2h
///
/// x itself is varied, so f may ignore its argument and read x where it lies, as a network reads
/// its weights. Each element has its exact old value back afterwards, even if f throws.
/// Cost: two calls of f for each element.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 4.4.
/// @throws ValueError unless h is positive.
template <std::floating_point T, std::invocable<const Tensor<T>&> F>
Tensor<T> numerical_gradient(F&& f, Tensor<T>& x, std::type_identity_t<T> h = T(1e-4)) {
  if (!(h > 0)) throw ValueError("numerical_gradient: expected a positive h, got ", h);
  struct Restored {
    T& element;
    T value;
    ~Restored() { element = value; }
  };
  auto gradient = Tensor<T>::uninitialized(x.shape());
  for (Index i = 0; i < x.size(); ++i) {
    const Restored varied{x.data()[i], x.data()[i]};
    varied.element = varied.value + h;
    const auto above = f(std::as_const(x));
    varied.element = varied.value - h;
    const auto below = f(std::as_const(x));
    gradient.data()[i] = static_cast<T>((above - below) / (2 * h));
  }
  return gradient;
}

/// As above, at an x that stays as it is.
template <std::floating_point T, std::invocable<const Tensor<T>&> F>
Tensor<T> numerical_gradient(F&& f, const Tensor<T>& x, std::type_identity_t<T> h = T(1e-4)) {
  Tensor<T> varied = x;
  return numerical_gradient(std::forward<F>(f), varied, h);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
