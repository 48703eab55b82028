#include "dlfs/optim/momentum.hpp"

#include <gtest/gtest.h>

#include "optim/optimizer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Optimizer<Momentum<float>> && Optimizer<Momentum<double>>);

TEST(Momentum, MatchesHandComputedSteps) {
  Momentum<float> optimizer({.learning_rate = 0.5, .momentum = 0.25});
  std::vector parameters{test::parameter("w", array<float>({1, 2}), array<float>({4, -8}))};
  test::step(optimizer, parameters);  // v = (-2, 4)
  test::expect_equal(parameters[0].value, array<float>({-1, 6}));
  parameters[0].gradient = array<float>({0, 2});
  test::step(optimizer, parameters);  // v = (-0.5, 0)
  test::expect_equal(parameters[0].value, array<float>({-1.5, 6}));
}

TEST(Momentum, DescendsAsInTheBook) {
  test::expect_path(test::descend(Momentum<double>({.learning_rate = 0.1})), test::book::momentum);
}

template <class T>
class MomentumOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(MomentumOf, Scalars);

TYPED_TEST(MomentumOf, EqualsTheScalarFormulaForTensorsOfAnySize) {
  using T = TypeParam;
  test::expect_scalar_formula(Momentum<T>(), [](T& w, T dw, auto& state, int) {
    state[0] = T(0.9) * state[0] - T(0.01) * dw;
    w += state[0];
  });
}

TYPED_TEST(MomentumOf, IsTheSameForAnyThreadCount) {
  test::expect_same_for_any_thread_count(Momentum<TypeParam>());
}

TEST(Momentum, RefusesAParameterWithoutGradient) {
  test::expect_refusal_without_gradient(Momentum<float>());
}

TEST(Momentum, RefusesOtherParametersThanInTheFirstStep) {
  test::expect_refusal_of_other_parameters(Momentum<float>());
}

}  // namespace
}  // namespace dlfs
