#include "dlfs/tensor/logic.hpp"

#include <gtest/gtest.h>

#include "support/expect_tensor.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::expect_equal;

template <class X>
concept HasLogicalNot = requires(const X& x) {
  logical_not(x);
};
static_assert(HasLogicalNot<Tensor<bool>> && HasLogicalNot<TensorView<const bool>>);
static_assert(!HasLogicalNot<Tensor<int>> && !HasLogicalNot<bool>);

TEST(Logic, OfEveryPair) {
  const auto a = array<bool>({false, false, true, true});
  const auto b = array<bool>({false, true, false, true});
  expect_equal(logical_and(a, b), array<bool>({false, false, false, true}));
  expect_equal(logical_or(a, b), array<bool>({false, true, true, true}));
  expect_equal(logical_xor(a, b), array<bool>({false, true, true, false}));
  expect_equal(logical_not(a), array<bool>({true, true, false, false}));
}

TEST(Logic, BroadcastsViewsAndFillsVectors) {
  Tensor<bool> column({100, 1});
  Tensor<bool> row({1, 70});
  for (Index i = 0; i < 100; ++i) column(i, 0) = i % 3 == 0;
  for (Index j = 0; j < 70; ++j) row(0, j) = j % 2 == 0;
  const auto both = logical_and(row.transpose(), column.transpose());
  ASSERT_EQ(both.shape(), (Shape{70, 100}));
  for (Index j = 0; j < 70; ++j) {
    for (Index i = 0; i < 100; ++i) ASSERT_EQ(both(j, i), i % 3 == 0 && j % 2 == 0);
  }
}

TEST(Logic, NamesTheOperationAndBothShapes) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              logical_xor(array<bool>({true, true}), array<bool>({true, true, true}));
            }),
            "logical_xor: shapes (2,) and (3,) do not broadcast: axis -1 has extents 2 and 3");
}

}  // namespace
}  // namespace dlfs
