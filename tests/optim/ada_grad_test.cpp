#include "dlfs/optim/ada_grad.hpp"

#include <gtest/gtest.h>

#include "optim/optimizer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Optimizer<AdaGrad<float>> && Optimizer<AdaGrad<double>>);

TEST(AdaGrad, DescendsAsInTheBook) {
  test::expect_path(test::descend(AdaGrad<double>({.learning_rate = 1.5})), test::book::ada_grad);
}

template <class T>
class AdaGradOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(AdaGradOf, Scalars);

TYPED_TEST(AdaGradOf, EqualsTheScalarFormulaForTensorsOfAnySize) {
  using T = TypeParam;
  test::expect_scalar_formula(AdaGrad<T>(), [](T& w, T dw, auto& state, int) {
    state[0] += dw * dw;
    w -= T(0.01) * dw / (std::sqrt(state[0]) + T(1e-7));
  });
}

TYPED_TEST(AdaGradOf, IsTheSameForAnyThreadCount) {
  test::expect_same_for_any_thread_count(AdaGrad<TypeParam>());
}

TEST(AdaGrad, RefusesAParameterWithoutGradient) {
  test::expect_refusal_without_gradient(AdaGrad<float>());
}

TEST(AdaGrad, RefusesOtherParametersThanInTheFirstStep) {
  test::expect_refusal_of_other_parameters(AdaGrad<float>());
}

}  // namespace
}  // namespace dlfs
