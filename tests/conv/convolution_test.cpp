#include "dlfs/conv/convolution.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "dlfs/conv/reference/convolution.hpp"
#include "dlfs/core/eigen.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::agree;
using test::are_close;
using test::error_of;
using test::inner_product;
using test::magnitudes;
using test::nan;
using test::random_tensor;

template <class T>
class ConvolutionOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(ConvolutionOf, Scalars);

TYPED_TEST(ConvolutionOf, ForwardMatchesTheExampleOfTheBook) {
  // Section 7.2.2, figures 7-3 and 7-5.
  const auto x = array<TypeParam>({{{{1, 2, 3, 0}, {0, 1, 2, 3}, {3, 0, 1, 2}, {2, 3, 0, 1}}}});
  const auto weight = array<TypeParam>({{{{2, 0, 1}, {0, 1, 2}, {1, 0, 2}}}});
  Tensor<TypeParam> y({1, 1, 2, 2});
  convolution(x, weight, array<TypeParam>({3}), {.kernel = 3}, 1, y);
  EXPECT_TRUE(are_close(y, array<TypeParam>({{{{18, 19}, {9, 18}}}})));
}

TYPED_TEST(ConvolutionOf, ForwardSumsOverTheChannelsOfEachGroup) {
  const auto x = array<TypeParam>({{{{1}}, {{2}}, {{3}}, {{4}}}});
  const auto weight = array<TypeParam>({{{{10}}, {{1}}}, {{{100}}, {{10}}}});
  Tensor<TypeParam> y({1, 2, 1, 1});
  convolution(x, weight, array<TypeParam>({0, 0.5}), {}, 2, y);
  EXPECT_TRUE(are_close(y, array<TypeParam>({{{{12}}, {{340.5}}}})));
}

TYPED_TEST(ConvolutionOf, BackwardMatchesHandComputedValues) {
  const auto x = array<TypeParam>({{{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}}});
  const auto weight = array<TypeParam>({{{{1, 2}, {3, 4}}}});
  const auto dy = array<TypeParam>({{{{1, 0}, {0, -1}}}});
  Tensor<TypeParam> dx({1, 1, 3, 3}), dweight({1, 1, 2, 2}), dbias({1});
  convolution_backward_input(dy, weight, {.kernel = 2}, 1, dx);
  convolution_backward_weights(x, dy, {.kernel = 2}, 1, dweight, dbias);
  EXPECT_TRUE(are_close(dx, array<TypeParam>({{{{1, 2, 0}, {3, 3, -2}, {0, -3, -4}}}})));
  EXPECT_TRUE(are_close(dweight, array<TypeParam>({{{{-4, -4}, {-4, -4}}}})));
  EXPECT_TRUE(are_close(dbias, array<TypeParam>({0})));
}

TYPED_TEST(ConvolutionOf, StoreChoosesToOverwriteOrToAdd) {
  const auto x = random_tensor<TypeParam>({3, 2, 5, 5}, 1);
  const auto dy = random_tensor<TypeParam>({3, 4, 3, 3}, 2);
  Tensor<TypeParam> once({4, 2, 3, 3}), once_bias({4});
  convolution_backward_weights(x, dy, {.kernel = 3}, 1, once, once_bias);
  auto sum = full<TypeParam>({4, 2, 3, 3}, std::numeric_limits<TypeParam>::quiet_NaN());
  auto sum_bias = full<TypeParam>({4}, std::numeric_limits<TypeParam>::quiet_NaN());
  convolution_backward_weights(x.rows(0, 1), dy.rows(0, 1), {.kernel = 3}, 1, sum, sum_bias);
  convolution_backward_weights(x.rows(1, 3), dy.rows(1, 3), {.kernel = 3}, 1, sum, sum_bias,
                               Store::add);
  EXPECT_TRUE(are_close(sum, once, 1e-4));
  EXPECT_TRUE(are_close(sum_bias, once_bias, 1e-4));
}

