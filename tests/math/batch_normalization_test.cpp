#include "dlfs/math/batch_normalization.hpp"

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/math/elementwise.hpp"
#include "dlfs/math/reference/batch_normalization.hpp"
#include "support/expect_tensor.hpp"
#include "support/message.hpp"

namespace dlfs {
namespace {

TEST(BatchNormalizationKernels, EqualTheirTwins) {
  Rng rng(1);
  // Features by themselves and in groups, and numbers in pieces.
  for (const Shape& shape :
       {Shape{4, 5, 1}, Shape{3, 700, 1}, Shape{3, 1100, 1}, Shape{1, 3, 7}, Shape{6, 2, 33},
        Shape{4, 300, 5}, Shape{50, 40, 64}, Shape{2, 3, 1500}}) {
    SCOPED_TRACE(to_string(shape));
    const auto x = random_normal<double>(shape, rng, 3) + 2.0;
    const auto gamma = random_normal<double>({shape[1]}, rng);
    const auto beta = random_normal<double>({shape[1]}, rng);
    Tensor<double> statistics({2, shape[1]});
    batch_statistics(x, statistics[0], statistics[1]);
    test::expect_close(statistics, reference::batch_statistics(x), 1e-13);

    const double epsilon = 1e-3;
    Tensor<double> y(shape);
    Tensor<double> inverse_deviation({shape[1]});
    for (Index f = 0; f < shape[1]; ++f) {
      inverse_deviation(f) = 1 / std::sqrt(statistics(1, f) + epsilon);
    }
    const NormalizedBy<double> by{statistics[0], inverse_deviation, gamma};
    batch_normalization(x, by, beta, y);
    test::expect_close(y, reference::batch_normalization(x, gamma, beta, epsilon), 1e-13);
  }
}

TEST(BatchNormalizationKernels, ALargeMeanDoesNotSpoilTheVariance) {
  Tensor<float> x({1000, 1, 1});
  for (Index n = 0; n < 1000; ++n) x(n, 0, 0) = 4096.0f + static_cast<float>(n % 2);
  Tensor<float> mean({1});
  Tensor<float> variance({1});
  batch_statistics(x, mean, variance);
  EXPECT_NEAR(variance(0), 0.25f, 1e-3f);
}

TEST(BatchNormalizationKernels, OfNothingWriteNoNumberAndNoGradient) {
  for (const Shape& shape : {Shape{0, 3, 4}, {2, 0, 4}, {2, 3, 0}}) {
    const Tensor<float> x(shape);
    Tensor<float> y(shape);
    const auto ones_of_each = ones<float>({shape[1]});
    const NormalizedBy<float> by{ones_of_each, ones_of_each, ones_of_each};
    batch_normalization(x, by, ones_of_each, y);
    auto dgamma = ones<float>({shape[1]});
    auto dbeta = ones<float>({shape[1]});
    batch_normalization_backward(x, x, by, BatchStatistics::of_the_batch, dgamma, dbeta,
                                 Store::overwrite, y);
    test::expect_equal(dgamma, zeros<float>({shape[1]}));
    test::expect_equal(dbeta, zeros<float>({shape[1]}));
  }
}

TEST(BatchNormalizationKernels, ErrorsSayWhatIsWrong) {
  Tensor<float> mean({3});
  Tensor<float> variance({4});
  Tensor<float> x({2, 3, 1});
  EXPECT_EQ(test::message<ShapeError>([&] {
              batch_statistics(ones<float>({2, 3}), mean, mean);
            }),
            "batch_statistics: expected x of shape (N, F, S), got (2, 3)");
  EXPECT_EQ(test::message<ShapeError>([&] { batch_statistics(x, mean, variance); }),
            "batch_statistics: expected the variance of shape (3,), got (4,)");
  EXPECT_EQ(test::message<ValueError>([&] {
              batch_statistics(Tensor<float>({0, 3, 1}), mean, mean);
            }),
            "batch_statistics: there is no sample in x of shape (0, 3, 1)");
}

}  // namespace
}  // namespace dlfs
