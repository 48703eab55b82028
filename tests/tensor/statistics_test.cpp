#include "dlfs/tensor/statistics.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/expect_tensor.hpp"
#include "support/tensors.hpp"

// What NumPy gives is in docs/numpy.md, whose rows are tests; here is the rest.

namespace dlfs {
namespace {

using test::error_of;
using test::expect_equal;
using test::random_tensor;

TEST(Variance, IsExactFarFromZero) {
  EXPECT_EQ(variance(array<double>({1e9 + 1, 1e9 + 2, 1e9 + 3}), Ddof{1}), 1.0);
  EXPECT_TRUE(std::isnan(variance(Tensor<double>({0}))));
  EXPECT_TRUE(std::isnan(variance(array<double>({1}), Ddof{1})));
  EXPECT_TRUE(std::isnan(variance(Tensor<double>({0}), Ddof{1})));
}

TEST(Cumsum, WalksAnyAxisOfAnyView) {
  const auto x = array<int>({{1, 2, 3}, {4, 5, 6}});
  expect_equal(cumsum(x.transpose(), 1), array<std::int64_t>({{1, 5}, {2, 7}, {3, 9}}));
  EXPECT_EQ(cumsum(Tensor<float>({0, 3}), 0).shape(), (Shape{0, 3}));
  EXPECT_EQ(error_of<ShapeError>([&] { cumsum(x, 2); }),
            "axis 2 is out of range for the shape (2, 3)");
}

TEST(AnyAndAll, OfNothing) {
  EXPECT_FALSE(any_of(Tensor<bool>({0})));
  EXPECT_TRUE(all_of(Tensor<bool>({0})));
  expect_equal(all_of(Tensor<int>({0, 2}), 0), array<bool>({true, true}));
}

TEST(Norm, OfHalfTypesAndOfNothing) {
  const auto x = cast<Eigen::half>(array<float>({3, -4}));
  EXPECT_EQ(static_cast<float>(norm(x)), 5.0f);
  EXPECT_EQ(norm(Tensor<double>({0}), Norm::infinity), 0.0);
}

TEST(Argmin, IsTheFirstOfEquals) {
  expect_equal(argmin(array<int>({{2, 1, 1}, {0, 5, 0}}), 1), array<Index>({1, 0}));
}

}  // namespace
}  // namespace dlfs