TYPED_TEST(ConvolutionOf, NoSamplesGiveZeroGradientsOrLeaveThemAlone) {
  const Tensor<TypeParam> x({0, 2, 5, 5});
  Tensor<TypeParam> y({0, 4, 3, 3}), dx({0, 2, 5, 5});
  auto weight = ones<TypeParam>({4, 2, 3, 3});
  auto bias = ones<TypeParam>({4});
  convolution(x, weight, bias, {.kernel = 3}, 1, y);
  convolution_backward_input(y, weight, {.kernel = 3}, 1, dx);
  convolution_backward_weights(x, y, {.kernel = 3}, 1, weight, bias, Store::add);
  EXPECT_TRUE(are_close(weight, ones<TypeParam>({4, 2, 3, 3})));
  EXPECT_TRUE(are_close(bias, ones<TypeParam>({4})));
  convolution_backward_weights(x, y, {.kernel = 3}, 1, weight, bias);
  EXPECT_TRUE(are_close(weight, zeros<TypeParam>({4, 2, 3, 3})));
  EXPECT_TRUE(are_close(bias, zeros<TypeParam>({4})));
}

/// Stride, padding, dilation and groups, where 0 groups means one for each channel.
using ConvolutionSizes = std::tuple<Size2d, Size2d, Size2d, Index>;

struct Problem {
  Shape x;
  Shape weight;
  Window2d window;
  Index groups;

  std::string description() const {
    return str_cat("x ", x, ", weight ", weight, ", groups ", groups);
  }
};

/// Small random extents, different for height and width.
Problem random_problem(const ConvolutionSizes& sizes, Rng& rng) {
  const auto one_to = [&](Index most) { return 1 + rng.below(most); };
  const auto& [stride, padding, dilation, fixed_groups] = sizes;
  const bool is_depthwise = fixed_groups == 0;
  const Index groups = is_depthwise ? one_to(4) : fixed_groups;
  const Index channels = is_depthwise ? 1 : one_to(3);
  const Size2d kernel{one_to(4), one_to(4)};
  const auto extent = [&](Index taps, Index pad, Index step) {
    return std::max<Index>(1, step * (taps - 1) + 1 - 2 * pad) + rng.below(7);
  };
  const Size2d image{extent(kernel.height, padding.height, dilation.height),
                     extent(kernel.width, padding.width, dilation.width)};
  return {.x = {one_to(3), channels * groups, image.height, image.width},
          .weight = {groups * one_to(3), channels, kernel.height, kernel.width},
          .window = {kernel, stride, padding, dilation},
          .groups = groups};
}

/// All kernels against their reference twins; the outputs hold NaN before.
template <class T>
void expect_agreement_with_reference(const Problem& problem, std::uint64_t seed) {
  SCOPED_TRACE(problem.description());
  const auto& [x_shape, weight_shape, window, groups] = problem;
  const Shape y_shape = convolution_shape(x_shape, weight_shape, window, groups);
  const Shape bias_shape{weight_shape[0]};
  const auto x = random_tensor<T>(x_shape, seed);
  const auto weight = random_tensor<T>(weight_shape, seed + 1);
  const auto bias = random_tensor<T>(bias_shape, seed + 2);
  const auto dy = random_tensor<T>(y_shape, seed + 3);
  auto y = full<T>(y_shape, nan);
  auto dx = full<T>(x_shape, nan);
  auto dweight = full<T>(weight_shape, nan);
  auto dbias = full<T>(bias_shape, nan);

  convolution(x, weight, bias, window, groups, y);
  convolution_backward_input(dy, weight, window, groups, dx);
  convolution_backward_weights(x, dy, window, groups, dweight, dbias);

  const auto abs_x = magnitudes(x), abs_weight = magnitudes(weight), abs_dy = magnitudes(dy);
  EXPECT_TRUE(agree(y, reference::convolution(x, weight, bias, window, groups),
                    reference::convolution(abs_x, abs_weight, magnitudes(bias), window, groups)));
  EXPECT_TRUE(
      agree(dx, reference::convolution_backward_input(dy, weight, window, groups, x_shape),
            reference::convolution_backward_input(abs_dy, abs_weight, window, groups, x_shape)));
  const auto exact_dweight = reference::convolution_backward_weight(x, dy, window, groups);
  const auto abs_dweight = reference::convolution_backward_weight(abs_x, abs_dy, window, groups);
  EXPECT_TRUE(agree(dweight, exact_dweight, abs_dweight));
  EXPECT_TRUE(agree(dbias, reference::convolution_backward_bias(dy),
                    reference::convolution_backward_bias(abs_dy)));

  convolution_backward_weights(x, dy, window, groups, dweight, dbias, Store::add);
  EXPECT_TRUE(agree(dweight, exact_dweight + exact_dweight, abs_dweight + abs_dweight));
}

