#include "dlfs/tools/text_table.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace dlfs {
namespace {

TEST(TextTable, AlignsNumbersToTheRightAndEndsLinesWithoutSpaces) {
  EXPECT_EQ(detail::text_table({{"layer", "kind", "n"}, {"a", "relu", "1000"}, {"b", "x", ""}}, 2),
            "layer  kind     n\n"
            "a      relu  1000\n"
            "b      x\n");
  EXPECT_EQ(detail::text_table({}, 2), "");
}

TEST(TextTable, GroupsDigits) {
  EXPECT_EQ(detail::grouped(7), "7");
  EXPECT_EQ(detail::grouped(433), "433");
  EXPECT_EQ(detail::grouped(1433), "1,433");
  EXPECT_EQ(detail::grouped(138357544), "138,357,544");
}

TEST(TextTable, RoundsToDigitsAfterThePoint) {
  EXPECT_EQ(detail::fixed(2.125, 1), "2.1");
  EXPECT_EQ(detail::fixed(-0.75, 0), "-1");
  EXPECT_EQ(detail::fixed(std::numeric_limits<double>::max(), 2).size(), 309u + 3u);
}

}  // namespace
}  // namespace dlfs
