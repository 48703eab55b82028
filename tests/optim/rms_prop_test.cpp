#include "dlfs/optim/rms_prop.hpp"

#include <gtest/gtest.h>

#include "optim/optimizer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Optimizer<RmsProp<float>> && Optimizer<RmsProp<double>>);

template <class T>
class RmsPropOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(RmsPropOf, Scalars);

TYPED_TEST(RmsPropOf, EqualsTheScalarFormulaForTensorsOfAnySize) {
  using T = TypeParam;
  test::expect_scalar_formula(RmsProp<T>(), [](T& w, T dw, auto& state, int) {
    state[0] = T(0.99) * state[0] + (1 - T(0.99)) * dw * dw;
    w -= T(0.01) * dw / (std::sqrt(state[0]) + T(1e-7));
  });
}

TYPED_TEST(RmsPropOf, IsTheSameForAnyThreadCount) {
  test::expect_same_for_any_thread_count(RmsProp<TypeParam>());
}

TEST(RmsProp, RefusesAParameterWithoutGradient) {
  test::expect_refusal_without_gradient(RmsProp<float>());
}

TEST(RmsProp, RefusesOtherParametersThanInTheFirstStep) {
  test::expect_refusal_of_other_parameters(RmsProp<float>());
}

}  // namespace
}  // namespace dlfs
