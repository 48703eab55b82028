#include "dlfs/optim/adam.hpp"

#include <gtest/gtest.h>

#include "optim/optimizer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Optimizer<Adam<float>> && Optimizer<Adam<double>>);

// In the first step the corrections cancel the gains: w moves by the rate against the gradient's
// sign, whatever the gradient's size. In the second, with beta1 = beta2 = 1/2 and dw = 0:
// m = dw / 4, v = dw^2 / 4, rate_2 = rate sqrt(3/4) / (3/4), hence a move of rate / sqrt(3).
TEST(Adam, MatchesHandComputedSteps) {
  Adam<double> optimizer({.learning_rate = 0.5, .beta1 = 0.5, .beta2 = 0.5, .epsilon = 0});
  std::vector parameters{test::parameter("w", array<double>({1, 2}), array<double>({4, -100}))};
  test::step(optimizer, parameters);
  test::expect_close(parameters[0].value, array<double>({0.5, 2.5}), 1e-15);
  parameters[0].gradient.fill(0);
  test::step(optimizer, parameters);
  const double move = 0.5 / std::sqrt(3.0);
  test::expect_close(parameters[0].value, array<double>({0.5 - move, 2.5 + move}), 1e-15);
}

TEST(Adam, AddsEpsilonToTheUncorrectedRoot) {
  Adam<double> optimizer({.learning_rate = 1, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 3});
  std::vector parameters{test::parameter("w", array<double>({0}), array<double>({2}))};
  test::step(optimizer, parameters);  // m = 1, v = 1, rate_1 = sqrt(1/4) / (1/2) = 1
  EXPECT_NEAR(parameters[0].value(0), -1.0 / (1 + 3), 1e-15);
}

TEST(Adam, DescendsAsInTheBook) {
  test::expect_path(test::descend(Adam<double>({.learning_rate = 0.3})), test::book::adam);
}

// The bias correction advances once for each step, not once for each tensor.
TEST(Adam, CountsStepsNotTensors) {
  const auto train = [](std::size_t tensors) {
    Adam<double> optimizer;
    std::vector parameters(tensors, test::parameter("w", array<double>({1}), array<double>({1})));
    for (const double gradient : {1.0, -3.0, 0.5, 0.25}) {
      for (auto& parameter : parameters) parameter.gradient.fill(gradient);
      test::step(optimizer, parameters);
    }
    return parameters;
  };
  const double alone = train(1)[0].value(0);
  for (const auto& parameter : train(5)) EXPECT_EQ(parameter.value(0), alone);
}

template <class T>
class AdamOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(AdamOf, Scalars);

TYPED_TEST(AdamOf, EqualsTheScalarFormulaForTensorsOfAnySize) {
  using T = TypeParam;
  test::expect_scalar_formula(Adam<T>(), [](T& w, T dw, auto& state, int t) {
    auto& [m, v] = state;
    m += T(1 - 0.9) * (dw - m);
    v += T(1 - 0.999) * (dw * dw - v);
    const double rate = 0.001 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
    w -= T(rate) * m / (std::sqrt(v) + T(1e-7));
  });
}

TYPED_TEST(AdamOf, IsTheSameForAnyThreadCount) {
  test::expect_same_for_any_thread_count(Adam<TypeParam>());
}

TEST(Adam, RefusesAParameterWithoutGradient) {
  test::expect_refusal_without_gradient(Adam<float>());
}

TEST(Adam, RefusesOtherParametersThanInTheFirstStep) {
  test::expect_refusal_of_other_parameters(Adam<float>());
}

}  // namespace
}  // namespace dlfs
