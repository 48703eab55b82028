#include "dlfs/tools/numerical_gradient.hpp"

#include <gtest/gtest.h>

#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::are_close;
using test::elements;
using test::error_of;

double sum_of_squares(const Tensor<double>& x) {
  double sum = 0;
  for (double element : x) sum += element * element;
  return sum;
}

TEST(NumericalGradient, MatchesTheBooksDigits) {
  const auto curve = [](const Tensor<double>& x) { return 0.01 * (x(0) * x(0)) + 0.1 * x(0); };
  EXPECT_DOUBLE_EQ(numerical_gradient(curve, array<double>({5}))(0), 0.1999999999990898);
  EXPECT_DOUBLE_EQ(numerical_gradient(curve, array<double>({10}))(0), 0.2999999999986347);
  const auto gradient = numerical_gradient(sum_of_squares, array<double>({3, 4}));
  EXPECT_TRUE(are_close(gradient, array<double>({6, 8}), 1e-10));
}

TEST(NumericalGradient, HasTheShapeOfItsArgument) {
  const auto x = array<double>({{1, 2, 3}, {4, 5, 6}});
  EXPECT_TRUE(are_close(numerical_gradient(sum_of_squares, x),
                        array<double>({{2, 4, 6}, {8, 10, 12}}), 1e-9));
  EXPECT_EQ(numerical_gradient(sum_of_squares, full<double>({}, 2)).shape(), Shape());
  EXPECT_EQ(numerical_gradient(sum_of_squares, Tensor<double>({0, 3})).shape(), Shape({0, 3}));
}

TEST(NumericalGradient, VariesTheTensorThatTheFunctionReadsItself) {
  auto x = array<double>({3, 4});
  const auto gradient =
      numerical_gradient([&](const Tensor<double>&) { return sum_of_squares(x); }, x);
  EXPECT_TRUE(are_close(gradient, array<double>({6, 8}), 1e-9));
}

// x^2 / 2 + 3 x, computed in double and in float, at elements of many sizes.
TEST(NumericalGradient, KeepsTheDigitsOfFloat) {
  const auto in_double = [](const Tensor<float>& at) {
    const double x = at(0);
    return x * x / 2 + 3 * x;
  };
  const auto in_float = [](const Tensor<float>& at) { return at(0) * at(0) / 2 + 3 * at(0); };
  for (const float x : {0.0f, 1e-7f, -0.1f, 3.0f, -1234.5f, 3e8f}) {
    EXPECT_NEAR(numerical_gradient(in_double, array<float>({x}))(0) / (x + 3), 1, 1e-6) << x;
    EXPECT_NEAR(numerical_gradient(in_float, array<float>({x}))(0) / (x + 3), 1, 1e-4) << x;
  }
}

TEST(NumericalGradient, RestoresEachElementExactly) {
  auto x = array<float>({0.1f, 1e-7f, 3e8f});
  const auto before = elements(x);
  numerical_gradient([](const Tensor<float>& at) { return at(0) + at(2); }, x);
  EXPECT_EQ(elements(x), before);
}

TEST(NumericalGradient, RestoresTheElementWhenTheFunctionThrows) {
  auto x = array<double>({0.1});
  EXPECT_EQ(error_of<ValueError>([&] {
              numerical_gradient(
                  [](const Tensor<double>&) -> double { throw ValueError("no value"); }, x);
            }),
            "no value");
  EXPECT_EQ(x(0), 0.1);
}

TEST(NumericalGradient, StepMustBePositive) {
  EXPECT_EQ(error_of<ValueError>([] { numerical_gradient(sum_of_squares, Tensor<double>(), 0); }),
            "numerical_gradient: expected a positive h, got 0");
}

}  // namespace
}  // namespace dlfs
