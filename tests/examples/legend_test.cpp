#include "support/legend.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace dlfs::examples {
namespace {

constexpr AxesSize axes{520, 380};

Legend place_of(const std::vector<Series>& series, std::optional<Limits> y_limits = {}) {
  return free_place({.y_limits = y_limits, .series = series}, axes);
}

TEST(FreePlace, IsTheFirstThatHidesNothing) {
  EXPECT_EQ(place_of({{.label = "falling", .y = {1, 0}}}), Legend::upper_right);
  EXPECT_EQ(place_of({{.label = "rising", .y = {0, 1}}}), Legend::upper_left);
  EXPECT_EQ(place_of({{.label = "high", .y = {1, 1, 1}}}, Limits{0, 1.05}), Legend::lower_left);
  EXPECT_EQ(place_of({{.label = "saturating", .y = {0, 1, 1, 1, 1}}}), Legend::lower_right);
}

TEST(FreePlace, IsBesideTheAxisWhereAllCornersAreTaken) {
  EXPECT_EQ(place_of({{.label = "high", .y = {1, 1}}, {.label = "low", .y = {0, 0}}}),
            Legend::center_right);
  EXPECT_EQ(place_of({{.label = "cross", .y = {0, 1}}, {.label = "cross", .y = {1, 0}}}),
            Legend::center_right);
}

TEST(FreePlace, SeesALineBetweenItsPoints) {
  EXPECT_EQ(
      place_of({{.label = "two points outside", .x = {-1, 3}, .y = {0.95, 0.95}}}, Limits{0, 1}),
      Legend::lower_left);
  EXPECT_EQ(place_of({{.label = "points alone",
                       .x = {-1, 3},
                       .y = {0.95, 0.95},
                       .line = Line::none,
                       .marker = Marker::circle}},
                     Limits{0, 2}),
            Legend::upper_right);
}

TEST(FreePlace, HidesAsLittleAsItCan) {
  std::vector<Series> full;
  for (int i = 0; i <= 20; ++i) {
    full.push_back({.label = "full", .y = Values(21, i)});
    if (i != 1) full.push_back({.y = Values(21, i)});  // one line less at the bottom
  }
  for (std::size_t i = 1; i < full.size(); ++i) full[i].label.clear();
  EXPECT_EQ(place_of(full, Limits{0, 20}), Legend::lower_left);
}

TEST(FreePlace, IgnoresWhatIsNotDrawn) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(place_of({{.label = "gap", .y = {0, 0, nan, 0}}}), Legend::upper_right);
  EXPECT_EQ(place_of({{.label = "above", .y = {0, 5, 5}}}, Limits{0, 1}), Legend::upper_right);
  EXPECT_EQ(place_of({{.label = "nothing", .y = {nan}}}), Legend::upper_right);
}

}  // namespace
}  // namespace dlfs::examples
