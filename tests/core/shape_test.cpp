#include "dlfs/core/shape.hpp"  // first: proves the header self-contained

#include <array>
#include <climits>
#include <limits>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include "support/message.hpp"

namespace dlfs {
namespace {

using test::message;

constexpr Index largest = std::numeric_limits<Index>::max();

static_assert(std::is_trivially_copyable_v<Shape>);
static_assert(Shape{}.rank() == 0 && Shape{}.size() == 1);
static_assert(Shape{2, 3, 4}.rank() == 3 && Shape{2, 3, 4}.size() == 24);
static_assert(Shape{2, 3, 4}.extent(-1) == 4 && Shape{2, 3, 4}.extent(0) == 2);
static_assert(Shape{5, 0, 7}.size() == 0);
static_assert(Shape{2, 3} == Shape{2, 3} && Shape{2, 3} != Shape{3, 2});
static_assert(Shape{2} != Shape{2, 1} && Shape{1} != Shape{});
static_assert(Shape{2, 3, 4}.with(-2, 7) == Shape{2, 7, 4});
static_assert(Shape{2, 3, 4}.axes(1, 3) == Shape{3, 4} && Shape{2}.axes(1, 1) == Shape{});
static_assert(!std::is_convertible_v<std::array<Index, 2>, Shape>);

TEST(Shape, IsMadeOfAnyContiguousExtents) {
  EXPECT_EQ(Shape(std::vector<Index>{4, 5}), (Shape{4, 5}));
  EXPECT_EQ(Shape(std::array<Index, 3>{1, 2, 3}), (Shape{1, 2, 3}));
}

TEST(Shape, EqualsTheExtentsOfAContainer) {
  const Shape shape{2, 3};
  EXPECT_TRUE(shape == (std::vector<int>{2, 3}));
  EXPECT_TRUE((std::array<std::size_t, 2>{2, 3}) == shape);
  EXPECT_TRUE(shape != (std::vector<Index>{2, 4}));
  EXPECT_TRUE(shape != (std::vector<Index>{2, 3, 1}));
  EXPECT_TRUE(shape != std::vector<Index>{2});
  EXPECT_TRUE(Shape{} == std::vector<Index>());
}

TEST(Shape, IsWrittenToStreams) {
  std::ostringstream text;
  text << Shape{2, 3} << ' ' << Shape{5};
  EXPECT_EQ(text.str(), "(2, 3) (5,)");
}

TEST(Shape, HoldsEightAxes) {
  EXPECT_EQ((Shape{1, 2, 1, 2, 1, 2, 1, 2}).size(), 16);
  EXPECT_EQ(message<ShapeError>([] { return Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}; }),
            "a shape has at most 8 axes");
}

TEST(Shape, RejectsANegativeExtent) {
  EXPECT_EQ(message<ShapeError>([] { return Shape{2, -3}; }), "an extent cannot be negative: -3");
  EXPECT_EQ(message<ShapeError>([] {
              return Shape{2, 3}.with(0, -1);
            }),
            "an extent cannot be negative: -1");
}

TEST(Shape, RejectsASizeThatOverflows) {
  EXPECT_EQ((Shape{largest}).size(), largest);
  EXPECT_EQ((Shape{1, largest, 1}).size(), largest);
  EXPECT_EQ(message<ShapeError>([] {
              return Shape{largest, 2};
            }),
            "a tensor of shape (9223372036854775807, 2) has more elements than can be counted");
  EXPECT_THROW((Shape{Index{1} << 32, Index{1} << 31}), ShapeError);
  EXPECT_NO_THROW((Shape{(Index{1} << 32) - 1, Index{1} << 31}));
  EXPECT_THROW((Shape{(Index{1} << 32) - 1, (Index{1} << 32) - 1}), ShapeError);
  EXPECT_THROW((Shape{3, 3}).with(0, largest), ShapeError);
}

TEST(Shape, AnExtentOfZeroHidesNoOverflow) {
  EXPECT_THROW((Shape{0, largest, 2}), ShapeError);
  EXPECT_THROW((Shape{largest, 0, 2}), ShapeError);
  EXPECT_THROW((Shape{largest, 2, 0}), ShapeError);
  EXPECT_EQ((Shape{0, largest}).size(), 0);
  EXPECT_EQ((Shape{largest, 0, 0, 1}).size(), 0);
}

TEST(Shape, AnAxisThatCannotBeAppendedLeavesItAsItWas) {
  Shape shape{2, largest / 2};
  EXPECT_THROW(shape.push_back(2), ShapeError);
  EXPECT_THROW(shape.push_back(-1), ShapeError);
  EXPECT_EQ(shape, (Shape{2, largest / 2}));
  shape.push_back(1);
  EXPECT_EQ(shape, (Shape{2, largest / 2, 1}));
}

TEST(CheckedSum, IsExactUpToTheLargestIndex) {
  EXPECT_EQ(detail::checked_sum("f", largest - 3, 3), largest);
  EXPECT_EQ(detail::checked_sum("f", 0, largest), largest);
  EXPECT_EQ(message<ShapeError>([] { detail::checked_sum("f", largest - 3, 4); }),
            "f: an extent of 9223372036854775804 + 4 cannot be counted");
  EXPECT_THROW(detail::checked_sum("f", largest, largest), ShapeError);
}

TEST(CheckedProduct, IsExactUpToTheLargestIndex) {
  static_assert(largest % 7 == 0);
  EXPECT_EQ(detail::checked_product("f", largest / 7, 7), largest);
  EXPECT_EQ(detail::checked_product("f", 7, largest / 7), largest);
  EXPECT_EQ(detail::checked_product("f", largest, 0), 0);
  EXPECT_EQ(detail::checked_product("f", 0, largest), 0);
  EXPECT_EQ(message<ShapeError>([] { detail::checked_product("f", largest / 7 + 1, 7); }),
            "f: an extent of 1317624576693539402 * 7 cannot be counted");
  EXPECT_THROW(detail::checked_product("f", largest, largest), ShapeError);
}

TEST(Shape, NormalizesAxesThatCountFromTheEnd) {
  const Shape shape{2, 3, 4};
  for (int axis = 0; axis < 3; ++axis) {
    EXPECT_EQ(shape.normalize_axis(axis), axis);
    EXPECT_EQ(shape.normalize_axis(axis - 3), axis);
  }
  EXPECT_EQ(message<ShapeError>([&] { return shape.normalize_axis(3); }),
            "axis 3 is out of range for the shape (2, 3, 4)");
  EXPECT_EQ(message<ShapeError>([&] { return shape.extent(-4); }),
            "axis -4 is out of range for the shape (2, 3, 4)");
  EXPECT_THROW(shape.normalize_axis(INT_MIN), ShapeError);
  EXPECT_THROW(shape.normalize_axis(INT_MAX), ShapeError);
  EXPECT_THROW(Shape{}.extent(0), ShapeError);
  EXPECT_THROW(Shape{}.extent(-1), ShapeError);
}

TEST(Shape, PrintsAsNumPyDoes) {
  EXPECT_EQ(to_string(Shape{}), "()");
  EXPECT_EQ(to_string(Shape{5}), "(5,)");
  EXPECT_EQ(to_string(Shape{2, 0, 3}), "(2, 0, 3)");
}

TEST(BroadcastShapes, AlignsAtTheLastAxisAndStretchesOnes) {
  const auto broadcast = [](const Shape& a, const Shape& b) {
    EXPECT_EQ(broadcast_shapes(a, b, "add"), broadcast_shapes(b, a, "add"));
    return broadcast_shapes(a, b, "add");
  };
  EXPECT_EQ(broadcast({2, 3}, {2, 3}), (Shape{2, 3}));
  EXPECT_EQ(broadcast({2, 3}, {3}), (Shape{2, 3}));
  EXPECT_EQ(broadcast({2, 3}, {}), (Shape{2, 3}));
  EXPECT_EQ(broadcast({2, 1}, {3}), (Shape{2, 3}));
  EXPECT_EQ(broadcast({8, 1, 6, 1}, {7, 1, 5}), (Shape{8, 7, 6, 5}));
  EXPECT_EQ(broadcast({}, {}), Shape{});
}

TEST(BroadcastShapes, AnOneStretchesToZero) {
  EXPECT_EQ(broadcast_shapes({1, 3}, {0, 3}, "add"), (Shape{0, 3}));
  EXPECT_EQ(broadcast_shapes({}, {0}, "add"), (Shape{0}));
  EXPECT_THROW(broadcast_shapes({2}, {0}, "add"), ShapeError);
}

TEST(BroadcastShapes, ErrorNamesTheOperationTheShapesAndTheAxis) {
  EXPECT_EQ(message<ShapeError>([] {
              return broadcast_shapes({4, 2, 3}, {3, 3}, "subtract");
            }),
            "subtract: shapes (4, 2, 3) and (3, 3) do not broadcast: axis -2 has extents 2 and 3");
}

TEST(BroadcastShapes, RejectsAProductThatOverflows) {
  EXPECT_THROW(broadcast_shapes({largest, 1}, {2}, "add"), ShapeError);
}

TEST(Shape, AxesOutOfRangeAreRefused) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape.axes(1, 3), (Shape{3, 4}));
  EXPECT_EQ(shape.axes(3, 3), Shape{});
  for (const auto& [first, last] : {std::pair{-1, 2}, {2, 1}, {0, 4}, {5, 9}}) {
    EXPECT_THROW(shape.axes(first, last), ShapeError) << first << ' ' << last;
  }
}

}  // namespace
}  // namespace dlfs
