#include "dlfs/optim/schedules.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace dlfs {
namespace {

TEST(StepDecay, FallsInSteps) {
  const StepDecay rate{.rate = 2, .every = 10, .factor = 0.5};
  EXPECT_EQ(rate(0), 2);
  EXPECT_EQ(rate(9), 2);
  EXPECT_EQ(rate(10), 1);
  EXPECT_EQ(rate(25), 0.5);
}

TEST(ExponentialDecay, FallsByAFactor) {
  const ExponentialDecay rate{.rate = 2, .factor = 0.5};
  EXPECT_EQ(rate(0), 2);
  EXPECT_EQ(rate(3), 0.25);
}

TEST(CosineDecay, FallsAlongHalfACosine) {
  const CosineDecay rate{.rate = 1, .steps = 100, .last_rate = 0.2};
  EXPECT_EQ(rate(0), 1);
  EXPECT_NEAR(rate(50), 0.6, 1e-15);
  EXPECT_NEAR(rate(25), 0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2, 1e-15);
  EXPECT_NEAR(rate(100), 0.2, 1e-15);
  EXPECT_EQ(rate(1000), rate(100));
}

TEST(WarmUp, RisesToAnotherSchedule) {
  const WarmUp rate{StepDecay{.rate = 1, .every = 6}, 4};
  EXPECT_EQ(rate(0), 0.25);
  EXPECT_EQ(rate(2), 0.75);
  EXPECT_EQ(rate(3), 1);
  EXPECT_NEAR(rate(6), 0.1, 1e-15);
}

// PyTorch 1.13: OneCycleLR(optimizer, max_lr=1, total_steps=10, div_factor=25,
// final_div_factor=1e4).
TEST(OneCycle, IsPyTorchs) {
  const double expected[] = {
      0.04,         0.52,         1,    0.9504844381, 0.8117450031, 0.6112609505, 0.3887410495,
      0.1882569969, 0.0495175619, 4e-06};
  const OneCycle rate{.peak = 1, .steps = 10};
  for (Index step = 0; step < 10; ++step) EXPECT_NEAR(rate(step), expected[step], 2e-6) << step;
  EXPECT_EQ(rate(11), rate(9));
}

TEST(ReduceOnPlateau, LowersTheRateWhereAValueStopsFalling) {
  ReduceOnPlateau rate({.rate = 1, .factor = 0.5, .patience = 2});
  EXPECT_EQ(rate(10.0), 1);
  EXPECT_EQ(rate(9.0), 1);
  EXPECT_EQ(rate(9.0), 1);
  EXPECT_EQ(rate(9.5), 1);
  EXPECT_EQ(rate(9.0), 0.5);
  EXPECT_EQ(rate(8.0), 0.5);
  EXPECT_EQ(rate(8.0), 0.5);
}

TEST(ReduceOnPlateau, BetterIsMeasuredByTheSizeOfTheBest) {
  for (const double sign : {1.0, -1.0}) {
    const Better better = sign > 0 ? Better::lower : Better::higher;
    // Without a better value the rate falls at once.
    ReduceOnPlateau rate({.rate = 1, .factor = 0.5, .patience = 0, .threshold = 0.1});
    EXPECT_EQ(rate(sign * -1.0, better), 1);
    EXPECT_EQ(rate(sign * -1.05, better), 0.5) << "within a tenth";
    EXPECT_EQ(rate(sign * -1.2, better), 0.5) << "better";
    EXPECT_EQ(rate(sign * -1.1, better), 0.25) << "worse";
    ReduceOnPlateau positive({.rate = 1, .factor = 0.5, .patience = 0, .threshold = 0.1});
    EXPECT_EQ(positive(sign * 1.0, better), 1);
    EXPECT_EQ(positive(sign * 0.95, better), 0.5);
    EXPECT_EQ(positive(sign * 0.8, better), 0.5);
    EXPECT_EQ(positive(std::numeric_limits<double>::quiet_NaN(), better), 0.25);
    EXPECT_EQ(positive(sign * -0.8, better), 0.25) << "across zero";
  }
  ReduceOnPlateau rate({.rate = 1, .patience = 0});
  EXPECT_EQ(rate(std::numeric_limits<double>::infinity()), 1);
  EXPECT_EQ(rate(3.0), 1) << "any finite value is better than infinity";
}

// Every schedule at its first step, at the last one and after it, with the smallest options.
TEST(Schedules, AreFiniteAtTheirEdges) {
  const auto expect_finite = [](const auto& schedule, Index last) {
    for (const Index step : {Index{0}, Index{1}, last - 1, last, last + 1, Index{1} << 52}) {
      if (step < 0) continue;
      const double rate = schedule(step);
      EXPECT_TRUE(std::isfinite(rate) && rate >= 0) << step << " of " << last << ": " << rate;
    }
  };
  for (const Index steps : {1, 2, 3, 10}) {
    expect_finite(StepDecay{.rate = 1, .every = steps}, steps);
    expect_finite(ExponentialDecay{.rate = 1, .factor = 0.5}, steps);
    expect_finite(ExponentialDecay{.rate = 1, .factor = 0}, steps);
    expect_finite(CosineDecay{.rate = 1, .steps = steps}, steps);
    expect_finite(WarmUp{CosineDecay{.rate = 1, .steps = steps}, steps}, steps);
    for (const double rising : {0.0, 0.3, 1.0}) {
      expect_finite(OneCycle{.peak = 1, .steps = steps, .rising = rising}, steps);
    }
  }
}

}  // namespace
}  // namespace dlfs
