#include "dlfs/optim/sgd.hpp"

#include <gtest/gtest.h>

#include "optim/optimizer_checks.hpp"

namespace dlfs {
namespace {

static_assert(Optimizer<Sgd<float>> && Optimizer<Sgd<double>>);

TEST(Sgd, MatchesHandComputedStep) {
  Sgd<float> optimizer({.learning_rate = 0.5});
  std::vector parameters{
      test::parameter("w", array<float>({{1, 2}, {3, 4}}), array<float>({{2, -2}, {0, 8}}))};
  test::step(optimizer, parameters);
  test::expect_equal(parameters[0].value, array<float>({{0, 3}, {3, 0}}));
  test::step(optimizer, parameters);
  test::expect_equal(parameters[0].value, array<float>({{-1, 4}, {3, -4}}));
}

TEST(Sgd, DescendsAsInTheBook) {
  test::expect_path(test::descend(Sgd<double>({.learning_rate = 0.95})), test::book::sgd);
}

template <class T>
class SgdOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(SgdOf, Scalars);

TYPED_TEST(SgdOf, EqualsTheScalarFormulaForTensorsOfAnySize) {
  using T = TypeParam;
  test::expect_scalar_formula(Sgd<T>(), [](T& w, T dw, auto&, int) { w -= T(0.01) * dw; });
}

TYPED_TEST(SgdOf, IsTheSameForAnyThreadCount) {
  test::expect_same_for_any_thread_count(Sgd<TypeParam>());
}

TEST(Sgd, RefusesAParameterWithoutGradient) { test::expect_refusal_without_gradient(Sgd<float>()); }

TEST(Sgd, HasNoMemoryOfParameters) {
  Sgd<float> optimizer({.learning_rate = 1});
  std::vector first{test::parameter("w", array<float>({1, 2}), array<float>({1, 1}))};
  std::vector second{test::parameter("v", array<float>({5}), array<float>({1}))};
  test::step(optimizer, first);
  test::step(optimizer, second);
  test::expect_equal(second[0].value, array<float>({4}));
}

}  // namespace
}  // namespace dlfs
