#include "dlfs/functional/softmax.hpp"

#include <gtest/gtest.h>

#include "dlfs/functional/reference/softmax.hpp"
#include "dlfs/tensor/functions.hpp"
#include "dlfs/tensor/reduce.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::are_close;
using test::error_of;
using test::infinity;
using test::nan;
using test::random_tensor;

TEST(Softmax, MatchesTheBooksValues) {
  EXPECT_TRUE(are_close(softmax(array<double>({0.3, 2.9, 4.0})),
                        array<double>({0.01821127, 0.24519181, 0.73659691}), 5e-9));
}

TEST(Softmax, LargeScoresDoNotOverflow) {
  const auto y = softmax(array<double>({1010, 1000, 990}));
  EXPECT_TRUE(are_close(y, array<double>({0.9999546, 4.5397869e-05, 2.0610600e-09}), 5e-9));
  EXPECT_NEAR(y(1), 4.5397869e-05, 5e-13);
  EXPECT_NEAR(y(2), 2.0610600e-09, 5e-17);
  EXPECT_TRUE(are_close(softmax(array<float>({1e4f, -1e4f})), array<float>({1, 0}), 1e-38));
}

TEST(Softmax, RowsOfAnyLengthAgreeWithTheReference) {
  for (const Shape& shape : {Shape{1, 1}, Shape{5, 3}, Shape{100, 10}, Shape{7, 1000},
                             Shape{3, 5000}, Shape{1000, 17}}) {
    const auto x = random_tensor<float>(shape);
    EXPECT_TRUE(are_close(softmax(x), reference::softmax(x), 1e-6)) << to_string(shape);
  }
}

TEST(Softmax, RunsAlongTheLastAxisOfAnyRank) {
  const auto x = random_tensor<double>({2, 3, 4});
  const auto y = softmax(x);
  EXPECT_EQ(y.shape(), x.shape());
  for (Index i = 0; i < 2; ++i) EXPECT_TRUE(are_close(y[i], softmax(x[i]), 1e-15));
  EXPECT_TRUE(are_close(softmax(array<double>({5})), array<double>({1})));
}

TEST(Softmax, StridedViewIsCopied) {
  const auto x = random_tensor<double>({3, 4});
  EXPECT_TRUE(are_close(softmax(x.transpose()), reference::softmax(copy(x.transpose())), 1e-15));
}

TEST(Softmax, NaNSpoilsItsRowAlone) {
  const auto y = softmax(array<double>({{nan, 1}, {0, 0}}));
  EXPECT_TRUE(are_close(y, array<double>({{nan, nan}, {0.5, 0.5}})));
}

TEST(Softmax, HalfTypesAreComputedInFloat) {
  const auto x = random_tensor<float>({3, 1000});
  const auto y = softmax(cast<Eigen::half>(x));
  for (Index i = 0; i < 3; ++i) EXPECT_NEAR(sum(cast<float>(y[i])), 1, 1e-3);
}

TEST(Softmax, EmptyTensorStaysEmpty) {
  EXPECT_EQ(softmax(Tensor<float>({0, 3})).shape(), Shape({0, 3}));
  EXPECT_EQ(softmax(Tensor<float>({3, 0})).shape(), Shape({3, 0}));
}

TEST(LogSoftmax, KeepsTheDigitsOfSmallLogarithms) {
  const auto y = log_softmax(array<float>({1e4f, 1e4f}));
  EXPECT_TRUE(are_close(y, array<float>({-0.69314718f, -0.69314718f}), 1e-7));
  EXPECT_TRUE(are_close(log_softmax(array<float>({{1e4f, 0}, {1, 1}})),
                        array<float>({{0, -1e4f}, {-0.69314718f, -0.69314718f}}), 1e-7));
}

TEST(LogSoftmax, IsTheLogarithmOfSoftmax) {
  const auto x = random_tensor<double>({3, 700});
  EXPECT_TRUE(are_close(log_softmax(x), log(softmax(x)), 1e-12));
}

TEST(LogSumExp, MatchesHandComputedValues) {
  EXPECT_TRUE(are_close(log_sum_exp(array<double>({{1e4, 1e4}, {0, 0}, {-1e4, -1e4}})),
                        array<double>({1e4 + 0.69314718056, 0.69314718056, -1e4 + 0.69314718056}),
                        1e-10));
  EXPECT_EQ(log_sum_exp(array<double>({3})).shape(), Shape());
  EXPECT_NEAR(log_sum_exp(array<double>({3})).item(), 3, 1e-15);
}

TEST(LogSumExp, StridedViewIsCopied) {
  const auto x = random_tensor<double>({3, 4});
  EXPECT_TRUE(are_close(log_sum_exp(x.transpose()), log_sum_exp(copy(x.transpose()))));
}

TEST(LogSumExp, EmptyRowsAreAValueError) {
  EXPECT_EQ(error_of<ValueError>([] {
              log_sum_exp(Tensor<float>({3, 0}));
            }),
            "log_sum_exp: no elements along the last axis of (3, 0)");
  EXPECT_EQ(log_sum_exp(Tensor<float>({0, 3})).shape(), Shape({0}));
}

TEST(LogSumExp, InfiniteScoresAreTheirOwnResult) {
  EXPECT_TRUE(are_close(
      log_sum_exp(array<double>({{infinity, 0}, {-infinity, -infinity}, {infinity, nan}})),
      array<double>({infinity, -infinity, nan})));
}

TEST(Softmax, ShapeErrorNamesTheOperationAndBothShapes) {
  EXPECT_EQ(error_of<ShapeError>([] { softmax(full<float>({}, 1)); }),
            "softmax: expected at least rank 1, got ()");
  EXPECT_EQ(error_of<ShapeError>([] { log_sum_exp(full<float>({}, 1)); }),
            "log_sum_exp: expected at least rank 1, got ()");
  Tensor<float> out({3, 2});
  EXPECT_EQ(error_of<ShapeError>([&] {
              softmax(Tensor<float>({2, 3}), out);
            }),
            "softmax: expected out of shape (2, 3), got (3, 2)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              log_softmax(Tensor<float>({2, 3}), out);
            }),
            "log_softmax: expected out of shape (2, 3), got (3, 2)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              log_sum_exp(Tensor<float>({2, 3}), out);
            }),
            "log_sum_exp: expected out of shape (2,), got (3, 2)");
}

}  // namespace
}  // namespace dlfs
