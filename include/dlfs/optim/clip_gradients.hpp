#pragma once

#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <type_traits>

#include "dlfs/nn/parameter.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// An infinite limit clips nothing; it is a way to get only the norm.
inline void expect_limit(std::string_view operation, double limit) {
  if (limit >= 0) return;
  throw ValueError(operation, ": expected limit of at least 0, got ", limit);
}

}  // namespace detail

/// Scales the gradients of all parameters by one factor, so that their common Euclidean norm is at
/// most `limit`. Frozen parameters do not count. Returns the norm before scaling. If it is not
/// finite, the gradients stay unchanged.
/// @throws ValueError unless the limit is at least 0.
/// Source: Pascanu et al., "On the difficulty of training recurrent neural networks" (2013).
template <std::floating_point T>
double clip_gradient_norm(std::span<Parameter<T>* const> parameters, double limit) {
  detail::expect_limit("clip_gradient_norm", limit);
  using Sum = std::common_type_t<T, double>;
  Sum squares = 0;
  for (const Parameter<T>* parameter : parameters) {
    if (parameter->is_frozen()) continue;
    Sum of_parameter;
    simd::add_up_columns([]<class V>(const V& dw, V& sum) { simd::multiply_add(dw, dw, sum, sum); },
                         1, parameter->gradient.size(), std::array{&of_parameter},
                         simd::Operand<T>{parameter->gradient.data()});
    squares += of_parameter;
  }
  const auto norm = static_cast<double>(std::sqrt(squares));
  if (!(norm > limit) || !detail::is_finite(norm)) return norm;
  const auto factor = static_cast<T>(limit / norm);
  for (Parameter<T>* parameter : parameters) {
    if (parameter->is_frozen()) continue;
    simd::map([factor]<class V>(V& dw) { dw *= factor; }, parameter->gradient.size(),
              parameter->gradient.data());
  }
  return norm;
}

/// Clips every number of the gradients to [-limit, limit]. NaN stays.
/// @throws ValueError unless the limit is at least 0.
template <std::floating_point T>
void clip_gradient_values(std::span<Parameter<T>* const> parameters, double limit) {
  detail::expect_limit("clip_gradient_values", limit);
  const T high = static_cast<T>(limit);
  for (Parameter<T>* parameter : parameters) {
    if (parameter->is_frozen()) continue;
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
