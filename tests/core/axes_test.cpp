#include "dlfs/core/axes.hpp"  // first: proves the header self-contained

#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

// A view of a const tensor only reads, and there is none of an expiring one.
static_assert(std::is_same_v<decltype(squeeze(std::declval<Tensor<int>&>())), TensorView<int>>);
static_assert(
    std::is_same_v<decltype(ravel(std::declval<const Tensor<int>&>())), TensorView<const int>>);
template <class X>
concept CanSqueeze = requires(X&& x) {
  squeeze(std::forward<X>(x));
};
static_assert(CanSqueeze<TensorView<int>> && CanSqueeze<Tensor<int>&>);
static_assert(!CanSqueeze<Tensor<int>> && !CanSqueeze<const Tensor<int>> && !CanSqueeze<int>);

Tensor<int> counting(const Shape& shape) {
  Tensor<int> x(shape);
  for (int next = 0; int& value : x) value = next++;
  return x;
}

TEST(Axes, SwappedAxesTakeEachOthersPlace) {
  const auto x = counting({2, 3, 4});
  EXPECT_EQ(swap_axes(x, 0, -1).shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(swap_axes(x, 0, -1)(3, 2, 1), x(1, 2, 3));
  EXPECT_EQ(swap_axes(x, 1, 1)(1, 2, 3), x(1, 2, 3));
}

TEST(Axes, AMovedAxisLeavesTheOthersInOrder) {
  const auto x = counting({2, 3, 4, 5});
  EXPECT_EQ(move_axis(x, 0, -1).shape(), (Shape{3, 4, 5, 2}));
  EXPECT_EQ(move_axis(x, -1, 0).shape(), (Shape{5, 2, 3, 4}));
  EXPECT_EQ(move_axis(x, 1, 2).shape(), (Shape{2, 4, 3, 5}));
  EXPECT_EQ(move_axis(x, 2, 2).shape(), x.shape());
  EXPECT_EQ(move_axis(x, 3, 1)(1, 4, 2, 3), x(1, 2, 3, 4));
}

TEST(Axes, SqueezingDropsAxesOfOneEntry) {
  const auto x = counting({1, 3, 1});
  EXPECT_EQ(squeeze(x).shape(), Shape{3});
  EXPECT_EQ(squeeze(x, 0).shape(), (Shape{3, 1}));
  EXPECT_EQ(squeeze(x, -1).shape(), (Shape{1, 3}));
  EXPECT_EQ(squeeze(x(all, Slice{1, 2})).item(), 1);
  EXPECT_EQ(error_of<ShapeError>([&] { return squeeze(x, 1); }),
            "squeeze: axis 1 of the shape (1, 3, 1) has not one entry, but 3");
}

TEST(Axes, ExpandingAddsAnAxisOfOneEntry) {
  const auto x = counting({2, 3});
  EXPECT_EQ(expand_dims(x, 0).shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(expand_dims(x, 1).shape(), (Shape{2, 1, 3}));
  EXPECT_EQ(expand_dims(x, -1).shape(), (Shape{2, 3, 1}));
  EXPECT_EQ(expand_dims(x, -1)(1, 2, 0), 5);
  EXPECT_EQ(error_of<ShapeError>([&] { return expand_dims(x, 3); }),
            "expand_dims: axis 3 is out of range for one axis more than (2, 3)");
  EXPECT_THROW(expand_dims(x, -4), ShapeError);
}

TEST(Axes, RaveledElementsLieAlongOneAxis) {
  auto x = counting({2, 3});
  ravel(x)(4) = 40;
  EXPECT_EQ(x(1, 1), 40);
  EXPECT_EQ(ravel(x(all, Slice{.step = -3}))(1), 5);
  EXPECT_EQ(error_of<ShapeError>([&] { return ravel(x.transpose()); }),
            "reshape: the view of shape (3, 2) cannot become (6,) where it lies: reshape a copy() "
            "of it");
}

TEST(Axes, EveryAxisMustBeThere) {
  const auto x = counting({2, 3});
  const std::string expected = "axis 2 is out of range for the shape (2, 3)";
  EXPECT_EQ(error_of<ShapeError>([&] { return swap_axes(x, 0, 2); }), expected);
  EXPECT_EQ(error_of<ShapeError>([&] { return move_axis(x, 2, 0); }), expected);
  EXPECT_EQ(error_of<ShapeError>([&] { return move_axis(x, 0, 2); }), expected);
  EXPECT_EQ(error_of<ShapeError>([&] { return squeeze(x, 2); }), expected);
}

}  // namespace
}  // namespace dlfs