class ConvolutionWindows : public testing::TestWithParam<ConvolutionSizes> {
 protected:
  /// Calls `check(problem, seed)` for several problems of the parameter's stride and so on.
  template <class Check>
  static void for_each_problem(const Check& check) {
    const auto& [stride, padding, dilation, groups] = GetParam();
    std::uint64_t id = 0;  // so that each parameter has shapes of its own
    for (Index digit : {stride.height, stride.width, padding.height, padding.width, dilation.height,
                        dilation.width, groups}) {
      id = 10 * id + static_cast<std::uint64_t>(digit);
    }
    Rng rng(id);
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      check(random_problem(GetParam(), rng), 10 * seed);
    }
  }
};

TEST_P(ConvolutionWindows, KernelsAgreeWithTheirReferenceTwins) {
  for_each_problem(expect_agreement_with_reference<float>);
  for_each_problem(expect_agreement_with_reference<double>);
}

TEST_P(ConvolutionWindows, BackwardKernelsAreAdjointToForward) {
  for_each_problem([](const Problem& problem, std::uint64_t seed) {
    SCOPED_TRACE(problem.description());
    const auto x = random_tensor<double>(problem.x, seed);
    const auto weight = random_tensor<double>(problem.weight, seed + 1);
    const Tensor<double> no_bias({problem.weight[0]});
    Tensor<double> y(convolution_shape(problem.x, problem.weight, problem.window, problem.groups));
    const auto dy = random_tensor<double>(y.shape(), seed + 2);
    Tensor<double> dx(problem.x), dweight(problem.weight), dbias({problem.weight[0]});
    convolution(x, weight, no_bias, problem.window, problem.groups, y);
    convolution_backward_input(dy, weight, problem.window, problem.groups, dx);
    convolution_backward_weights(x, dy, problem.window, problem.groups, dweight, dbias);
    const double product = inner_product(dy, y);
    const double scale = 1e-12 * static_cast<double>(y.size() + x.size() + weight.size());
    EXPECT_NEAR(inner_product(dx, x), product, scale);
    EXPECT_NEAR(inner_product(dweight, weight), product, scale);
  });
}

INSTANTIATE_TEST_SUITE_P(Convolution, ConvolutionWindows,
                         testing::Combine(testing::Values(Size2d(1), Size2d(2, 1), Size2d(2, 3)),
                                          testing::Values(Size2d(0), Size2d(2, 1), Size2d(0, 5)),
                                          testing::Values(Size2d(1), Size2d(3, 2), Size2d(2, 6)),
                                          testing::Values(1, 2, 0)));

TEST(Convolution, LayersOfTheBooksNetworksAgreeWithTheReference) {
  const Window2d simple{.kernel = 5};
  const Window2d deep{.kernel = 3, .padding = 2};
  expect_agreement_with_reference<float>({{1, 1, 28, 28}, {30, 1, 5, 5}, simple, 1}, 1);
  expect_agreement_with_reference<float>({{1, 32, 14, 14}, {32, 32, 3, 3}, deep, 1}, 1);
}

