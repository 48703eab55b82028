#include "dlfs/nn/losses/softmax_cross_entropy.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/losses/kullback_leibler.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(Loss<SoftmaxCrossEntropy<float>, Labels>);
static_assert(Loss<SoftmaxCrossEntropy<double>, Labels>);
static_assert(Loss<SoftmaxCrossEntropy<float>, Tensor<float>>);
static_assert(!Loss<SoftmaxCrossEntropy<float>, Tensor<double>>);
static_assert(!test::Instantiable<SoftmaxCrossEntropy, int>);

template <class T>
Tensor<T> one_hot(const Labels& labels, Index classes) {
  Tensor<T> targets({labels.size(), classes});
  for (Index n = 0; n < labels.size(); ++n) targets(n, labels(n)) = 1;
  return targets;
}

template <class T>
class SoftmaxCrossEntropyOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(SoftmaxCrossEntropyOf, Scalars);

TYPED_TEST(SoftmaxCrossEntropyOf, MatchesHandComputedValues) {
  SoftmaxCrossEntropy<TypeParam> loss;
  const auto ln3 = static_cast<TypeParam>(std::log(3.0));
  const auto logits = array<TypeParam>({{0, ln3}, {5, 5}});  // softmax: (1/4, 3/4), (1/2, 1/2)
  EXPECT_NEAR(loss.forward(logits, array<std::int32_t>({0, 1})), std::log(8.0) / 2, 1e-6);
  test::expect_close(loss.backward(), array<TypeParam>({{-0.375, 0.375}, {0.25, -0.25}}), 1e-6);
}

TYPED_TEST(SoftmaxCrossEntropyOf, LabelsAndOneHotTargetsGiveTheSame) {
  Rng rng(1);
  const auto logits = random_normal<TypeParam>({37, 10}, rng, 3);
  Labels labels({37});
  for (auto& label : labels) label = static_cast<std::int32_t>(rng.below(10));
  SoftmaxCrossEntropy<TypeParam> with_labels;
  SoftmaxCrossEntropy<TypeParam> with_targets;
  EXPECT_NEAR(with_labels.forward(logits, labels),
              with_targets.forward(logits, one_hot<TypeParam>(labels, 10)), 1e-6);
  test::expect_close(with_targets.backward(), with_labels.backward(), 1e-6);
}

TYPED_TEST(SoftmaxCrossEntropyOf, StaysFiniteForHugeScores) {
  SoftmaxCrossEntropy<TypeParam> loss;
  const auto logits = array<TypeParam>({{1e4, -1e4}, {-1e4, -1e4}});
  EXPECT_NEAR(loss.forward(logits, array<std::int32_t>({1, 0})), (2e4 + std::log(2.0)) / 2, 1e-2);
  test::expect_close(loss.backward(), array<TypeParam>({{0.5, -0.5}, {-0.25, 0.25}}), 1e-6);
  EXPECT_EQ(loss.forward(array<TypeParam>({{1e4, -1e4}}), array<std::int32_t>({0})), 0);
}

TYPED_TEST(SoftmaxCrossEntropyOf, SmallLossKeepsItsDigitsBesideLargeScores) {
  SoftmaxCrossEntropy<TypeParam> loss;
  const auto logits = array<TypeParam>({{1000, 995}});
  const double expected = std::log1p(std::exp(-5.0));
  EXPECT_NEAR(loss.forward(logits, array<std::int32_t>({0})), expected, 1e-5 * expected);
  EXPECT_NEAR(loss.forward(logits, array<TypeParam>({{1, 0}})), expected, 1e-5 * expected);
}

// Section 4.2.2 of the book. It takes log(y + 1e-7) of probabilities y; as logits these sum up to
// 1 + 1e-6, which softmax takes out again.
TEST(SoftmaxCrossEntropy, MatchesTheBook) {
  const auto loss_of = [](Tensor<double> probabilities) {
    for (double& p : probabilities) p = std::log(p + 1e-7);
    return SoftmaxCrossEntropy<double>().forward(probabilities, array<std::int32_t>({2})) -
           std::log1p(1e-6);
  };
  EXPECT_NEAR(loss_of(array<double>({{.1, .05, .6, 0, .05, .1, 0, .1, 0, 0}})), 0.510825457099338,
              1e-14);
  EXPECT_NEAR(loss_of(array<double>({{.1, .05, .1, 0, .05, .1, 0, .6, 0, 0}})), 2.302584092994546,
              1e-14);
}

// Section 3.5: the gradient is softmax less one at the label.
TEST(SoftmaxCrossEntropy, SoftmaxMatchesTheBook) {
  SoftmaxCrossEntropy<double> loss;
  loss.forward(array<double>({{0.3, 2.9, 4.0}}), array<std::int32_t>({2}));
  test::expect_close(loss.backward(), array<double>({{0.01821127, 0.24519181, 0.73659691 - 1}}),
                     2e-8);
  loss.forward(array<double>({{1010, 1000, 990}}), array<std::int32_t>({0}));
  test::expect_close(loss.backward(),
                     array<double>({{0.9999546 - 1, 4.5397869e-05, 2.0610600e-09}}), 1e-3);
}

