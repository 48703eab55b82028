#include "dlfs/core/index_range.hpp"

#include <gtest/gtest.h>

namespace dlfs::detail {
namespace {

TEST(RangeInside, HoldsExactlyTheStepsInsideOfTheImage) {
  for (Index first = -9; first <= 9; ++first) {
    for (Index step = 1; step <= 4; ++step) {
      for (Index count = 0; count <= 6; ++count) {
        for (Index extent = 0; extent <= 6; ++extent) {
          const IndexRange range = range_inside(first, step, count, extent);
          for (Index i = -1; i <= count; ++i) {
            const Index place = first + i * step;
            const bool is_inside = 0 <= i && i < count && 0 <= place && place < extent;
            ASSERT_EQ(range.contains(i), is_inside)
                << first << " + " << i << " * " << step << " of " << count << " in " << extent;
          }
        }
      }
    }
  }
}

TEST(RangeInside, NothingInsideIsTheEmptyRangeAtZero) {
  for (const IndexRange range : {range_inside(5, 1, 3, 5), range_inside(-5, 2, 9, 1),
                                 range_inside(-9, 1, 3, 5), range_inside(0, 1, 3, 0)}) {
    EXPECT_TRUE(range.empty());
    EXPECT_EQ(range.end, 0);
  }
}

}  // namespace
}  // namespace dlfs::detail
