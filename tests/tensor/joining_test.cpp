#include "dlfs/tensor/joining.hpp"

#include <gtest/gtest.h>

#include "support/expect_tensor.hpp"
#include "support/tensors.hpp"

// What NumPy gives is in docs/numpy.md, whose rows are tests; here is the rest.

namespace dlfs {
namespace {

using test::error_of;
using test::expect_equal;

TEST(Concatenate, TakesViewsEmptyPartsAndVectors) {
  const auto a = array<int>({{1, 2}, {3, 4}});
  expect_equal(concatenate<int>({a.transpose(), Tensor<int>({0, 2}), a[0].reshape({1, 2})}),
               array<int>({{1, 3}, {2, 4}, {1, 2}}));
  expect_equal(concatenate(std::vector{a, a}, -1), array<int>({{1, 2, 1, 2}, {3, 4, 3, 4}}));
}

TEST(Concatenate, ErrorsNameThePart) {
  EXPECT_EQ(error_of<ShapeError>([] {
              concatenate<int>({Tensor<int>({2, 3}), Tensor<int>({2, 4})});
            }),
            "concatenate: part 1 of shape (2, 4) does not fit to the first, of shape (2, 3), along "
            "axis 0");
  EXPECT_EQ(error_of<ShapeError>([] { concatenate<int>({Tensor<int>({2})}, 1); }),
            "axis 1 is out of range for the shape (2,)");
  EXPECT_EQ(error_of<ValueError>([] { concatenate(std::vector<Tensor<int>>()); }),
            "concatenate: there are no parts");
}

TEST(Stack, OfScalarsIsAVector) {
  expect_equal(stack<int>({array<int>(1), array<int>(2)}), array<int>({1, 2}));
  EXPECT_EQ(error_of<ShapeError>([] {
              stack<int>({Tensor<int>({2}), Tensor<int>({3})});
            }),
            "concatenate: part 1 of shape (1, 3) does not fit to the first, of shape (1, 2), along "
            "axis 0");
}

TEST(Split, GivesViewsThatWrite) {
  auto x = array<int>({1, 2, 3, 4});
  const auto halves = split(x, 2);
  halves[1](0) = 9;
  EXPECT_EQ(x(2), 9);
  const auto parts = split(x, {1, 3});
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[1].size(), 2);
  EXPECT_EQ(error_of<ShapeError>([&] { split(x, 3); }),
            "split: axis 0 of the shape (4,) has no 3 equal parts");
  EXPECT_EQ(error_of<ShapeError>([&] { split(x, 0); }),
            "split: axis 0 of the shape (4,) has no 0 equal parts");
}

TEST(Roll, TurnsAnyNumberOfTimes) {
  const auto x = array<int>({1, 2, 3});
  expect_equal(roll(x, 7, 0), array<int>({3, 1, 2}));
  expect_equal(roll(x, -7, 0), array<int>({2, 3, 1}));
  EXPECT_EQ(roll(Tensor<int>({0, 2}), 1, 0).shape(), (Shape{0, 2}));
}

TEST(Tile, OfNothingIsEmpty) {
  EXPECT_EQ(tile(array<int>({1, 2}), {0}).shape(), (Shape{0}));
  EXPECT_EQ(tile(Tensor<int>({0, 2}), {3, 1}).shape(), (Shape{0, 2}));
  expect_equal(tile(array<int>(5), {2, 2}), array<int>({{5, 5}, {5, 5}}));
}

TEST(Repeat, RefusesANegativeCount) {
  EXPECT_EQ(repeat(array<int>({1, 2}), 0, 0).shape(), (Shape{0}));
  EXPECT_EQ(error_of<ValueError>([] { repeat(array<int>({1}), -1, 0); }),
            "repeat: expected a count of at least 0, got -1");
}

TEST(Pad, ReflectsFartherThanTheAxisIsLong) {
  expect_equal(pad(array<int>({1, 2, 3}), {{5, 4}}, PadMode::reflect),
               array<int>({2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3}));
  expect_equal(pad(array<int>({4}), {{1, 2}}, PadMode::reflect), array<int>({4, 4, 4, 4}));
}

TEST(Pad, ErrorsSayWhatIsWrong) {
  const Tensor<int> x({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] {
              pad(x, {{1, 1}, {1, 1}, {1, 1}});
            }),
            "pad: 3 pairs of widths for the shape (2, 3)");
  EXPECT_EQ(error_of<ValueError>([&] {
              pad(x, {{1, -1}});
            }),
            "pad: expected widths of at least 0, got 1 and -1");
  EXPECT_EQ(error_of<ValueError>([] {
              pad(Tensor<int>({0, 3}), {{1, 1}}, PadMode::edge);
            }),
            "pad: axis 0 of the shape (0, 3) has no entry to repeat");
}

}  // namespace
}  // namespace dlfs
