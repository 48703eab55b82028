#pragma once

#include "dlfs/math/logic.hpp"
#include "dlfs/math/statistics.hpp"

namespace dlfs {

/// How far apart two numbers may be that count as close: absolute + relative |b|.
struct Closeness {
  double relative = 1e-5;
  double absolute = 1e-8;
  bool equal_nan = false;  // whether NaN is close to NaN
};

/// Whether |a - b| <= absolute + relative |b| for all elements, or a = b: NumPy's allclose.
/// @throws ShapeError where the shapes do not broadcast.
template <AnyTensor A, AnyTensor B>
  requires(RealElement<Element<A>>&& std::same_as<Element<A>, Element<B>>)
bool allclose(const A& a, const B& b, const Closeness& closeness = {}) {
  const Tensor<double> left = cast<double>(a);
  const Tensor<double> right = cast<double>(b);
  const auto limit = closeness.relative * abs(const_view(right)) + closeness.absolute;
  const auto is_finite = abs(const_view(right)) < std::numeric_limits<double>::infinity();
  auto is_close =
      logical_or(equal(left, right), logical_and(abs(left - right) <= limit, is_finite));
  if (closeness.equal_nan) {
    is_close = logical_or(is_close, logical_and(not_equal(left, left), not_equal(right, right)));
  }
  return all_of(is_close);
}

/// Whether shapes and all elements are equal; NaN equals nothing.
template <AnyTensor A, AnyTensor B>
  requires(std::same_as<Element<A>, Element<B>>)
bool array_equal(const A& a, const B& b) { return a.shape() == b.shape() && all_of(equal(a, b)); }

}  // namespace dlfs
