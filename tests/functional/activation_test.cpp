#include "dlfs/functional/activation.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "dlfs/functional/reference/activation.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::are_close;
using test::error_of;
using test::infinity;
using test::nan;
using test::random_tensor;

TEST(Relu, KeepsPositiveNumbersAndNaN) {
  const auto x = array<float>({{-1, 0, 2}, {nan, infinity, -infinity}});
  Tensor<float> y(x.shape());
  relu(x, y);
  EXPECT_TRUE(are_close(y, array<float>({{0, 0, 2}, {nan, infinity, 0}})));
}

TEST(Relu, BackwardPassesTheGradientWhereTheOutputIsPositive) {
  const auto y = array<float>({{0, 1, 2}, {nan, infinity, 0}});
  const auto dy = array<float>({{1, 2, -3}, {4, 5, nan}});
  Tensor<float> dx(y.shape());
  relu_backward(y, dy, dx);
  EXPECT_TRUE(are_close(dx, array<float>({{0, 2, -3}, {4, 5, 0}})));
}

TEST(Relu, AgreesWithTheReferenceAtOddSizesAndInPlace) {
  for (Index size : {0, 1, 7, 33, 1001}) {
    const auto x = random_tensor<float>({size}, 1);
    const auto dy = random_tensor<float>({size}, 2);
    Tensor<float> y({size}), dx({size});
    reference::relu(x, y);
    reference::relu_backward(y, dy, dx);
    auto worked = x;
    relu(worked, worked);
    EXPECT_TRUE(are_close(worked, y));
    relu_backward(worked, dy, worked);
    EXPECT_TRUE(are_close(worked, dx));
  }
}

TEST(Sigmoid, MatchesTheBooksValues) {
  const auto x = array<double>({0.3, 0.7, 1.1});
  Tensor<double> y({3});
  sigmoid(x, y);
  EXPECT_TRUE(are_close(y, array<double>({0.57444252, 0.66818777, 0.75026011}), 5e-9));
}

TEST(Sigmoid, IsExactToTheLastDigitsFromEndToEnd) {
  Tensor<float> x({401});
  for (Index i = 0; i < 401; ++i) x(i) = static_cast<float>(i - 200) / 4;
  Tensor<float> y(x.shape());
  sigmoid(x, y);
  for (Index i = 0; i < 401; ++i) {
    const double exact = 1 / (1 + std::exp(-static_cast<double>(x(i))));
    EXPECT_NEAR(static_cast<double>(y(i)) / exact, 1, 1e-6) << x(i);
  }
}

TEST(Sigmoid, SaturatesWithoutOverflow) {
  const auto x = array<float>({-infinity, -1e4f, -100, 100, 1e4f, infinity, nan, 0});
  Tensor<float> y(x.shape());
  sigmoid(x, y);
  EXPECT_TRUE(are_close(y, array<float>({0, 0, 0, 1, 1, 1, nan, 0.5f}), 1e-38));
}

TEST(Sigmoid, IsExactWhereItIsNoNormalNumber) {
  const auto x = array<float>({-88, -95, -100, -103});
  Tensor<float> y(x.shape());
  sigmoid(x, y);
  for (Index i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(y(i), std::exp(static_cast<double>(x(i))), 1.5e-45) << x(i);
    EXPECT_GT(y(i), 0) << x(i);
  }
}

TEST(Tanh, MatchesTheStandardLibrary) {
  const auto x = random_tensor<float>({3, 5, 7});
  Tensor<float> y(x.shape()), expected(x.shape());
  tanh(x, y);
  reference::tanh(x, expected);
  EXPECT_TRUE(are_close(y, expected, 3e-7));
}

/// dx of a backward kernel beside the central difference of its forward one, where dy = 1, 2, ...
template <class Forward, class Backward>
void expect_exact_gradient(const Forward& forward, const Backward& backward) {
  const auto x = random_tensor<double>({3, 7});
  Tensor<double> y(x.shape()), dy(x.shape()), dx(x.shape());
  for (Index i = 0; i < dy.size(); ++i) dy.data()[i] = static_cast<double>(i + 1);
  forward(x, y);
  backward(y, dy, dx);
  const double h = 1e-5;
  auto above = x, below = x;
  for (double& element : above) element += h;
  for (double& element : below) element -= h;
  forward(above, above);
  forward(below, below);
  for (Index i = 0; i < x.size(); ++i) {
    const double numeric = (above.data()[i] - below.data()[i]) / (2 * h) * dy.data()[i];
    EXPECT_NEAR(dx.data()[i], numeric, 1e-8) << i;
  }
}

TEST(Relu, BackwardAgreesWithCentralDifference) {
  expect_exact_gradient([](const auto& x, auto& y) { relu(x, y); },
                        [](const auto& y, const auto& dy, auto& dx) { relu_backward(y, dy, dx); });
}
TEST(Sigmoid, BackwardAgreesWithCentralDifference) {
  expect_exact_gradient(
      [](const auto& x, auto& y) { sigmoid(x, y); },
      [](const auto& y, const auto& dy, auto& dx) { sigmoid_backward(y, dy, dx); });
}
TEST(Tanh, BackwardAgreesWithCentralDifference) {
  expect_exact_gradient([](const auto& x, auto& y) { tanh(x, y); },
                        [](const auto& y, const auto& dy, auto& dx) { tanh_backward(y, dy, dx); });
}

TEST(Activation, HalfTypesWork) {
  using Eigen::half;
  const Tensor<half> x({3}, {half(-1), half(0), half(2)});
  const auto dy = full<half>({3}, half(3));
  Tensor<half> y({3}), dx({3});
  relu(x, y);
  relu_backward(y, dy, dx);
  EXPECT_TRUE(are_close(dx, array<float>({0, 0, 3})));
  sigmoid(x, y);
  EXPECT_TRUE(are_close(y, array<float>({0.26894f, 0.5f, 0.88080f}), 1e-3));
}

TEST(Activation, ShapeErrorNamesTheOperationAndBothShapes) {
  const Tensor<float> x({2, 3});
  Tensor<float> out({3, 2});
  EXPECT_EQ(error_of<ShapeError>([&] { relu(x, out); }),
            "relu: expected out of shape (2, 3), got (3, 2)");
  EXPECT_EQ(error_of<ShapeError>([&] { sigmoid_backward(x, out, out); }),
            "sigmoid_backward: expected dy of shape (2, 3), got (3, 2)");
  EXPECT_EQ(error_of<ShapeError>([&] { tanh_backward(x, x, out); }),
            "tanh_backward: expected dx of shape (2, 3), got (3, 2)");
  EXPECT_NE(error_of<ShapeError>([&] { tanh(x.transpose(), out); }), "not thrown");
}

}  // namespace
}  // namespace dlfs
