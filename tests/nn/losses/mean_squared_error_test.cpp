#include "dlfs/nn/losses/mean_squared_error.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(Loss<MeanSquaredError<float>, Tensor<float>>);
static_assert(Loss<MeanSquaredError<double>, Tensor<double>>);
static_assert(!Loss<MeanSquaredError<float>, Tensor<double>>);
static_assert(!test::Instantiable<MeanSquaredError, int>);

TEST(MeanSquaredError, MatchesHandComputedValues) {
  MeanSquaredError<float> loss;
  const auto y = array<float>({{1, 2}, {3, 4}});
  const auto t = array<float>({{1, 4}, {2, 1}});
  EXPECT_EQ(loss.forward(y, t), (0 + 4 + 1 + 9) / 4.f);
  test::expect_equal(loss.backward(), array<float>({{0, -1}, {0.5, 1.5}}));
}

// Section 4.2.1 of the book, whose error is half the sum over the ten classes.
TEST(MeanSquaredError, MatchesTheBook) {
  MeanSquaredError<double> loss;
  const auto t = array<double>({0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  const auto sure_of_two = array<double>({.1, .05, .6, 0, .05, .1, 0, .1, 0, 0});
  const auto sure_of_seven = array<double>({.1, .05, .1, 0, .05, .1, 0, .6, 0, 0});
  EXPECT_NEAR(loss.forward(sure_of_two, t) * 10 / 2, 0.0975, 1e-15);
  EXPECT_NEAR(loss.forward(sure_of_seven, t) * 10 / 2, 0.5975, 1e-15);
}

TEST(MeanSquaredError, GradientAgreesWithCentralDifferences) {
  Rng rng(1);
  for (const Shape& shape : {Shape{1, 1}, Shape{2, 3}, Shape{5, 2, 3, 4}, Shape{7}}) {
    const auto y = random_normal<double>(shape, rng);
    const auto t = random_normal<double>(shape, rng);
    const GradientReport report = check_gradients(MeanSquaredError<double>(), y, t);
    EXPECT_TRUE(report.passes(1e-7)) << to_string(shape) << ": " << to_string(report);
  }
}

TEST(MeanSquaredError, BackwardIsOfTheLastForward) {
  MeanSquaredError<float> loss;
  loss.forward(array<float>({1, 2, 3}), array<float>({0, 0, 0}));
  loss.forward(array<float>({5}), array<float>({4}));
  test::expect_equal(loss.backward(), array<float>({2}));
}

TEST(MeanSquaredError, OfManyElementsIsThatOfFew) {
  MeanSquaredError<double> loss;
  for (const Index count : {4095, 4096, 4097, 10000}) {
    Tensor<double> y({count}), t({count});
    for (Index i = 0; i < count; ++i) y(i) = static_cast<double>(i % 7), t(i) = i % 2 == 0 ? 1 : -1;
    double squares = 0;
    for (Index i = 0; i < count; ++i) squares += (y(i) - t(i)) * (y(i) - t(i));
    const auto n = static_cast<double>(count);
    EXPECT_NEAR(loss.forward(y, t), squares / n, 1e-12) << count;
    for (Index i = 0; i < count; ++i) {
      ASSERT_NEAR(loss.backward()(i), 2 * (y(i) - t(i)) / n, 1e-15) << count << ' ' << i;
    }
  }
}

TEST(MeanSquaredError, ShapeErrorNamesTheOperationAndBothShapes) {
  MeanSquaredError<float> loss;
  EXPECT_EQ(error_of<ShapeError>([&] {
              loss.forward(Tensor<float>({2, 3}), Tensor<float>({2}));
            }),
            "mean squared error: expected targets of shape (2, 3), as the output, got (2,)");
  EXPECT_THROW(loss.forward(Tensor<float>({2, 3}), Tensor<float>({3, 2})), ShapeError);
}

TEST(MeanSquaredError, RefusesAnEmptyBatch) {
  MeanSquaredError<float> loss;
  EXPECT_EQ(error_of<ShapeError>([&] {
              loss.forward(Tensor<float>({0, 3}), Tensor<float>({0, 3}));
            }),
            "mean squared error: expected an output that is not empty, got shape (0, 3)");
}

}  // namespace
}  // namespace dlfs
