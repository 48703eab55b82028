#include "dlfs/conv/transposed_convolution.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "dlfs/conv/reference/convolution.hpp"
#include "dlfs/core/eigen.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::are_close;
using test::error_of;
using test::inner_product;
using test::random_tensor;

template <class T>
class TransposedConvolutionOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(TransposedConvolutionOf, Scalars);

TYPED_TEST(TransposedConvolutionOf, PutsTheWeightsDownAtEveryPixel) {
  const auto x = array<TypeParam>({{{{1, 10}, {100, 1000}}}});
  const auto weight = array<TypeParam>({{{{1, 2}, {3, 4}}}});
  Tensor<TypeParam> y({1, 1, 3, 3});
  transposed_convolution(x, weight, array<TypeParam>({0.5}), {.kernel = 2}, 1, y);
  EXPECT_TRUE(are_close(
      y,
      array<TypeParam>({{{{1.5, 12.5, 20.5}, {103.5, 1234.5, 2040.5}, {300.5, 3400.5, 4000.5}}}})));
}

TYPED_TEST(TransposedConvolutionOf, PixelsThatNoTapReachesAreTheBias) {
  const auto x = array<TypeParam>({{{{1, 2}}}});
  const auto weight = array<TypeParam>({{{{5}}, {{7}}}});
  Tensor<TypeParam> y({1, 2, 2, 4});
  transposed_convolution(x, weight, array<TypeParam>({1, 2}), {.kernel = 1, .stride = {2, 3}}, 1,
                         y);
  EXPECT_TRUE(are_close(
      y, array<TypeParam>({{{{6, 1, 1, 11}, {1, 1, 1, 1}}, {{9, 2, 2, 16}, {2, 2, 2, 2}}}})));
}

TYPED_TEST(TransposedConvolutionOf, StoreChoosesToOverwriteOrToAdd) {
  const auto x = random_tensor<TypeParam>({3, 4, 3, 3}, 1);
  const auto dy = random_tensor<TypeParam>({3, 2, 5, 5}, 2);
  const Window2d window{.kernel = 3};
  Tensor<TypeParam> once({4, 2, 3, 3}), once_bias({2});
  transposed_convolution_backward_weights(x, dy, window, 1, once, once_bias);
  auto sum = full<TypeParam>({4, 2, 3, 3}, std::numeric_limits<TypeParam>::quiet_NaN());
  auto sum_bias = full<TypeParam>({2}, std::numeric_limits<TypeParam>::quiet_NaN());
  transposed_convolution_backward_weights(x.rows(0, 1), dy.rows(0, 1), window, 1, sum, sum_bias);
  transposed_convolution_backward_weights(x.rows(1, 3), dy.rows(1, 3), window, 1, sum, sum_bias,
                                          Store::add);
  EXPECT_TRUE(are_close(sum, once, 1e-4));
  EXPECT_TRUE(are_close(sum_bias, once_bias, 1e-4));
}

struct TransposedProblem {
  std::string name;
  Shape x;
  Shape weight;
  Shape y;
  Window2d window;
  Index groups = 1;
};

class TransposedConvolutions : public testing::TestWithParam<TransposedProblem> {};

TEST_P(TransposedConvolutions, AreTheBackwardPassOfAConvolutionAndABias) {
  const auto& [name, x_shape, weight_shape, y_shape, window, groups] = GetParam();
  const auto x = random_tensor<double>(x_shape, 1);
  const auto weight = random_tensor<double>(weight_shape, 2);
  const auto bias = random_tensor<double>({y_shape[1]}, 3);
  auto y = full<double>(y_shape, std::numeric_limits<double>::quiet_NaN());
  transposed_convolution(x, weight, bias, window, groups, y);
  auto expected = reference::convolution_backward_input(x, weight, window, groups, y_shape);
  for (Index n = 0; n < y_shape[0]; ++n) {
    for (Index f = 0; f < y_shape[1]; ++f) as_array(expected[n][f]) += bias(f);
  }
  EXPECT_TRUE(are_close(y, expected, 1e-12));
}