// Section 4.4.2: simpleNet, one layer of logits.
TEST(SoftmaxCrossEntropy, SimpleNetMatchesTheBook) {
  Sequential<double> simple_net{
      {"affine", Affine<double>(array<double>({{0.47355232, 0.9977393, 0.84668094},
                                               {0.85557411, 0.03563661, 0.69422093}}),
                                zeros<double>({3}))}};
  const auto x = array<double>({{0.6, 0.9}});
  const Tensor<double>& logits = simple_net.forward(x);
  test::expect_close(logits, array<double>({{1.05414809, 0.63071653, 1.1328074}}), 1e-8);

  SoftmaxCrossEntropy<double> loss;
  const double probability = 1 - 0.36281009 / 0.6;
  const double book_offset = std::log1p(1e-7 / probability);  // of log(y + 1e-7)
  EXPECT_NEAR(loss.forward(logits, array<std::int32_t>({2})), 0.92806829 + book_offset, 1e-8);

  simple_net.backward(loss.backward());
  test::expect_close(
      simple_net.parameters()[0]->gradient,
      array<double>({{0.21924763, 0.14356247, -0.36281009}, {0.32887144, 0.2153437, -0.54421514}}),
      1e-7);
}

TEST(SoftmaxCrossEntropy, GradientAgreesWithCentralDifferences) {
  Rng rng(1);
  for (const auto& [samples, classes] : {std::pair{1, 2}, {2, 10}, {5, 3}, {37, 4}}) {
    const auto logits = random_normal<double>({samples, classes}, rng, 2);
    Labels labels({samples});
    for (auto& label : labels) label = static_cast<std::int32_t>(rng.below(classes));
    const auto of_labels = check_gradients(SoftmaxCrossEntropy<double>(), logits, labels);
    EXPECT_TRUE(of_labels.passes(1e-7)) << to_string(of_labels);

    const auto targets = random_uniform<double>({samples, classes}, rng);
    const auto of_targets = check_gradients(SoftmaxCrossEntropy<double>(), logits, targets);
    EXPECT_TRUE(of_targets.passes(1e-7)) << to_string(of_targets);
  }
}

TEST(SoftmaxCrossEntropy, NanInAScoreReachesTheLoss) {
  auto logits = zeros<float>({3, 4});
  logits(1, 2) = std::numeric_limits<float>::quiet_NaN();
  SoftmaxCrossEntropy<float> loss;
  EXPECT_TRUE(std::isnan(loss.forward(logits, array<std::int32_t>({0, 1, 2}))));
}

TEST(SoftmaxCrossEntropy, BadLabelIsNamedWithItsSampleAndRange) {
  SoftmaxCrossEntropy<float> loss;
  const Tensor<float> logits({3, 10});
  EXPECT_EQ(error_of<ValueError>([&] {
              loss.forward(logits, array<std::int32_t>({0, 10, 1}));
            }),
            "softmax cross entropy: label 10 of sample 1 is not in 0..9");
  EXPECT_EQ(error_of<ValueError>([&] {
              loss.forward(logits, array<std::int32_t>({0, 1, -1}));
            }),
            "softmax cross entropy: label -1 of sample 2 is not in 0..9");
}

TEST(SoftmaxCrossEntropy, ShapeErrorNamesTheOperationAndBothShapes) {
  SoftmaxCrossEntropy<float> loss;
  const Tensor<float> logits({3, 10});
  EXPECT_EQ(error_of<ShapeError>([&] { loss.forward(logits, Labels({4})); }),
            "softmax cross entropy: expected labels of shape (3,) for logits (3, 10), got (4,)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              loss.forward(logits, Labels({3, 1}));
            }),
            "softmax cross entropy: expected labels of shape (3,) for logits (3, 10), got (3, 1)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              loss.forward(logits, Tensor<float>({3, 9}));
            }),
            "softmax cross entropy: expected targets of shape (3, 10), got (3, 9)");
  EXPECT_EQ(
      error_of<ShapeError>([&] {
        loss.forward(Tensor<float>({3, 5, 2}), Labels({3}));
      }),
      "softmax cross entropy: expected labels of shape (3, 2) for logits (3, 5, 2), got (3,)");
  EXPECT_EQ(error_of<ShapeError>([&] { loss.forward(Tensor<float>({3}), Labels({3})); }),
            "softmax cross entropy: expected logits of shape (N, C, ...), got (3,)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              loss.forward(Tensor<float>({0, 5}), Labels({0}));
            }),
            "softmax cross entropy: expected logits of shape (N, C, ...), got (0, 5)");
  SoftmaxCrossEntropy<float> weighted({.class_weights = ones<float>({4})});
  EXPECT_EQ(error_of<ShapeError>([&] { weighted.forward(logits, Labels({3})); }),
            "softmax cross entropy: expected class weights of shape (10,) for logits (3, 10), got "
            "(4,)");
}

