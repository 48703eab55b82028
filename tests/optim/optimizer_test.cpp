#include "dlfs/optim/optimizer.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/optim/ada_grad.hpp"
#include "dlfs/optim/adam.hpp"
#include "dlfs/optim/adam_w.hpp"
#include "dlfs/optim/momentum.hpp"
#include "dlfs/optim/nesterov.hpp"
#include "dlfs/optim/rms_prop.hpp"
#include "dlfs/optim/sgd.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "optim/optimizer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

struct WithoutStep {
  using Scalar = float;
};
static_assert(!Optimizer<WithoutStep> && !Optimizer<int>);

TEST(Update, VisitsEveryElementOnceWithItsGradientAndState) {
  for (const Index size : {0, 1, 15, 16, 4097, 32768, 100001}) {
    Parameter<float> parameter("w", Tensor<float>({size}));
    Tensor<float> state({size});
    for (Index i = 0; i < size; ++i) state(i) = static_cast<float>(i);
    parameter.gradient = ones<float>({size});
    detail::update(
        []<class V>(V& w, const V& dw, V& position) {
          w += position + dw;
          position = -position;
        },
        parameter, 0.0, state);
    for (Index i = 0; i < size; ++i) {
      ASSERT_EQ(parameter.value(i), static_cast<float>(i) + 1) << size;
      ASSERT_EQ(state(i), -static_cast<float>(i)) << size;
    }
  }
}

/// All optimizers: a new one joins.
template <class O>
class AnyOptimizer : public testing::Test {};
using AllOptimizers =
    testing::Types<Sgd<float>, Momentum<float>, Nesterov<float>, AdaGrad<float>, RmsProp<float>,
                   Adam<float>, AdamW<float>, Adam<double>, RmsProp<double>>;
TYPED_TEST_SUITE(AnyOptimizer, AllOptimizers);

TYPED_TEST(AnyOptimizer, TakesRateAndDecayOfEachParameter) {
  using T = typename TypeParam::Scalar;
  TypeParam optimizer;
  optimizer.options().weight_decay = 0.5;
  std::vector parameters{test::parameter("decays", ones<T>({3}), zeros<T>({3})),
                         test::parameter("spared", ones<T>({3}), zeros<T>({3})),
                         test::parameter("frozen", ones<T>({3}), ones<T>({3}))};
  parameters[1].decay_scale = 0;
  parameters[2].rate_scale = 0;
  test::step(optimizer, parameters);
  EXPECT_LT(parameters[0].value(2), T(1));
  EXPECT_EQ(parameters[1].value(2), T(1));
  EXPECT_EQ(parameters[2].value(2), T(1));
}

TYPED_TEST(AnyOptimizer, DoesNotTouchAFrozenParameterWhateverItsGradient) {
  using T = typename TypeParam::Scalar;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  TypeParam optimizer;
  optimizer.options().weight_decay = 0.5;
  std::vector parameters{test::parameter("learns", ones<T>({3}), ones<T>({3})),
                         test::parameter("infinite", ones<T>({3}), full<T>({3}, infinity)),
                         test::parameter("without", ones<T>({3}), Tensor<T>())};
  parameters[1].rate_scale = 0;
  parameters[2].rate_scale = 0;
  for (int i = 0; i < 3; ++i) test::step(optimizer, parameters);
  EXPECT_LT(parameters[0].value(2), T(1));
  test::expect_equal(parameters[1].value, ones<T>({3}));
  test::expect_equal(parameters[2].value, ones<T>({3}));
}

TYPED_TEST(AnyOptimizer, RefusesTheSameParametersInAnotherOrder) {
  using T = typename TypeParam::Scalar;
  TypeParam optimizer;
  std::vector parameters{test::parameter("a", ones<T>({3}), ones<T>({3})),
                         test::parameter("b", ones<T>({3}), ones<T>({3}))};
  test::step(optimizer, parameters);
  std::swap(parameters[0], parameters[1]);
  if (optimizer.state().moments.empty()) return;
  EXPECT_EQ(test::error_of<ShapeError>([&] { test::step(optimizer, parameters); }),
            "optimizer: expected parameter a of its first step, got b");
}

// Gradients whose squares overflow or vanish, and such a one among ordinary ones.
TYPED_TEST(AnyOptimizer, MakesNoNanOfFiniteGradients) {
  using T = typename TypeParam::Scalar;
  using Limits = std::numeric_limits<T>;
  const T root = std::sqrt(Limits::max());
  const std::vector<T> gradients{
      Limits::max() / 32,       -Limits::max() / 32, root, T(1.1) * root,        -T(40) * root,
      std::sqrt(Limits::min()), Limits::min(),       T(0), Limits::denorm_min(), T(1)};
  for (const double rate : {1e-3, 1.0}) {
    for (const T first : gradients) {
      for (const T next : gradients) {
        TypeParam optimizer;
        optimizer.options().learning_rate = rate;
        std::vector parameters{test::parameter("w", full<T>({19}, 1), full<T>({19}, first))};
        for (int step = 0; step < 4; ++step) {
          test::step(optimizer, parameters);
          ASSERT_TRUE(std::isfinite(parameters[0].value(0)))
              << first << ", then " << next << ", rate " << rate << ", step " << step;
          ASSERT_EQ(parameters[0].value(0), parameters[0].value(18));
          parameters[0].gradient.fill(next);
        }
      }
    }
  }
}

TYPED_TEST(AnyOptimizer, BeginsAgainWhereItsStateHasNoStep) {
  using T = typename TypeParam::Scalar;
  std::vector parameters{test::parameter("w", full<T>({2}, 1), full<T>({2}, 3)),
                         test::parameter("b", full<T>({1}, 1), full<T>({1}, 2))};
  TypeParam optimizer;
  test::step(optimizer, parameters);
  optimizer.state().steps = 0;
  auto expected = parameters;
  TypeParam fresh;
  for (int step = 0; step < 2; ++step) {
    test::step(optimizer, parameters);
    test::step(fresh, expected);
  }
  for (std::size_t k = 0; k < 2; ++k) test::expect_equal(parameters[k].value, expected[k].value);
}

TEST(OptimizerState, RefusesAMomentOfMoreTensorsThanThereAreParameters) {
  std::vector parameters{test::parameter("w", ones<float>({2}), ones<float>({2})),
                         test::parameter("b", ones<float>({1}), ones<float>({1}))};
  Momentum<float> optimizer;
  test::step(optimizer, parameters);
  optimizer.state().moments[0].emplace_back(Shape{3});
  Parameter<float>* const list[] = {&parameters[0], &parameters[1], &parameters[1]};
  EXPECT_EQ(test::error_of<ShapeError>([&] { optimizer.step(std::span(list).first(2)); }),
            "optimizer: expected the 3 parameters of its first step, got 2");
}

}  // namespace
}  // namespace dlfs
