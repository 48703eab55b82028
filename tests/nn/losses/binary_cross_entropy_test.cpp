#include "dlfs/nn/losses/binary_cross_entropy.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "dlfs/nn/losses/sigmoid_focal.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(!test::Instantiable<BinaryCrossEntropy, int>);

template <class T>
class BinaryCrossEntropyOf : public testing::Test {};
using BinaryScalars = testing::Types<float, double>;
TYPED_TEST_SUITE(BinaryCrossEntropyOf, BinaryScalars);

TYPED_TEST(BinaryCrossEntropyOf, MatchesHandComputedValues) {
  using T = TypeParam;
  const auto ln3 = static_cast<T>(std::log(3.0));  // sigmoid: 3/4
  BinaryCrossEntropy<T> loss;
  const auto logits = array<T>({{ln3, ln3}, {0, -ln3}});
  const auto targets = array<T>({{1, 0}, {0.5, 1}});
  const double log_of_quarter = std::log(4.0);
  const double expected =
      (log_of_quarter - std::log(3.0)) + log_of_quarter + std::log(2.0) + log_of_quarter;
  EXPECT_NEAR(loss.forward(logits, targets), expected / 4, 1e-6);
  test::expect_close(loss.backward(), array<T>({{-0.0625, 0.1875}, {0, -0.1875}}), 1e-6);
}

TYPED_TEST(BinaryCrossEntropyOf, InfiniteLogitOfTheTargetIsFree) {
  using T = TypeParam;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  for (const double gamma : {0.0, 0.5, 2.0}) {
    SigmoidFocal<T> focal({.alpha = {}, .gamma = gamma});
    EXPECT_EQ(focal.forward(array<T>({infinity, -infinity}), array<T>({1, 0})), 0);
    test::expect_equal(focal.backward(), array<T>({0, 0}));
    EXPECT_EQ(focal.forward(array<T>({-infinity, 0}), array<T>({1, 0})), infinity);
    EXPECT_EQ(focal.backward()(0), T(-0.5));
  }
  BinaryCrossEntropy<T> loss;
  EXPECT_EQ(loss.forward(array<T>({infinity, -infinity}), array<T>({1, 0})), 0);
  test::expect_equal(loss.backward(), array<T>({0, 0}));
  EXPECT_EQ(loss.forward(array<T>({-infinity, 0}), array<T>({1, 0})), infinity);
  EXPECT_EQ(loss.backward()(0), T(-0.5));
}

// A sure answer has a small loss and a small gradient, not 0.
TYPED_TEST(BinaryCrossEntropyOf, SureAnswersKeepTheirDigits) {
  using T = TypeParam;
  BinaryCrossEntropy<T> loss;
  const double expected = std::exp(-50.0);
  EXPECT_NEAR(loss.forward(array<T>({50, -50}), array<T>({1, 0})) / expected, 1, 1e-6);
  EXPECT_NEAR(loss.backward()(0) / expected, -0.5, 1e-6);
  EXPECT_NEAR(loss.backward()(1) / expected, 0.5, 1e-6);
}

TEST(BinaryCrossEntropy, FocalLossWithoutFocusIsTheSame) {
  Rng rng(1);
  const auto logits = random_normal<double>({5, 3}, rng, 4);
  const auto targets = random_uniform<double>({5, 3}, rng);
  BinaryCrossEntropy<double> loss;
  SigmoidFocal<double> focal({.alpha = {}, .gamma = 0});
  EXPECT_EQ(focal.forward(logits, targets), loss.forward(logits, targets));
  test::expect_equal(focal.backward(), loss.backward());
}

TEST(BinaryCrossEntropy, RefusesWeightsThatDoNotFit) {
  BinaryCrossEntropy<float> loss({.pos_weight = ones<float>({3})});
  const auto refused = [&](const Shape& shape) {
    const Tensor<float> x(shape);
    return test::error_of<ShapeError>([&] { loss.forward(x, x); });
  };
  EXPECT_EQ(refused({2, 4}),
            "binary cross entropy: expected pos_weight of shape (C,) for an output (N, C, ...), "
            "got (3,) for (2, 4)");
  EXPECT_NE(refused({3}), "not thrown");
  EXPECT_EQ(refused({2, 3}), "not thrown");
  EXPECT_EQ(refused({2, 3, 5}), "not thrown");
}

}  // namespace
}  // namespace dlfs