TEST(SoftmaxCrossEntropy, CheckNamesTheSampleOfTheDataset) {
  const SoftmaxCrossEntropy<float> loss;
  const Index samples[] = {17, 4711};
  EXPECT_EQ(error_of<ValueError>([&] {
              loss.check({2, 10}, array<std::int32_t>({3, 12}), samples);
            }),
            "softmax cross entropy: label 12 of sample 4711 is not in 0..9");
  EXPECT_EQ(error_of<ValueError>([&] {
              loss.check({2, 10, 2}, array<std::int32_t>({{3, 4}, {5, -1}}), samples);
            }),
            "softmax cross entropy: label -1 of sample 4711 is not in 0..9");
  loss.check({2, 13}, array<std::int32_t>({3, 12}), samples);
}

TEST(SoftmaxCrossEntropy, DistributionsHaveNoIgnoreIndex) {
  SoftmaxCrossEntropy<float> loss({.ignore_index = 255});
  const auto x = ones<float>({2, 3});
  const std::string said = error_of<ValueError>([&] { loss.forward(x, x); });
  EXPECT_EQ(said,
            "softmax cross entropy: ignore_index 255 is for labels, but the targets are a "
            "distribution; sample weights of 0 leave samples out");
  EXPECT_EQ(said, error_of<ValueError>([&] { loss.check({2, 3}, x); }));
}

TEST(SoftmaxCrossEntropy, IsZeroWhereNoLabelCounts) {
  const auto logits = array<float>({{1, 2}, {3, 4}});
  SoftmaxCrossEntropy<float> ignores({.ignore_index = 255});
  EXPECT_EQ(ignores.forward(logits, array<std::int32_t>({255, 255})), 0);
  test::expect_equal(ignores.backward(), zeros<float>({2, 2}));
  for (const double smoothing : {0.0, 0.1}) {
    SoftmaxCrossEntropy<float> weighted(
        {.label_smoothing = smoothing, .class_weights = array<float>({0, 1})});
    EXPECT_EQ(weighted.forward(logits, array<std::int32_t>({0, 0})), 0);
    test::expect_equal(weighted.backward(), zeros<float>({2, 2}));
  }
}

// A logit of -inf masks its class.
TYPED_TEST(SoftmaxCrossEntropyOf, MaskedClassHasNoPartInAnyFormOfTarget) {
  using T = TypeParam;
  constexpr T masked = -std::numeric_limits<T>::infinity();
  const auto logits = array<T>({{1, masked, -2}, {masked, masked, 3}});
  const auto without = array<T>({{1, -2}});  // the first sample's other classes
  const auto expect_same = [&](auto loss, const auto& targets, auto of_others, const auto& others) {
    const T value = loss.forward(logits, targets);
    EXPECT_NEAR(value, of_others.forward(without, others) / 2, 1e-6);
    const Tensor<T>& expected = of_others.backward();
    test::expect_close(loss.backward(),
                       array<T>({{expected(0, 0) / 2, 0, expected(0, 1) / 2}, {0, 0, 0}}), 1e-6);
  };
  const SoftmaxCrossEntropy<T> plain;
  expect_same(plain, array<std::int32_t>({0, 2}), plain, array<std::int32_t>({0}));
  expect_same(plain, array<T>({{0.25, 0, 0.75}, {0, 0, 1}}), plain, array<T>({{0.25, 0.75}}));
  const SoftmaxCrossEntropy<T> smooth({.label_smoothing = 0.2});
  expect_same(smooth, array<std::int32_t>({2, 2}), smooth, array<std::int32_t>({1}));
  expect_same(smooth, array<T>({{0.25, 0, 0.75}, {0, 0, 1}}), smooth, array<T>({{0.25, 0.75}}));
  const KullbackLeibler<T> divergence;
  expect_same(divergence, array<T>({{0.25, 0, 0.75}, {0, 0, 1}}), divergence,
              array<T>({{0.25, 0.75}}));
}

TYPED_TEST(SoftmaxCrossEntropyOf, MaskedTargetMakesTheLossInfinite) {
  using T = TypeParam;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const auto logits = array<T>({{1, -infinity}, {0, 0}});
  SoftmaxCrossEntropy<T> loss;
  EXPECT_EQ(loss.forward(logits, array<std::int32_t>({1, 0})), infinity);
  test::expect_equal(loss.backward(), array<T>({{0.5, -0.5}, {-0.25, 0.25}}));
  EXPECT_EQ(loss.forward(logits, array<T>({{0, 1}, {1, 0}})), infinity);
  test::expect_equal(loss.backward(), array<T>({{0.5, -0.5}, {-0.25, 0.25}}));
}

}  // namespace
}  // namespace dlfs
