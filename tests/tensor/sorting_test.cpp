#include "dlfs/tensor/sorting.hpp"

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "support/expect_tensor.hpp"
#include "support/tensors.hpp"

// What NumPy gives is in docs/numpy.md, whose rows are tests; here is the rest.

namespace dlfs {
namespace {

using test::error_of;
using test::expect_equal;
using test::nan;

TEST(Sort, PutsNaNLast) {
  const auto sorted = sort(array<double>({nan, 2, -1, nan, 0}));
  expect_equal(copy(sorted.rows(0, 3)), array<double>({-1, 0, 2}));
  EXPECT_NE(sorted(3), sorted(3));
  expect_equal(argsort(array<double>({nan, 2, nan, 0})), array<Index>({3, 1, 0, 2}));
}

TEST(Sort, OfHalfTypesAndOfNothing) {
  const auto x = cast<Eigen::half>(array<float>({3, -2}));
  expect_equal(cast<float>(sort(x)), array<float>({-2, 3}));
  EXPECT_EQ(sort(Tensor<int>({3, 0})).shape(), (Shape{3, 0}));
  EXPECT_EQ(argsort(Tensor<int>({0, 3}), 0).shape(), (Shape{0, 3}));
  EXPECT_EQ(error_of<ShapeError>([] { sort(array<int>(1)); }),
            "axis -1 is out of range for the shape ()");
}

TEST(Argsort, KeepsTheOrderOfEquals) {
  expect_equal(argsort(array<int>({1, 0, 1, 0, 1})), array<Index>({1, 3, 0, 2, 4}));
}

TEST(Unique, CountsNaNAsOne) {
  const auto [values, counts] = unique(array<double>({{nan, 1}, {1, nan}}));
  ASSERT_EQ(values.size(), 2);
  EXPECT_EQ(values(0), 1);
  expect_equal(counts, array<Index>({2, 2}));
  EXPECT_EQ(unique(Tensor<int>({0})).values.size(), 0);
}

TEST(Histogram, CountsEachNumberOnce) {
  Rng rng(1);
  const auto x = random_uniform<float>({10000}, rng, 0, 1);
  const auto [counts, edges] = histogram(x, 30, 0, 1);
  Index total = 0;
  for (Index bin = 0; bin < 30; ++bin) {
    Index expected = 0;
    for (float value : x) expected += value >= edges(bin) && value < edges(bin + 1) ? 1 : 0;
    EXPECT_EQ(counts(bin), expected) << bin;
    total += counts(bin);
  }
  EXPECT_EQ(total, 10000);
}

TEST(Histogram, LeavesOutWhatLiesBeyond) {
  expect_equal(histogram(array<double>({-1, 0, 1, 2, nan}), 2, 0, 1).counts, array<Index>({1, 1}));
  EXPECT_EQ(error_of<ValueError>([] { histogram(array<double>({1}), 0, 0, 1); }),
            "histogram: expected at least one bin and low < high, got 0 from 0 to 1");
}

TEST(OneHot, RefusesALabelThatIsNoClass) {
  EXPECT_EQ(error_of<ValueError>([] {
              one_hot<float>(array<int>({0, 3}), 3);
            }),
            "one_hot: label 3 is not in 0..2");
  EXPECT_EQ(one_hot<float>(Tensor<int>({0}), 3).shape(), (Shape{0, 3}));
}

}  // namespace
}  // namespace dlfs
