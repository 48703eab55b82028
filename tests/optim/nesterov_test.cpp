#include "dlfs/optim/nesterov.hpp"

#include <gtest/gtest.h>

#include "optim/optimizer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Optimizer<Nesterov<float>> && Optimizer<Nesterov<double>>);

template <class T>
class NesterovOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(NesterovOf, Scalars);

TYPED_TEST(NesterovOf, EqualsTheScalarFormulaForTensorsOfAnySize) {
  using T = TypeParam;
  test::expect_scalar_formula(Nesterov<T>(), [](T& w, T dw, auto& state, int) {
    w += T(0.9) * T(0.9) * state[0] - T(1.9) * T(0.01) * dw;
    state[0] = T(0.9) * state[0] - T(0.01) * dw;
  });
}

TYPED_TEST(NesterovOf, IsTheSameForAnyThreadCount) {
  test::expect_same_for_any_thread_count(Nesterov<TypeParam>());
}

TEST(Nesterov, RefusesAParameterWithoutGradient) {
  test::expect_refusal_without_gradient(Nesterov<float>());
}

TEST(Nesterov, RefusesOtherParametersThanInTheFirstStep) {
  test::expect_refusal_of_other_parameters(Nesterov<float>());
}

}  // namespace
}  // namespace dlfs
