#pragma once

#include <array>
#include <cmath>
#include <span>
#include <type_traits>

#include "dlfs/math/simd/kernels.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Scales the gradients of all parameters by one factor, so that their Euclidean norm, taken
/// together, is at most `limit`. Returns the norm that they had. Gradients of a norm that is not
/// finite stay as they are.
/// Source: Pascanu et al., "On the difficulty of training recurrent neural networks" (2013).
template <std::floating_point T>
double clip_gradient_norm(std::span<Parameter<T>* const> parameters, double limit) {
  using Sum = std::common_type_t<T, double>;
  Sum squares = 0;
  for (const Parameter<T>* parameter : parameters) {
    Sum of_parameter;
    simd::add_up_columns([]<class V>(const V& dw, V& sum) { simd::multiply_add(dw, dw, sum, sum); },
                         1, parameter->gradient.size(), std::array{&of_parameter},
                         simd::Operand<T>{parameter->gradient.data()});
    squares += of_parameter;
  }
  const double norm = static_cast<double>(std::sqrt(squares));
  if (!(norm > limit) || !detail::is_finite(norm)) return norm;
  const T factor = static_cast<T>(limit / norm);
  for (Parameter<T>* parameter : parameters) {
    simd::map([factor]<class V>(V& dw) { dw *= factor; }, parameter->gradient.size(),
              parameter->gradient.data());
  }
  return norm;
}

/// Puts every number of the gradients into [-limit, limit]. NaN stays.
template <std::floating_point T>
void clip_gradient_values(std::span<Parameter<T>* const> parameters, double limit) {
  const T high = static_cast<T>(limit);
  for (Parameter<T>* parameter : parameters) {
    simd::map(
        [high]<class V>(V& dw) {
          dw = dw > high ? V{} + high : dw;
          dw = dw < -high ? V{} - high : dw;
        },
        parameter->gradient.size(), parameter->gradient.data());
  }
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
