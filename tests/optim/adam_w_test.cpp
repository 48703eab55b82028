#include "dlfs/optim/adam_w.hpp"

#include <gtest/gtest.h>

#include "optim/optimizer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Optimizer<AdamW<float>> && Optimizer<AdamW<double>>);

template <class T>
class AdamWOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(AdamWOf, Scalars);

TYPED_TEST(AdamWOf, EqualsTheScalarFormulaForTensorsOfAnySize) {
  using T = TypeParam;
  test::expect_scalar_formula(AdamW<T>(), [](T& w, T dw, auto& state, int t) {
    auto& [m, v] = state;
    m += T(1 - 0.9) * (dw - m);
    v += T(1 - 0.999) * (dw * dw - v);
    const double rate = 0.001 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
    w -= T(0.001) * T(0.01) * w + T(rate) * m / (std::sqrt(v) + T(1e-7));
  });
}

TYPED_TEST(AdamWOf, IsTheSameForAnyThreadCount) {
  test::expect_same_for_any_thread_count(AdamW<TypeParam>());
}

TEST(AdamW, RefusesAParameterWithoutGradient) {
  test::expect_refusal_without_gradient(AdamW<float>());
}

TEST(AdamW, RefusesOtherParametersThanInTheFirstStep) {
  test::expect_refusal_of_other_parameters(AdamW<float>());
}

}  // namespace
}  // namespace dlfs