TEST(Convolution, PointwiseKernelsAgreeWithTheReferenceForEveryWindow) {
  for (const Window2d& window :
       {Window2d{}, Window2d{.stride = {2, 1}}, Window2d{.stride = {1, 2}},
        Window2d{.padding = {1, 0}}, Window2d{.padding = {0, 1}}, Window2d{.dilation = 3}}) {
    expect_agreement_with_reference<float>({{2, 4, 5, 6}, {6, 2, 1, 1}, window, 2}, 1);
  }
}

// Many weights meet several small images at a time.
TEST(Convolution, PointwiseKernelsOfManyWeightsAgreeWithTheReference) {
  const Window2d every_other{.stride = {2, 1}};
  expect_agreement_with_reference<double>({{6, 256, 7, 7}, {256, 256, 1, 1}, {}, 1}, 1);
  expect_agreement_with_reference<float>({{3, 512, 5, 4}, {256, 512, 1, 1}, every_other, 1}, 1);
  expect_agreement_with_reference<double>({{5, 256, 3, 2}, {256, 256, 1, 1}, every_other, 1}, 1);
}

TEST(Convolution, ManyWeightsAgreeWithTheReference) {
  const Window2d window{.kernel = 3, .stride = 2};
  expect_agreement_with_reference<double>({{9, 32, 11, 11}, {230, 32, 3, 3}, window, 1}, 1);
}

// More pixels than the second-level cache should hold are taken in bands of rows, or some images at
// a time.
TEST(Convolution, BandsAgreeWithTheReference) {
  const Window2d window{.kernel = 3};
  expect_agreement_with_reference<float>({{2, 8, 70, 90}, {10, 8, 3, 3}, window, 1}, 1);
  expect_agreement_with_reference<float>({{25, 8, 16, 20}, {10, 8, 3, 3}, window, 1}, 1);
}

// One chain of them would lose half of the digits: 9e-4 of a sum in lanes, 3e-4 by Winograd's
// algorithm.
TEST(Convolution, GradientsOverAMillionPositionsKeepTheirDigits) {
  const auto largest_error = [](const Shape& images, const Shape& weight, Index groups) {
    const Window2d window{.kernel = {weight[2], weight[3]}};
    const auto x = full<float>(images, 0.1f);
    const auto dy = full<float>(convolution_shape(images, weight, window, groups), 0.1f);
    Tensor<float> dweight(weight), dbias({weight[0]});
    convolution_backward_weights(x, dy, window, groups, dweight, dbias);
    const auto positions = static_cast<double>(dy.size() / weight[0]);
    const double expected = positions * static_cast<double>(0.1f) * static_cast<double>(0.1f);
    double largest = 0;
    for (const float sum : dweight) {
      largest = std::max(largest, std::abs(static_cast<double>(sum) / expected - 1));
    }
    return largest;
  };
  EXPECT_LT(largest_error({1, 1, 1, 1'000'000}, {2, 1, 1, 3}, 1), 1e-4) << "in lanes";
  EXPECT_LT(largest_error({1, 1, 1000, 1000}, {1, 1, 3, 3}, 1), 1e-4) << "in lanes";
  EXPECT_LT(largest_error({1, 1, 1000, 1000}, {2, 1, 1, 1}, 1), 1e-4) << "pointwise";
  EXPECT_LT(largest_error({1, 2, 1000, 1000}, {2, 1, 3, 3}, 2), 1e-4) << "depthwise";
  EXPECT_LT(largest_error({1, 2, 1, 1'000'000}, {2, 1, 1, 3}, 2), 1e-4) << "depthwise";
  EXPECT_LT(largest_error({1, 16, 600, 1000}, {16, 16, 3, 3}, 1), 1e-4) << "Winograd's";
  EXPECT_LT(largest_error({1, 3, 600, 600}, {4, 3, 5, 5}, 1), 1e-4) << "many channels";
}

