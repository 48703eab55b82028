#include "support/axes.hpp"

#include <cmath>
#include <numeric>
#include <utility>

#include <gtest/gtest.h>

namespace dlfs::examples {
namespace {

/// The limits that a plot of these numbers gets for y if 0 to 1 are given.
Limits limits_of(const std::vector<Series>& series) {
  const Plot plot{.y_limits = Limits{0, 1}, .legend = Legend::lower_right, .series = series};
  return with_readable_limits({plot}).front().y_limits.value();
}

void expect_near(Limits limits, double low, double high) {
  EXPECT_NEAR(limits.low, low, 1e-12);
  EXPECT_NEAR(limits.high, high, 1e-12);
}

TEST(ReadableLimits, AreThoseGivenWhereTheDataRiseAndFall) {
  expect_near(limits_of({{.y = {0.1, 0.9, 0.98, 0.99}}}), 0, 1);
  expect_near(limits_of({{.y = {0.8, std::nan(""), 1}}}), 0, 1);
  expect_near(limits_of({{.y = {2.5, 0.4, 0.3}}}), 0, 1);  // the book cuts the first losses off
  expect_near(limits_of({{.y = {0.98}}}), 0, 1);
  expect_near(limits_of({{.y = {0, 1}}, {.y = {-5, 5}}}), 0, 1);  // a line from side to side
  expect_near(limits_of({{.y = {0.1, 0.1}}}), 0, 1);
}

TEST(ReadableLimits, FitALineThatWouldBeFlat) {
  expect_near(limits_of({{.y = {0.96, 0.98}}, {.y = {0.95, 1}}}), 0.9475, 1.0025);
}

TEST(ReadableLimits, FitASeriesThatWouldBeOutside) {
  expect_near(limits_of({{.y = {0, 1}}, {.y = {3, 2, 1.5}}}), -0.15, 3.15);
}

TEST(ReadableLimits, FitTheOtherAxisAndMoveTheLegend) {
  const Plot plot{.x_limits = Limits{0, 100},
                  .y_limits = Limits{0, 1},
                  .legend = Legend::lower_right,
                  .series = {{.x = {0, 2}, .y = {0, 1}}}};
  const Plot fitted = with_readable_limits({plot}).front();
  expect_near(*fitted.x_limits, -0.1, 2.1);
  expect_near(*fitted.y_limits, 0, 1);
  EXPECT_EQ(fitted.legend, Legend::best);
}

TEST(ReadableLimits, AreTheSameInAllPanels) {
  const Plot flat{.y_limits = Limits{0, 1}, .series = {{.y = {0.97, 0.98}}}};
  Plot other = flat, rising = flat;
  other.series = {{.y = {0.92, 0.95}}};
  rising.series = {{.y = {0.1, 0.9}}};
  for (const Plot& panel : with_readable_limits({flat, other})) {
    expect_near(*panel.y_limits, 0.917, 0.983);
  }
  for (const Plot& panel : with_readable_limits({flat, rising})) expect_near(*panel.y_limits, 0, 1);
}

TEST(ReadableLimits, StayAwayWhereNoneAreGiven) {
  EXPECT_FALSE(with_readable_limits({{.series = {{.y = {1, 2}}}}}).front().y_limits);
}

TEST(WholeTicks, AreForFewWholeNumbers) {
  EXPECT_TRUE(has_whole_ticks({.series = {{.y = {1, 2, 3}}}}));
  EXPECT_TRUE(has_whole_ticks({.series = {{.x = {0}, .y = {1}}}}));
  EXPECT_FALSE(has_whole_ticks({.series = {{.x = {0, 0.5}, .y = {1, 2}}}}));
  EXPECT_FALSE(has_whole_ticks({.series = {{.x = {0, 20}, .y = {1, 2}}}}));
  EXPECT_FALSE(has_whole_ticks({.x_limits = Limits{0, 20}, .series = {{.y = {1, 2}}}}));
}

TEST(MarkerDistance, IsOneWhereThereIsRoomForAll) {
  const auto distance = [](std::size_t points) {
    return marker_distance({.y = Values(points), .marker_every = 10});
  };
  EXPECT_EQ(distance(3), 1);
  EXPECT_EQ(distance(20), 1);
  EXPECT_EQ(distance(201), 10);
}

}  // namespace
}  // namespace dlfs::examples
