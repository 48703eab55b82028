// The optimizers beside PyTorch's, whose paths pytorch_paths.py recorded.
#include <cmath>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "optim/optimizer_checks.hpp"
#include "optim/pytorch_paths.hpp"

namespace dlfs {
namespace {

template <Optimizer O>
void expect_path(O optimizer, const double (&path)[4][4]) {
  std::vector parameters{test::parameter("w", array<double>({1, -2, 0.5, 3}), zeros<double>({4}))};
  Parameter<double>& w = parameters[0];
  int record = 0;
  for (int t = 1; t <= 50; ++t) {
    for (Index i = 0; i < 4; ++i) {
      const auto number = static_cast<double>(i + 1);
      w.gradient(i) = number * w.value(i) / 4 + std::sin(t * number);
    }
    test::step(optimizer, parameters);
    if (t != test::pytorch::recorded_steps[record]) continue;
    for (Index i = 0; i < 4; ++i) {
      EXPECT_NEAR(w.value(i), path[record][i], 1e-12) << "step " << t << ", weight " << i;
    }
    ++record;
  }
}

TEST(OptimizersOfPyTorch, TakeTheSamePaths) {
  using namespace test;
  expect_path(Sgd<double>({.learning_rate = 0.05, .weight_decay = 0.1}), pytorch::sgd);
  expect_path(Momentum<double>({.learning_rate = 0.05, .momentum = 0.8}), pytorch::momentum);
  expect_path(Nesterov<double>({.learning_rate = 0.05, .momentum = 0.8}), pytorch::nesterov);
  expect_path(AdaGrad<double>({.learning_rate = 0.3}), pytorch::ada_grad);
  expect_path(RmsProp<double>({.learning_rate = 0.02, .decay_rate = 0.95}), pytorch::rms_prop);
  // Without epsilon, which the two forms of Adam put into different places.
  expect_path(Adam<double>({.learning_rate = 0.1,
                            .beta1 = 0.8,
                            .beta2 = 0.95,
                            .epsilon = 1e-30,
                            .weight_decay = 0.1}),
              pytorch::adam);
  expect_path(AdamW<double>({.learning_rate = 0.1,
                             .beta1 = 0.8,
                             .beta2 = 0.95,
                             .epsilon = 1e-30,
                             .weight_decay = 0.1}),
              pytorch::adam_w);
}

TEST(Optimizers, AScaleOfAParameterIsAGroupOfItsOwn) {
  std::vector parameters{test::parameter("w", array<double>({1}), array<double>({2})),
                         test::parameter("b", array<double>({1}), array<double>({2}))};
  parameters[0].rate_scale = 0.5;
  parameters[1].decay_scale = 0;
  Sgd<double> sgd({.learning_rate = 0.1, .weight_decay = 1});
  test::step(sgd, parameters);
  EXPECT_NEAR(parameters[0].value(0), 1 - 0.05 * (2 + 1), 1e-15);
  EXPECT_NEAR(parameters[1].value(0), 1 - 0.1 * 2, 1e-15);
  parameters[0].rate_scale = 0;
  AdamW<double> adam_w({.learning_rate = 0.1});
  const double before = parameters[0].value(0);
  test::step(adam_w, parameters);
  EXPECT_EQ(parameters[0].value(0), before);
}

}  // namespace
}  // namespace dlfs
