// The optimizers beside PyTorch's, whose paths pytorch_paths.py recorded.
#include <cmath>
#include <utility>
#include <vector>

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

template <Optimizer O>
void expect_refusal_of_numbers_set_later(O optimizer) {
  std::vector parameters{test::parameter("w", array<double>({1}), array<double>({2}))};
  test::step(optimizer, parameters);
  const double value = parameters[0].value(0);
  for (double* number : {&optimizer.options().learning_rate, &parameters[0].rate_scale,
                         &parameters[0].decay_scale}) {
    const double good = std::exchange(*number, -1);
    EXPECT_THROW(test::step(optimizer, parameters), ValueError) << O::kind;
    *number = good;
  }
  EXPECT_EQ(parameters[0].value(0), value) << O::kind;
}

TEST(Optimizers, LookAtTheirNumbersInEveryStep) {
  expect_refusal_of_numbers_set_later(Sgd<double>());
  expect_refusal_of_numbers_set_later(Momentum<double>());
  expect_refusal_of_numbers_set_later(Nesterov<double>());
  expect_refusal_of_numbers_set_later(AdaGrad<double>());
  expect_refusal_of_numbers_set_later(RmsProp<double>());
  expect_refusal_of_numbers_set_later(Adam<double>());
  expect_refusal_of_numbers_set_later(AdamW<double>());
}

/// The first step, by a gradient of 2 from 1, of a parameter whose decay has a scale of 0.5.
template <Optimizer O>
double after_half_the_decay(O optimizer) {
  std::vector parameters{test::parameter("w", array<double>({1}), array<double>({2}))};
  parameters[0].decay_scale = 0.5;
  test::step(optimizer, parameters);
  return parameters[0].value(0);
}

TEST(Optimizers, AScaleOfTheDecayIsASmallerDecay) {
  const auto expect_scaled = [](auto optimizer) {
    auto options = optimizer.options();
    options.weight_decay = 0.2;
    const auto whole = decltype(optimizer)(options);
    options.weight_decay = 0.1;
    std::vector parameters{test::parameter("w", array<double>({1}), array<double>({2}))};
    optimizer = decltype(optimizer)(options);
    test::step(optimizer, parameters);
    EXPECT_EQ(after_half_the_decay(whole), parameters[0].value(0)) << optimizer.kind;
  };
  expect_scaled(Sgd<double>());
  expect_scaled(Momentum<double>());
  expect_scaled(Nesterov<double>());
  expect_scaled(AdaGrad<double>());
  expect_scaled(RmsProp<double>());
  expect_scaled(Adam<double>());
  expect_scaled(AdamW<double>());
}

}  // namespace
}  // namespace dlfs
