#pragma once

#include "dlfs/simd/multiply_add.hpp"

// A mean and a variance from the deviations d from a guess of the mean:
//
//   mean = guess + mean(d)   variance = mean(d^2) - mean(d)^2
//
// A large mean costs no precision as long as the guess is nearer to it than the standard deviation,
// and the variance of equal numbers is 0.
// Source: Chan, Golub and LeVeque, "Algorithms for computing the sample variance" (1983).

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// A term of the sums of d and of d^2.
struct Deviate {
  template <class V>
  DLFS_INLINE void operator()(const V& number, const V& guess, V& sum, V& squares) const {
    const V deviation = number - guess;
    sum += deviation;
    simd::multiply_add(deviation, deviation, squares, squares);
  }
};

/// From the sums over n numbers: the guess becomes the mean, `sum` the error of the guess, and
/// `squares` the variance, times n / divisor.
template <class T, class V>
DLFS_INLINE void correct_statistics(T n, T divisor, V& guess, V& sum, V& squares) {
  const V off = sum / n;
  V rest;
  simd::multiply_add<V>(-sum, off, squares, rest);
  guess += off;
  sum = off;
  squares = rest < V{} ? V{} : rest / divisor;
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