TEST(Convolution, RowsOfABatchAreConvolvedOnTheirOwn) {
  const auto x = random_tensor<float>({5, 3, 6, 7}, 1);
  const auto weight = random_tensor<float>({4, 3, 3, 2}, 2);
  const auto bias = random_tensor<float>({4}, 3);
  const Window2d window{.kernel = {3, 2}};
  Tensor<float> whole({5, 4, 4, 6}), pieces({5, 4, 4, 6});
  convolution(x, weight, bias, window, 1, whole);
  convolution(x.rows(0, 2), weight, bias, window, 1, pieces.rows(0, 2));
  convolution(x.rows(2, 5), weight, bias, window, 1, pieces.rows(2, 5));
  EXPECT_TRUE(are_close(pieces, whole));
}

TEST(ConvolutionShape, IsBatchFiltersAndPositions) {
  EXPECT_EQ(convolution_shape({100, 1, 28, 28}, {30, 1, 5, 5}, {.kernel = 5}, 1),
            Shape({100, 30, 24, 24}));
  EXPECT_EQ(convolution_shape({2, 6, 9, 10}, {4, 3, 3, 2},
                              {.kernel = {3, 2}, .stride = {1, 2}, .padding = {2, 0}}, 2),
            Shape({2, 4, 11, 5}));
}

TEST(ConvolutionShape, WhatDoesNotFitIsRefused) {
  const auto error = [](const Shape& x, const Shape& weight, const Window2d& window, Index groups) {
    return error_of<ShapeError>([&] { convolution_shape(x, weight, window, groups); });
  };
  const Window2d window{.kernel = 5};
  EXPECT_EQ(error({2, 784}, {8, 1, 5, 5}, window, 1),
            "convolution: expected x of shape (N, C, H, W), got (2, 784)");
  EXPECT_EQ(error({2, 1, 28, 28}, {8, 25}, window, 1),
            "convolution: expected a weight of shape (F, C/groups, KH, KW), got (8, 25)");
  EXPECT_EQ(error({2, 1, 28, 28}, {8, 3, 5, 5}, window, 1),
            "convolution: expected 3 input channels (weight (8, 3, 5, 5), groups 1), got x of "
            "shape (2, 1, 28, 28)");
  EXPECT_EQ(error({2, 6, 28, 28}, {8, 2, 5, 5}, window, 4),
            "convolution: expected 8 input channels (weight (8, 2, 5, 5), groups 4), got x of "
            "shape (2, 6, 28, 28)");
  EXPECT_EQ(error({2, 6, 28, 28}, {8, 2, 5, 5}, window, 3),
            "convolution: the 8 filters of the weight (8, 2, 5, 5) do not divide into 3 groups");
  EXPECT_EQ(error({2, 1, 28, 28}, {0, 1, 5, 5}, window, Index{1} << 62),
            "convolution: the 0 filters of the weight (0, 1, 5, 5) do not divide into "
            "4611686018427387904 groups");
  EXPECT_EQ(error({2, 1, 28, 28}, {8, 1, 5, 3}, window, 1),
            "convolution: expected a weight with the window's kernel of 5 by 5, got (8, 1, 5, 3)");
  EXPECT_EQ(error({2, 1, 28, 4}, {8, 1, 5, 5}, window, 1),
            "convolution: a window of width 5 does not fit into an image of width 4 with padding "
            "0");
  EXPECT_EQ(error_of<ValueError>([] {
              convolution_shape({1, 1, 3, 3}, {1, 1, 1, 1}, {}, 0);
            }),
            "convolution: expected at least 1 group, got 0");
}

/// Operands that fit, to put one at a time out of shape.
struct Operands {
  Tensor<float> x{{2, 3, 6, 6}}, weight{{4, 3, 3, 3}}, bias{{4}}, y{{2, 4, 4, 4}};
  Window2d window{.kernel = 3};

  std::string forward_error() {
    return error_of<ShapeError>([this] { convolution(x, weight, bias, window, 1, y); });
  }
  std::string input_error() {
    return error_of<ShapeError>([this] { convolution_backward_input(y, weight, window, 1, x); });
  }
  std::string weights_error() {
    return error_of<ShapeError>(
        [this] { convolution_backward_weights(x, y, window, 1, weight, bias); });
  }
};

