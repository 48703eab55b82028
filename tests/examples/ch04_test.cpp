#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "ch04/gradient_descent.hpp"
#include "ch04/nearest.hpp"
#include "ch04/numerical_diff.hpp"
#include "ch04/simple_net.hpp"
#include "ch04/two_layer_net.hpp"
#include "dlfs/data/generated_digits.hpp"
#include "dlfs/io/mnist.hpp"
#include "support/expect_tensor.hpp"

// The numbers are those of the book's Python, to the last digit of a double.

namespace dlfs {
namespace {

using test::expect_close;

double function_2(const Tensor<double>& x) { return x(0) * x(0) + x(1) * x(1); }

TEST(Chapter4, DerivativesHaveTheBooksDigits) {
  const auto function_1 = [](double x) { return 0.01 * (x * x) + 0.1 * x; };
  EXPECT_EQ(ch04::numerical_diff(function_1, 5), 0.1999999999990898);
  EXPECT_EQ(ch04::numerical_diff(function_1, 10), 0.2999999999986347);
  EXPECT_EQ(ch04::numerical_diff([](double x0) { return x0 * x0 + 4.0 * 4.0; }, 3),
            6.00000000000378);
  EXPECT_EQ(ch04::numerical_diff([](double x1) { return 3.0 * 3.0 + x1 * x1; }, 4),
            7.999999999999119);
}

TEST(Chapter4, GradientDescentArrivesWhereTheBooksDoes) {
  const auto end = [](double rate, int steps) {
    return ch04::gradient_descent(function_2, array<double>({-3, 4}), rate, steps).back();
  };
  expect_close(end(0.1, 20), array<double>({-0.03458764513817675, 0.04611686018418694}), 1e-12);
  expect_close(end(0.1, 100), array<double>({-6.111107928998789e-10, 8.148143905314271e-10}),
               1e-12);
  expect_close(end(10, 100), array<double>({-25898374737328.363, -1295248616896.5398}), 1e-12);
  expect_close(end(1e-10, 100), array<double>({-2.999999939999995, 3.9999999199999934}), 1e-12);
}

TEST(Chapter4, GradientDescentReturnsEveryPoint) {
  const auto points = ch04::gradient_descent(function_2, array<double>({1, 0}), 0.25, 2);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[0](0), 1);
  EXPECT_NEAR(points[1](0), 0.5, 1e-9);
  EXPECT_NEAR(points[2](0), 0.25, 1e-9);
}

TEST(Chapter4, SimpleNetHasTheBooksScoresLossAndGradient) {
  ch04::SimpleNet net{array<double>({{0.47355232, 0.9977393, 0.84668094},  //
                                     {0.85557411, 0.03563661, 0.69422093}})};
  const auto x = array<double>({{0.6, 0.9}});
  const auto label = array<std::int32_t>({2});
  expect_close(net.predict(x), array<double>({{1.054148091, 0.630716529, 1.132807401}}), 1e-12);
  EXPECT_NEAR(net.loss(x, label), 0.9280682857864075, 1e-12);

  const auto dW =
      numerical_gradient([&](const Tensor<double>&) { return net.loss(x, label); }, net.W);
  // The last digit of a loss is the twelfth of a difference quotient.
  expect_close(dW,
               array<double>({{0.2192475712392561, 0.14356242984070455, -0.3628100010055757},
                              {0.3288713569016277, 0.21534364482433954, -0.5442150014750569}}),
               1e-11);
}

TEST(Chapter4, TwoLayerNetsGradientsAgree) {
  Rng rng(1);
  ch04::TwoLayerNet network(6, 5, 4, rng);
  for (auto* key : {"W1", "W2"}) network.params[key] *= 100;
  const auto x = random_normal<double>({8, 6}, rng);
  const auto labels = array<std::int32_t>({0, 1, 2, 3, 0, 1, 2, 3});
  const auto numerical = network.numerical_gradient(x, labels);
  const auto analytic = network.gradient(x, labels);
  // The book's loss adds 1e-7 in the logarithm, its gradient does not.
  ASSERT_EQ(analytic.size(), 4u);
  for (const auto& [key, gradient] : analytic) expect_close(gradient, numerical.at(key), 1e-5);

  const double before = network.loss(x, labels);
  for (auto& [key, param] : network.params) param -= 0.1 * analytic.at(key);
  EXPECT_LT(network.loss(x, labels), before);
}

Dataset<float> flattened(Dataset<float> digits) {
  return {std::move(digits.inputs).reshape({-1, 784}), std::move(digits.targets)};
}

TEST(Chapter4, TheNearestExampleIsAtTheSmallestDistance) {
  const auto examples = flattened(generated_digits<float>(200, Rng(1)));
  const auto images = flattened(generated_digits<float>(130, Rng(2)));
  Index right = 0;
  for (Index n = 0; n < images.size(); ++n) {
    Index nearest = 0;
    double smallest = std::numeric_limits<double>::infinity();
    for (Index k = 0; k < examples.size(); ++k) {
      double square = 0;
      for (Index i = 0; i < 784; ++i) {
        const double difference = static_cast<double>(images.inputs(n, i)) - examples.inputs(k, i);
        square += difference * difference;
      }
      if (square < smallest) {
        smallest = square;
        nearest = k;
      }
    }
    right += examples.targets(nearest) == images.targets(n) ? 1 : 0;
  }
  EXPECT_EQ(ch04::accuracy_by_nearest(examples, images), static_cast<double>(right) / 130);
}

TEST(Chapter4, NearestImagesOfMnistClassifyAsTheirPageSays) {
  const char* data = std::getenv("DLFS_DATA");
  if (data == nullptr) GTEST_SKIP() << "DLFS_DATA does not name the folder of MNIST";
  auto mnist = load_mnist<float>(data);
  const auto train = flattened(std::move(mnist.train));
  const auto test = flattened(std::move(mnist.test));
  EXPECT_EQ(ch04::accuracy_by_nearest(ch04::mean_images(train), test), 0.8203);
  // The accuracy of all 10,000 is 0.9691.
  EXPECT_EQ(ch04::accuracy_by_nearest(train, slice(test, 0, 1000)), 0.962);
}

}  // namespace
}  // namespace dlfs