TEST_P(TransposedConvolutions, HaveAdjointBackwardPasses) {
  const auto& [name, x_shape, weight_shape, y_shape, window, groups] = GetParam();
  const auto x = random_tensor<double>(x_shape, 1);
  const auto weight = random_tensor<double>(weight_shape, 2);
  const auto bias = random_tensor<double>({y_shape[1]}, 3);
  const auto dy = random_tensor<double>(y_shape, 4);
  Tensor<double> y(y_shape), dx(x_shape), dweight(weight_shape), dbias({y_shape[1]});
  transposed_convolution(x, weight, bias, window, groups, y);
  transposed_convolution_backward_input(dy, weight, window, groups, dx);
  transposed_convolution_backward_weights(x, dy, window, groups, dweight, dbias);
  // y is linear in x and in the weight once the bias is gone, and dbias sums dy.
  const double of_bias = inner_product(bias, dbias);
  EXPECT_NEAR(inner_product(y, dy) - of_bias, inner_product(x, dx), 1e-10);
  EXPECT_NEAR(inner_product(y, dy) - of_bias, inner_product(weight, dweight), 1e-10);
  EXPECT_TRUE(are_close(dbias, reference::convolution_backward_bias(dy), 1e-12));
}

INSTANTIATE_TEST_SUITE_P(
    , TransposedConvolutions,
    testing::Values(
        TransposedProblem{"Plain", {2, 3, 4, 5}, {3, 2, 3, 2}, {2, 2, 6, 6}, {.kernel = {3, 2}}},
        TransposedProblem{
            "Stride", {2, 3, 4, 5}, {3, 2, 3, 3}, {2, 2, 9, 11}, {.kernel = 3, .stride = 2}},
        TransposedProblem{"OutputPadding",
                          {1, 2, 3, 3},
                          {2, 4, 3, 3},
                          {1, 4, 8, 6},
                          {.kernel = 3, .stride = {3, 2}, .padding = {1, 1}}},
        TransposedProblem{"StrideAboveKernel",
                          {2, 1, 3, 2},
                          {1, 2, 2, 2},
                          {2, 2, 8, 7},
                          {.kernel = 2, .stride = {3, 4}}},
        TransposedProblem{"Dilation",
                          {1, 2, 4, 4},
                          {2, 3, 3, 2},
                          {1, 3, 8, 9},
                          {.kernel = {3, 2}, .stride = {1, 2}, .dilation = {2, 2}}},
        TransposedProblem{"Groups", {2, 4, 3, 4}, {4, 3, 3, 3}, {2, 6, 5, 6}, {.kernel = 3}, 2},
        TransposedProblem{"Depthwise",
                          {2, 3, 4, 4},
                          {3, 1, 4, 4},
                          {2, 3, 8, 8},
                          {.kernel = 4, .stride = 2, .padding = 1},
                          3},
        TransposedProblem{"ManyChannels",
                          {20, 24, 12, 12},
                          {24, 20, 3, 3},
                          {20, 20, 12, 12},
                          {.kernel = 3, .padding = 1}}),
    [](const auto& given) { return given.param.name; });

TEST(TransposedConvolution, RefusesShapesThatDoNotFit) {
  Tensor<float> x({2, 3, 4, 4}), weight({3, 2, 3, 3}), bias({2}), three({3}), y({2, 2, 6, 6}),
      wide({2, 2, 7, 6});
  const Window2d window{.kernel = 3};
  EXPECT_EQ(error_of<ShapeError>([&] { transposed_convolution(x, weight, bias, window, 1, wide); }),
            "transposed_convolution: expected x of shape (2, 3, 5, 4), got (2, 3, 4, 4)");
  EXPECT_EQ(error_of<ShapeError>([&] { transposed_convolution(x, weight, three, window, 1, y); }),
            "transposed_convolution: expected the bias of shape (2,), got (3,)");
  EXPECT_EQ(error_of<ShapeError>(
                [&] { transposed_convolution_backward_weights(x, wide, window, 1, weight, bias); }),
            "transposed_convolution_backward_weights: expected x of shape (2, 3, 5, 4), got "
            "(2, 3, 4, 4)");
  EXPECT_EQ(error_of<ShapeError>(
                [&] { transposed_convolution_backward_weights(x, y, window, 1, weight, three); }),
            "transposed_convolution_backward_weights: expected dbias of shape (2,), got (3,)");
}

}  // namespace
}  // namespace dlfs
