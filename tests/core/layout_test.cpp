#include "dlfs/core/layout.hpp"

#include <gtest/gtest.h>

// What a view does with a layout is in view_test.cpp. All of it works in constant expressions.

namespace dlfs {
namespace {

constexpr Layout dense = Layout::dense({2, 3, 4});
static_assert(dense.stride(0) == 12 && dense.stride(1) == 4 && dense.stride(2) == 1);
static_assert(dense.is_contiguous() && !dense.transpose().is_contiguous());
static_assert(dense.transpose().shape == Shape{4, 3, 2} && dense.transpose().stride(0) == 1);

// The strides of axes with one entry do not count, nor do those of no elements.
static_assert(Layout::dense({3, 1}).transpose().is_contiguous());
static_assert(Layout::dense({3, 0, 2}).transpose().is_contiguous());

static_assert(dense.resolve({4, -1}) == Shape{4, 6});
static_assert(dense.reshape({6, 2, 2}).stride(0) == 4);
static_assert(dense.slice(2, {3, {}, -1}).layout.stride(2) == -1);
static_assert(dense.slice(2, {3, {}, -1}).offset == 3);
static_assert(dense.part({1, ellipsis, 2}).offset == 14);
static_assert(dense.part({1, ellipsis, 2}).layout.shape == Shape{3});

TEST(Layout, AStrideForBroadcastingIsCountedFromTheLastAxis) {
  const Layout layout = Layout::dense({3, 1});
  EXPECT_EQ(layout.broadcast_stride(-1), 0);
  EXPECT_EQ(layout.broadcast_stride(-2), 1);
  EXPECT_EQ(layout.broadcast_stride(-3), 0);
}

TEST(Layout, APartWithoutElementsBeginsAtTheFirst) {
  const Layout empty = Layout::dense({0, 4});
  EXPECT_EQ(empty.slice(1, {2, 4}).offset, 0);
  EXPECT_EQ(empty.part({all, 3}).offset, 0);
}

TEST(Layout, HoldsNoMoreAxesThanAShape) {
  Layout layout;
  for (int axis = 0; axis < max_rank; ++axis) layout.push_back(1, axis);
  EXPECT_THROW(layout.push_back(1, 0), ShapeError);
  EXPECT_EQ(layout.shape.rank(), max_rank);
}

}  // namespace
}  // namespace dlfs
