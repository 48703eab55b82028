#include "dlfs/nn/layers/dropout.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Dropout<float>> && LayerWithSavedBytes<Dropout<double>>);
static_assert(!test::Instantiable<Dropout, int>);

template <class T = double>
Dropout<T> dropout(double ratio, DropoutScaling scaling = DropoutScaling::in_training) {
  Rng rng(1);
  return {{.ratio = ratio, .scaling = scaling}, rng};
}

template <class T>
double fraction_of(const Tensor<T>& x, T wanted) {
  return static_cast<double>(std::count(x.begin(), x.end(), wanted)) /
         static_cast<double>(x.size());
}

TEST(Dropout, DropsTheRatioAndScalesTheRest) {
  test::Bench bench(dropout(0.2), ones<double>({100, 1000}));
  bench.forward();
  EXPECT_NEAR(fraction_of(bench.y, 0.0), 0.2, 0.005);
  EXPECT_NEAR(fraction_of(bench.y, 1.25), 0.8, 0.005);
  const Tensor<double> y = bench.y;
  bench.backward(ones<double>({100, 1000}));
  test::expect_equal(bench.dx, y);
}

TEST(Dropout, TheBooksScalingIsOfTheEvaluation) {
  const auto layer = dropout(0.2, DropoutScaling::in_evaluation);
  test::Bench training(layer, ones<double>({100, 1000}));
  training.forward();
  EXPECT_NEAR(fraction_of(training.y, 0.0), 0.2, 0.005);
  EXPECT_NEAR(fraction_of(training.y, 1.0), 0.8, 0.005);
  test::Bench evaluation(layer, ones<double>({2, 3}), PassMode::evaluate);
  evaluation.forward();
  test::expect_equal(evaluation.y, full<double>({2, 3}, 0.8));
}

TEST(Dropout, EvaluationHandsOnItsInput) {
  Rng rng(3);
  test::Bench bench(dropout(0.5), random_normal<double>({3, 4}, rng), PassMode::evaluate);
  bench.forward();
  test::expect_equal(bench.y, bench.x);
}

TEST(Dropout, GradientsAgreeWithCentralDifferences) {
  Rng rng(3);
  for (auto scaling : {DropoutScaling::in_training, DropoutScaling::in_evaluation}) {
    for (PassMode mode : {PassMode::train, PassMode::evaluate}) {
      const auto x = random_normal<double>({4, 3, 5}, rng);
      test::expect_right_gradients(dropout(0.3, scaling), x, mode);
    }
  }
}

TEST(Dropout, KeepsTheContractOfALayer) {
  Rng rng(3);
  test::expect_contract(dropout<float>(0.5), random_normal<float>({5, 7}, rng));
  test::expect_contract(dropout<float>(0.5), random_normal<float>({5, 7}, rng), PassMode::evaluate);
}

TEST(Dropout, EachStepSampleAndLayerDrawsAnew) {
  Rng rng(4);
  Sequential<double> net{{"dropout", Dropout<double>({}, rng)}};
  Sequential<double> other{{"dropout", Dropout<double>({}, rng)}};
  const auto x = ones<double>({2, 64});
  const Tensor<double> first = net.forward(x);
  const Tensor<double> second = net.forward(x);
  EXPECT_NE(test::values(first), test::values(second));
  EXPECT_NE(test::values(first), test::values(other.forward(x)));
  EXPECT_FALSE(std::equal(first.begin(), first.begin() + 64, first.begin() + 64));
}

TEST(Dropout, DoesNotDependOnHowABatchIsCut) {
  std::atomic<int> tiles = 0;
  Rng rng(4);
  const Dropout<double> layer({}, rng);
  Sequential<double> net{{"dropout", layer}, {"counter", test::TileCounter(tiles)}};
  const auto x = ones<double>({37, 50000});
  const Tensor<double> y = net.forward(x);
  ASSERT_GT(tiles, 16);
  test::Bench whole(layer, x);
  whole.forward();
  test::expect_equal(y, whole.y);
}

TEST(Dropout, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ValueError>([] { dropout(1); }),
            "dropout: expected ratio in [0, 1), got 1");
  EXPECT_EQ(test::error_of<ValueError>([] { dropout(-0.5); }),
            "dropout: expected ratio in [0, 1), got -0.5");
}

}  // namespace
}  // namespace dlfs
