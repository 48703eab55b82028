#include "dlfs/nn/initializers.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "dlfs/math/reduce.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

static_assert(Initializer<Normal, float> && Initializer<Normal, double>);
static_assert(Initializer<Xavier, float> && Initializer<He, double>);
static_assert(!Initializer<double, float>);

struct Moments {
  double mean = 0;
  double deviation = 0;
};

/// Of 100,000 weights: the standard error of the mean is 0.3% of the deviation, that of the
/// deviation 0.2%.
template <class T, class I>
Moments moments(const I& initializer, Fans fans) {
  Rng rng(1);
  Tensor<T> weight({250, 400});
  initializer(weight, fans, rng);
  const auto count = static_cast<double>(weight.size());
  Moments moments;
  for (T value : weight) moments.mean += static_cast<double>(value) / count;
  for (T value : weight) {
    moments.deviation += std::pow(static_cast<double>(value) - moments.mean, 2) / count;
  }
  moments.deviation = std::sqrt(moments.deviation);
  return moments;
}

void expect_normal(Moments moments, double deviation) {
  EXPECT_NEAR(moments.mean, 0, 0.012 * deviation);
  EXPECT_NEAR(moments.deviation, deviation, 0.01 * deviation);
}

TEST(Initializers, NormalHasItsDeviationWhateverTheFans) {
  expect_normal(moments<float>(Normal{}, {.in = 100, .out = 10}), 0.01);
  expect_normal(moments<double>(Normal{.deviation = 3}, {.in = 7, .out = 5}), 3);
}

TEST(Initializers, XavierHasVarianceOneByFanIn) {
  expect_normal(moments<float>(Xavier{}, {.in = 100, .out = 10}), 0.1);
  expect_normal(moments<double>(Xavier{}, {.in = 4, .out = 10}), 0.5);
}

TEST(Initializers, HeHasVarianceTwoByFanIn) {
  expect_normal(moments<float>(He{}, {.in = 200, .out = 10}), 0.1);
  expect_normal(moments<double>(He{}, {.in = 8, .out = 10}), 0.5);
}

TEST(Initializers, VarianceIsThatOfFanGainAndDistribution) {
  const Fans fans{.in = 100, .out = 300};
  expect_normal(moments<double>(Xavier{.fan = Xavier::Fan::out}, fans), std::sqrt(1.0 / 300));
  expect_normal(moments<double>(Xavier{.fan = Xavier::Fan::mean, .gain = 3}, fans),
                3 * std::sqrt(1.0 / 200));
  expect_normal(moments<double>(He{.distribution = He::Distribution::uniform}, fans),
                std::sqrt(2.0 / 100));
  Rng rng(1);
  Tensor<double> weight({100, 100});
  He{.distribution = He::Distribution::uniform}(weight, fans, rng);
  const double bound = std::sqrt(6.0 / 100);
  EXPECT_LE(max(weight), bound);
  EXPECT_GT(max(weight), 0.99 * bound);
  EXPECT_LT(min(weight), -0.99 * bound);
}

TEST(Initializers, OrthogonalRowsOrColumns) {
  for (const Shape& shape : {Shape{4, 4}, Shape{3, 2, 5}, Shape{9, 4}}) {
    Tensor<double> weight(shape);
    Rng rng(3);
    Orthogonal{.gain = 2}(weight, {}, rng);
    const Index columns = weight.size() / shape[0];
    const auto matrix = as_matrix(weight.reshape({shape[0], columns}));
    const Eigen::MatrixXd products = shape[0] <= columns
                                         ? Eigen::MatrixXd(matrix * matrix.transpose())
                                         : Eigen::MatrixXd(matrix.transpose() * matrix);
    EXPECT_LT((products - 4 * Eigen::MatrixXd::Identity(products.rows(), products.rows())).norm(),
              1e-12)
        << to_string(shape);
  }
}

TEST(Initializers, SeedDecidesTheWeights) {
  const auto weight = [](std::uint64_t seed) {
    Rng rng(seed);
    Tensor<float> tensor({3, 4});
    He{}(tensor, {.in = 3, .out = 4}, rng);
    return test::values(tensor);
  };
  EXPECT_EQ(weight(1), weight(1));
  EXPECT_NE(weight(1), weight(2));
}

TEST(Initializers, OneGeneratorGivesEachTensorOtherWeights) {
  Rng rng(1);
  Tensor<float> first({3, 4});
  Tensor<float> second({3, 4});
  He{}(first, {.in = 3, .out = 4}, rng);
  He{}(second, {.in = 3, .out = 4}, rng);
  EXPECT_NE(test::values(first), test::values(second));
}

}  // namespace
}  // namespace dlfs