TEST(Convolution, WrongBiasIsRefused) {
  Operands operands;
  operands.bias = Tensor<float>({3});
  EXPECT_EQ(operands.forward_error(), "convolution: expected the bias of shape (4,), got (3,)");
  EXPECT_EQ(operands.weights_error(),
            "convolution_backward_weights: expected dbias of shape (4,), got (3,)");
}

TEST(Convolution, WrongOutputIsRefused) {
  Operands operands;
  operands.y = Tensor<float>({2, 4, 4, 5});
  EXPECT_EQ(operands.forward_error(),
            "convolution: expected y of shape (2, 4, 4, 4), got (2, 4, 4, 5)");
  EXPECT_EQ(operands.input_error(),
            "convolution_backward_input: expected dy of shape (2, 4, 4, 4), got (2, 4, 4, 5)");
  EXPECT_EQ(operands.weights_error(),
            "convolution_backward_weights: expected dy of shape (2, 4, 4, 4), got (2, 4, 4, 5)");
}

TEST(Convolution, WrongWeightIsRefused) {
  Operands operands;
  operands.weight = Tensor<float>({4, 2, 3, 3});
  const std::string text =
      ": expected 2 input channels (weight (4, 2, 3, 3), groups 1), got x of shape (2, 3, 6, 6)";
  EXPECT_EQ(operands.forward_error(), "convolution" + text);
  EXPECT_EQ(operands.input_error(), "convolution_backward_input" + text);
  EXPECT_EQ(operands.weights_error(), "convolution_backward_weights" + text);
}

TEST(Convolution, ViewsWithGapsAreRefused) {
  Operands operands;
  const auto turned = [](Tensor<float>& x) { return x.transpose({0, 1, 3, 2}); };
  const auto text = [](const char* operation, const char* name, const Tensor<float>& x) {
    return str_cat(operation, ": expected ", name, " to be contiguous, got a view of shape ",
                   x.shape(), " with gaps or reordered axes");
  };
  auto& x = operands.x;
  auto& weight = operands.weight;
  auto& bias = operands.bias;
  auto& y = operands.y;
  const Window2d& window = operands.window;
  Tensor<float> wide({8});
  const auto gappy = wide.slice(0, {.step = 2});
  const auto error = [](auto&& act) { return error_of<ShapeError>(act); };

  EXPECT_EQ(error([&] { convolution(turned(x), weight, bias, window, 1, y); }),
            text("convolution", "x", x));
  EXPECT_EQ(error([&] { convolution(x, turned(weight), bias, window, 1, y); }),
            text("convolution", "the weight", weight));
  EXPECT_EQ(error([&] { convolution(x, weight, gappy, window, 1, y); }),
            text("convolution", "the bias", bias));
  EXPECT_EQ(error([&] { convolution(x, weight, bias, window, 1, turned(y)); }),
            text("convolution", "y", y));

  constexpr auto input = "convolution_backward_input";
  EXPECT_EQ(error([&] { convolution_backward_input(turned(y), weight, window, 1, x); }),
            text(input, "dy", y));
  EXPECT_EQ(error([&] { convolution_backward_input(y, turned(weight), window, 1, x); }),
            text(input, "the weight", weight));
  EXPECT_EQ(error([&] { convolution_backward_input(y, weight, window, 1, turned(x)); }),
            text(input, "dx", x));

  constexpr auto weights = "convolution_backward_weights";
  EXPECT_EQ(error([&] { convolution_backward_weights(turned(x), y, window, 1, weight, bias); }),
            text(weights, "x", x));
  EXPECT_EQ(error([&] { convolution_backward_weights(x, turned(y), window, 1, weight, bias); }),
            text(weights, "dy", y));
  EXPECT_EQ(error([&] { convolution_backward_weights(x, y, window, 1, turned(weight), bias); }),
            text(weights, "dweight", weight));
  EXPECT_EQ(error([&] { convolution_backward_weights(x, y, window, 1, weight, gappy); }),
            text(weights, "dbias", bias));
}

}  // namespace
}  // namespace dlfs
