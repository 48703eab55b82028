#include "dlfs/core/pairwise.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dlfs {
namespace {

/// Writes down which operands were joined.
struct Join {
  void operator()(const std::string& a, const std::string& b, std::string& out) const {
    out = '(' + a + b + ')';
  }
};

std::string tree(Index first, Index last) {
  return detail::fold_pairwise<Join, std::string>(
      first, last, [](Index i) { return std::string(1, static_cast<char>('a' + i)); });
}

TEST(FoldPairwise, CombinesFewLeavesInSequence) {
  EXPECT_EQ(tree(2, 3), "c");
  EXPECT_EQ(tree(0, 4), "(((ab)c)d)");
}

TEST(FoldPairwise, HalvesMoreLeaves) {
  const Index count = detail::reduced_in_sequence + 1;
  EXPECT_EQ(tree(0, count), '(' + tree(0, count / 2) + tree(count / 2, count) + ')');
}

TEST(FoldPairwise, CallsTheLeavesOnceAndInOrder) {
  std::vector<Index> called;
  detail::sum_pairwise<float>(3, 103, [&](Index i) {
    called.push_back(i);
    return 1.0f;
  });
  ASSERT_EQ(called.size(), 100u);
  for (std::size_t i = 0; i < called.size(); ++i) EXPECT_EQ(called[i], static_cast<Index>(i) + 3);
}

TEST(SumPairwise, KeepsThePrecisionOfManyTerms) {
  constexpr Index count = 10'000'000;
  const auto sum = detail::sum_pairwise<float>(0, count, [](Index) { return 0.1f; });
  EXPECT_NEAR(static_cast<double>(sum) / (static_cast<double>(count) * 0.1f), 1, 1e-6);
}

}  // namespace
}  // namespace dlfs
