#include "dlfs/nn/layers/standardization.hpp"

#include <gtest/gtest.h>

#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/tensor/statistics.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(LayerWithBuffers<Standardization<float>> &&
              LayerWithBuffers<Standardization<double>>);

TEST(Standardization, SubtractsTheMeanAndDividesByTheDeviation) {
  // Column 0: mean 2, deviation 1; column 1: mean 10, deviation 4.
  const auto x = array<float>({{1, 6}, {3, 14}});
  const auto layer = Standardization<float>::fit(x);
  test::expect_equal(layer.apply(x), array<float>({{-1, -1}, {1, 1}}));
  test::expect_equal(layer.apply(array<float>({{2, 18}})), array<float>({{0, 2}}));
  test::expect_equal(layer.inverse().apply(array<float>({{0, 2}})), array<float>({{2, 18}}));
  test::expect_equal(layer.inverse().inverse().apply(x), layer.apply(x));
}

TEST(Standardization, APictureHasOneMeanForEachChannel) {
  const auto x = array<double>({{{0, 2}, {10, 10}}, {{4, 2}, {10, 14}}});
  const auto y = Standardization<double>::fit(x).apply(x);
  for (Index channel = 0; channel < 2; ++channel) {
    EXPECT_NEAR(mean(copy(y(all, channel))), 0, 1e-15);
    EXPECT_NEAR(variance(copy(y(all, channel))), 1, 1e-15);
  }
}

TEST(Standardization, ItsStatisticsAreThoseOfDouble) {
  Rng rng(1);
  auto x = random_normal<float>({1000, 1}, rng);
  for (float& value : x) value = 1e6f + std::round(8 * value) / 8;
  auto layer = Standardization<float>::fit(x);
  const auto exact = cast<double>(x);
  EXPECT_EQ(layer.buffers()[0]->value(0), static_cast<float>(mean(exact)));
  EXPECT_EQ(layer.buffers()[1]->value(0),
            static_cast<float>(std::sqrt(variance(exact - mean(exact)))));
}

TEST(Standardization, AConstantFeatureBecomesZero) {
  for (const double constant : {0.0, 1.0, 0.1, -3e300, 1e-320}) {
    Tensor<double> x({7, 2});
    for (Index n = 0; n < 7; ++n) {
      x(n, 0) = constant;
      x(n, 1) = static_cast<double>(n);
    }
    auto layer = Standardization<double>::fit(x);
    EXPECT_EQ(layer.buffers()[1]->value(0), 1) << constant;
    const auto y = layer.apply(x);
    for (Index n = 0; n < 7; ++n) {
      EXPECT_NEAR(y(n, 0), 0, std::abs(constant) * 1e-15) << constant;
    }
  }
  test::expect_equal(
      Standardization<float>::fit(array<float>({{5, -2}})).apply(array<float>({{6, -2}})),
      array<float>({{1, 0}}));
  // Denormal numbers, whose deviation float does not hold.
  const float least = std::numeric_limits<float>::denorm_min();
  auto layer = Standardization<float>::fit(Tensor<float>({1000, 1}, [&] {
    std::vector<float> values(1000);
    values[0] = least;
    return values;
  }()));
  EXPECT_EQ(layer.buffers()[1]->value(0), 1);
}

TEST(Standardization, KeepsTheContractOfALayer) {
  const auto x = test::random_off_zero({3, 4, 2});
  const auto layer = Standardization<double>::fit(x);
  for (const auto& each : {layer, layer.inverse()}) {
    test::expect_contract(each, x);
    test::expect_right_gradients(each, x);
    test::expect_right_gradients(each, test::random_off_zero({5, 4}));
  }
}

TEST(Standardization, ANetworkKeepsItAsItIs) {
  Rng rng(1);
  const auto x = random_normal<float>({20, 3}, rng);
  Sequential<float> network{{"inputs", Standardization<float>::fit(x)},
                            {"affine1", Affine<float>({.in = 3, .out = 2}, He{}, rng)}};
  const Tensor<float> mean = network.buffers()[0]->value;
  EXPECT_EQ(network.buffers()[0]->name, "inputs.mean");
  EXPECT_EQ(network.buffers()[1]->name, "inputs.deviation");
  EXPECT_EQ(network.parameters().size(), 2u);
  network.forward(x);
  network.backward(random_normal<float>({20, 2}, rng));
  test::expect_equal(network.buffers()[0]->value, mean);
}

TEST(Standardization, RefusesWhatHasNoStatistics) {
  const auto error = [](const Tensor<float>& x) {
    return error_of<Error>([&] { Standardization<float>::fit(x); });
  };
  EXPECT_EQ(error(zeros<float>({0, 3})),
            "standardization: expected x of shape (N, F, ...) with samples, got (0, 3)");
  EXPECT_EQ(error(zeros<float>({3})),
            "standardization: expected x of shape (N, F, ...) with samples, got (3,)");
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(error(array<float>({{1, 2}, {3, infinity}})),
            "standardization: feature 1 of sample 1 is inf");
  EXPECT_EQ(error_of<ValueError>([] {
              Standardization<double>::fit(array<double>({{1e300}, {-1e300}}));
            }),
            "standardization: the variance of feature 0 is inf");
  EXPECT_EQ(error_of<ValueError>([] { Standardization<float>(StandardizationOptions{}); }),
            "standardization: expected features of at least 1, got 0");
  EXPECT_EQ(error_of<ShapeError>([] {
              Standardization<float>({.features = 2}).output_shape({4, 3});
            }),
            "standardization: expected x of shape (N, 2, ...), got (4, 3)");
}

}  // namespace
}  // namespace dlfs
