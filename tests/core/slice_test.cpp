#include "dlfs/core/slice.hpp"  // first: proves the header self-contained

#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/tensor.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(PartSubscripts<Slice> && PartSubscripts<int, Slice> && PartSubscripts<NewAxis>);
static_assert(!PartSubscripts<> && !PartSubscripts<int, Index>);  // names an element
static_assert(!PartSubscripts<Slice, double>);

Tensor<int> counting(const Shape& shape) {
  Tensor<int> x(shape);
  for (int next = 0; int& value : x) value = next++;
  return x;
}

template <class T>
std::vector<int> elements(TensorView<T> x) {
  if (x.rank() == 0) return {x()};
  std::vector<int> all_of_them;
  for (Index i = 0; i < x.extent(0); ++i) {
    for (int element : elements(x[i])) all_of_them.push_back(element);
  }
  return all_of_them;
}

TEST(Slice, APartHasTheAxesThatNoPositionTakes) {
  const auto x = counting({2, 3, 4});
  EXPECT_EQ(elements(x(1, Slice{0, 2}, -1)), (std::vector{15, 19}));
  EXPECT_EQ(x(all, 1).shape(), (Shape{2, 4}));
  EXPECT_EQ(elements(x(all, 1, Slice{.step = -3})), (std::vector{7, 4, 19, 16}));
  EXPECT_EQ(x(Slice{5, 9}).shape(), (Shape{0, 3, 4}));
  EXPECT_TRUE(x(all).is_contiguous());
  EXPECT_FALSE(x(all, 1).is_contiguous());
}

TEST(Slice, AnEllipsisStandsForTheAxesLeftOver) {
  const auto x = counting({2, 3, 4});
  EXPECT_EQ(elements(x(ellipsis, 0)), (std::vector{0, 4, 8, 12, 16, 20}));
  EXPECT_EQ(elements(x(1, ellipsis, 2)), (std::vector{14, 18, 22}));
  EXPECT_EQ(x(1, 2, 3, ellipsis).shape(), Shape{});
  EXPECT_EQ(x(1, 2, 3, ellipsis).item(), 23);
  EXPECT_EQ(x(ellipsis).shape(), x.shape());
  const auto scalar = full<int>({}, 7);
  EXPECT_EQ(scalar(ellipsis).item(), 7);
  EXPECT_EQ(scalar(new_axis).shape(), Shape{1});
}

TEST(Slice, ANewAxisHasOneEntry) {
  const auto x = counting({2, 3});
  EXPECT_EQ(x(all, new_axis).shape(), (Shape{2, 1, 3}));
  EXPECT_EQ(x(new_axis, ellipsis, new_axis).shape(), (Shape{1, 2, 3, 1}));
  EXPECT_EQ(x(new_axis, 1, Slice{1, {}}).shape(), (Shape{1, 2}));
}

TEST(Slice, APartWritesToTheTensor) {
  auto x = counting({2, 3});
  x(ellipsis, Slice{.step = -1})(0, 0) = 20;
  EXPECT_EQ(x(0, 2), 20);
}

TEST(Slice, ErrorsOfParts) {
  const auto x = counting({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] { return x(all, 3); }),
            "indexing: index 3 is out of range for axis 1 of the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { return x(new_axis, -3); }),
            "indexing: index -3 is out of range for axis 0 of the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { return x(all, all, all); }),
            "indexing: 3 subscripts for the shape (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { return x(ellipsis, 0, ellipsis); }),
            "indexing: more than one ellipsis");
  EXPECT_EQ(error_of<ValueError>([&] { return x(Slice{.step = 0}); }),
            "slice: the step cannot be 0");
  EXPECT_EQ(error_of<ShapeError>([&] {
              return x(new_axis, new_axis, new_axis, new_axis, new_axis, new_axis, new_axis);
            }),
            "a shape has at most 8 axes");
}

}  // namespace
}  // namespace dlfs
