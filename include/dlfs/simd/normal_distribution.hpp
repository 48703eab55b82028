#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <numbers>

#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd {

namespace detail {

/// The polynomial Q of s = (4 - |x|) / (4 + |x|) in
///
///   cumulative(-|x|) = exp(-x^2 / 2) Q(s) / (4 + |x|),
///
/// whose quotient is smooth and bounded for 0 <= |x| < infinity, which s maps to [-1, 1]. It is a
/// Chebyshev series, truncated at the precision of T and rewritten in powers of s.
template <class T>
inline constexpr std::array upper_tail{
    0.7552851304157514,      0.6078966419718923,      0.3871374007422266,
    0.1865218579596366,      0.06039657489036092,     0.007540188967386312,
    -0.0034796923566515025,  -0.0016308184674099085,  0.00013334420916014778,
    0.00023109501736277426,  -1.907676030719098e-06,  -3.514511190283765e-05,
    7.146021531267462e-07,   5.921611045923978e-06,   -6.249551077565178e-07,
    -1.0247851016552774e-06, 2.647337281979868e-07,   1.597739614223922e-07,
    -7.878360342693638e-08,  -1.7844927772981415e-08, 1.60673869573294e-08,
    5.873626764987191e-10,   -1.6886576966786735e-09, 1.1997782031253095e-10};
template <>
inline constexpr std::array upper_tail<float>{0.7552851271355856f,     0.6078964038146354f,
                                              0.3871375629108491f,     0.18652671087172498f,
                                              0.06039529586995691f,    0.0075122313817515655f,
                                              -0.0034761678949089226f, -0.0015637868988265602f,
                                              0.00012932568134075276f, 0.0001573205695845843f};

}  // namespace detail

/// The standard normal distribution at x: its density exp(-x^2 / 2) / sqrt(2 pi), and its
/// cumulative distribution function, within 2 units of the last place of 1.
template <class V>
DLFS_INLINE void normal_distribution(const V& x, V& density, V& cumulative) {
  if constexpr (std::same_as<V, long double>) {
    // libc++ 14 has the digits of a double in <numbers>.
    constexpr V inverse_root_of_two_pi = 0.398942280401432677939946059934381868L;
    density = std::exp(x * x / -2) * inverse_root_of_two_pi;
    cumulative = std::erfc(-x / std::sqrt(V(2))) / 2;
  } else {
    using T = detail::ElementOf<V>;
    constexpr T inverse_root = std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
    V e;
    exp<V>(x * x * T(-0.5), e);
    constexpr T far = 64;  // where e is 0
    const V distance = x < V{} ? -x : x;
    const V magnitude = distance < far ? distance : V{} + far;
    const V inverse = T(1) / (magnitude + T(4));
    const V s = (T(4) - magnitude) * inverse;
    constexpr auto& factors = detail::upper_tail<T>;
    V sum = V{} + factors.back();
    for (std::size_t k = factors.size() - 1; k-- > 0;) multiply_add(sum, s, factors[k], sum);
    const V numerator = e * sum;
    V rest;
    multiply_add<V>(-numerator, inverse, T(1), rest);
    density = e * inverse_root;
    cumulative = x < V{} ? numerator * inverse : rest;
  }
}

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
