#include "dlfs/core/loop_nest.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace dlfs::detail {
namespace {

/// The offsets of every element of a view, walked by its nest.
std::vector<Index> offsets_of(const LoopNest<1>& nest) {
  std::vector<Index> offsets;
  nest.for_each_row([&](const auto& row) {
    for (Index i = 0; i < nest.row_extent(); ++i) {
      offsets.push_back(row[0] + i * nest.row_strides()[0]);
    }
  });
  return offsets;
}

TEST(LoopNest, DenseAxesBecomeOneLoop) {
  const Layout dense = Layout::dense({2, 3, 4});
  const LoopNest<2> nest(dense, dense);
  EXPECT_EQ(nest.rows(), 1);
  EXPECT_EQ(nest.row_extent(), 24);
  EXPECT_EQ(nest.row_strides(), (LoopNest<2>::Offsets{1, 1}));
}

TEST(LoopNest, AxesMergeOnlyWhereEveryViewAllows) {
  const LoopNest<2> nest(Layout::dense({2, 3, 4}), Layout{{2, 3, 4}, {0, 4, 1}});
  EXPECT_EQ(nest.rows(), 2);
  EXPECT_EQ(nest.row_extent(), 12);
}

TEST(LoopNest, AxesOfOneEntryAreDropped) {
  const LoopNest<1> nest(Layout{{2, 1, 3, 1}, {3, 77, 1, 88}});
  EXPECT_EQ(nest.row_extent(), 6);
  EXPECT_EQ(nest.row_strides()[0], 1);
}

TEST(LoopNest, OtherViewsBroadcastToTheFirst) {
  const LoopNest<3> nest(Layout::dense({2, 3, 4}), Layout::dense({3, 1}), Layout::dense({}));
  EXPECT_EQ(nest.row_extent(), 4);
  EXPECT_EQ(nest.row_strides(), (LoopNest<3>::Offsets{1, 0, 0}));
  EXPECT_EQ(nest.plane_extent(), 3);
  EXPECT_EQ(nest.plane_strides(), (LoopNest<3>::Offsets{4, 1, 0}));
  EXPECT_EQ(nest.row_offsets(5), (LoopNest<3>::Offsets{20, 2, 0}));
}

TEST(LoopNest, RankZeroIsOneDenseStep) {
  const LoopNest<1> nest(Layout{});
  EXPECT_EQ(offsets_of(nest), std::vector<Index>{0});
  EXPECT_EQ(nest.row_strides()[0], 1);
}

TEST(LoopNest, WalksInRowMajorOrder) {
  EXPECT_EQ(offsets_of(LoopNest<1>(Layout{{2, 2, 2}, {1, 10, -100}})),
            (std::vector<Index>{0, -100, 10, -90, 1, -99, 11, -89}));
}

TEST(LoopNest, RowOffsetsFindEveryRow) {
  const LoopNest<1> nest(Layout{{2, 3, 2}, {1, 10, 100}});
  ASSERT_EQ(nest.rows(), 6);
  std::vector<Index> walked;
  nest.for_each_row([&](const auto& offsets) { walked.push_back(offsets[0]); });
  for (Index row = 0; row < nest.rows(); ++row) {
    EXPECT_EQ(nest.row_offsets(row)[0], walked[static_cast<std::size_t>(row)]);
  }
}

}  // namespace
}  // namespace dlfs::detail
