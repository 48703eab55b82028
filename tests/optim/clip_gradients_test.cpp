#include "dlfs/optim/clip_gradients.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "optim/optimizer_checks.hpp"

namespace dlfs {
namespace {

std::vector<Parameter<float>> two_parameters() {
  return {test::parameter("a", zeros<float>({2}), array<float>({3, 0})),
          test::parameter("b", zeros<float>({1}), array<float>({-4}))};
}

std::vector<Parameter<float>*> pointers(std::vector<Parameter<float>>& parameters) {
  return {&parameters[0], &parameters[1]};
}

TEST(ClipGradientNorm, ScalesAllByOneFactor) {
  auto parameters = two_parameters();
  const auto list = pointers(parameters);
  EXPECT_EQ(clip_gradient_norm<float>(list, 6), 5);
  test::expect_equal(parameters[0].gradient, array<float>({3, 0}));
  EXPECT_EQ(clip_gradient_norm<float>(list, 2.5), 5);
  test::expect_equal(parameters[0].gradient, array<float>({1.5, 0}));
  test::expect_equal(parameters[1].gradient, array<float>({-2}));
}

TEST(ClipGradientNorm, TakesSquaresThatAFloatCannotHold) {
  auto parameters = two_parameters();
  parameters[0].gradient(0) = 3e30f;
  parameters[1].gradient(0) = -4e30f;
  EXPECT_NEAR(clip_gradient_norm<float>(pointers(parameters), 5), 5e30, 1e25);
  EXPECT_NEAR(parameters[1].gradient(0), -4, 1e-5);
}

TEST(ClipGradientNorm, LeavesWhatIsNotFinite) {
  auto parameters = two_parameters();
  parameters[1].gradient(0) = std::numeric_limits<float>::infinity();
  EXPECT_EQ(clip_gradient_norm<float>(pointers(parameters), 1),
            std::numeric_limits<double>::infinity());
  test::expect_equal(parameters[0].gradient, array<float>({3, 0}));
}

TEST(ClipGradientValues, PutsEachIntoTheRange) {
  auto parameters = two_parameters();
  clip_gradient_values<float>(pointers(parameters), 3.5);
  test::expect_equal(parameters[0].gradient, array<float>({3, 0}));
  test::expect_equal(parameters[1].gradient, array<float>({-3.5}));
  for (const double bad : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(clip_gradient_values<float>(pointers(parameters), bad), ValueError);
    EXPECT_THROW(clip_gradient_norm<float>(pointers(parameters), bad), ValueError);
  }
}

TEST(ClipGradientNorm, LeavesFrozenParametersOut) {
  std::vector parameters{test::parameter("learns", ones<float>({2}), array<float>({3, 4})),
                         test::parameter("frozen", ones<float>({2}),
                                         full<float>({2}, std::numeric_limits<float>::infinity()))};
  parameters[1].rate_scale = 0;
  std::vector<Parameter<float>*> pointers{&parameters[0], &parameters[1]};
  EXPECT_EQ(clip_gradient_norm<float>(pointers, 1), 5);
  EXPECT_NEAR(parameters[0].gradient(1), 0.8f, 1e-6f);
  EXPECT_EQ(parameters[1].gradient(0), std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace dlfs
