#pragma once

#include <concepts>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Number of neighbouring leaves of a pairwise tree that are combined in sequence.
inline constexpr Index reduced_in_sequence = 16;

/// leaf(first) op ... op leaf(last - 1), as a balanced tree. The leaves are called in order.
template <class Op, class A, class Leaf>
A fold_pairwise(Index first, Index last, const Leaf& leaf) {
  A total;
  if (last - first <= reduced_in_sequence) {
    total = leaf(first);
    for (Index i = first + 1; i < last; ++i) Op()(A(total), leaf(i), total);
    return total;
  }
  const Index middle = first + (last - first) / 2;
  const A left = fold_pairwise<Op, A>(first, middle, leaf);
  Op()(left, fold_pairwise<Op, A>(middle, last, leaf), total);
  return total;
}

struct Plus {
  template <class A>
  void operator()(const A& a, const A& b, A& out) const {
    out = a + b;
  }
};

/// leaf(first) + ... + leaf(last - 1) of real numbers. The rounding error grows with the logarithm
/// of the count.
template <std::floating_point A, class Leaf>
A sum_pairwise(Index first, Index last, const Leaf& leaf) {
  return fold_pairwise<Plus, A>(first, last, leaf);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
