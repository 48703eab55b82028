#include "dlfs/optim/schedules.hpp"

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
  EXPECT_EQ(rate(10), 1);
  EXPECT_EQ(rate(9), 1);
  EXPECT_EQ(rate(9), 1);
  EXPECT_EQ(rate(9.5), 1);
  EXPECT_EQ(rate(9), 0.5);
  EXPECT_EQ(rate(8), 0.5);
  EXPECT_EQ(rate(8), 0.5);
}

}  // namespace
}  // namespace dlfs
