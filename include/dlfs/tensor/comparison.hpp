#pragma once

#include <cmath>

#include "dlfs/tensor/elementwise.hpp"
#include "dlfs/tensor/statistics.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// a and b are close if they differ by at most atol + rtol |b|.
struct Tolerance {
  double rtol = 1e-5;      ///< relative tolerance
  double atol = 1e-8;      ///< absolute tolerance
  bool equal_nan = false;  ///< whether NaN is close to NaN
};

/// Whether |a - b| <= atol + rtol |b| or a = b for all elements: NumPy's allclose.
/// @throws ShapeError if the shapes do not broadcast.
template <AnyTensor A, AnyTensor B>
  requires(RealElement<Element<A>>&& std::same_as<Element<A>, Element<B>>)
bool allclose(const A& a, const B& b, const Tolerance& tolerance = {}) {
  const auto are_close = [&](double x, double y) {
    if (detail::is_nan(x) && detail::is_nan(y)) return tolerance.equal_nan;
    const double limit = tolerance.atol + tolerance.rtol * std::abs(y);
    return x == y || (detail::is_finite(y) && std::abs(x - y) <= limit);
  };
  return all_of(vectorize(cast<double>(a), cast<double>(b), are_close));
}

/// Whether the shapes and all elements are equal. NaN equals nothing, not even NaN.
template <AnyTensor A, AnyTensor B>
  requires(std::same_as<Element<A>, Element<B>>)
bool array_equal(const A& a, const B& b) { return a.shape() == b.shape() && all_of(equal(a, b)); }

}  // namespace dlfs
DLFS_STRICT_MATH_END
