#include "dlfs/tensor/comparison.hpp"

#include <gtest/gtest.h>

#include "support/tensors.hpp"

// What NumPy gives is in docs/numpy.md, whose rows are tests; here is the rest.

namespace dlfs {
namespace {

TEST(Allclose, FollowsNumPy) {
  constexpr double infinity = test::infinity;
  const auto x = array<double>({1, infinity, -infinity});
  EXPECT_TRUE(allclose(x, x));
  EXPECT_FALSE(allclose(x, -x));
  EXPECT_FALSE(allclose(array<double>({1e8}), array<double>({infinity})));
  EXPECT_FALSE(allclose(array<double>({test::nan}), array<double>({test::nan})));
  EXPECT_TRUE(
      allclose(array<double>({test::nan}), array<double>({test::nan}), {.equal_nan = true}));
  EXPECT_TRUE(allclose(array<float>({1, 1}), array<float>(1)));
  EXPECT_FALSE(allclose(array<double>({1}), array<double>({1.1})));
  EXPECT_TRUE(allclose(array<double>({1}), array<double>({1.1}), {.rtol = 0.1}));
  EXPECT_TRUE(allclose(Tensor<double>({0}), array<double>(1)));
}

TEST(ArrayEqual, NeedsEqualShapes) {
  EXPECT_FALSE(array_equal(array<int>({1, 1}), array<int>(1)));
  const auto x = array<int>({{1, 2}, {3, 4}});
  EXPECT_TRUE(array_equal(x.transpose(), array<int>({{1, 3}, {2, 4}})));
  EXPECT_FALSE(array_equal(array<double>({test::nan}), array<double>({test::nan})));
}

TEST(Allclose, RefusesShapesThatDoNotBroadcast) {
  EXPECT_THROW(allclose(Tensor<float>({2}), Tensor<float>({3})), ShapeError);
}

}  // namespace
}  // namespace dlfs
