#include "dlfs/nn/layers/convolution.hpp"

#include <string>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(Layer<Convolution<float>> && Layer<Convolution<double>>);
static_assert(LayerWithParameters<Convolution<float>>);
static_assert(!test::Instantiable<Convolution, int>);

/// Two by two taps over a 3 by 3 image, with a bias of 10.
template <class T>
test::Bench<Convolution<T>> small_bench() {
  return {Convolution<T>({.in = 1, .filters = 1, .kernel = 2}, array<T>({{{{1, 2}, {3, 4}}}}),
                         array<T>({10})),
          array<T>({{{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}}})};
}

template <class T>
class ConvolutionOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(ConvolutionOf, Scalars);

TYPED_TEST(ConvolutionOf, ForwardMatchesHandComputedValues) {
  auto bench = small_bench<TypeParam>();
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{{{47, 57}, {77, 87}}}}));
}

TYPED_TEST(ConvolutionOf, BackwardMatchesHandComputedValues) {
  auto bench = small_bench<TypeParam>();
  bench.forward();
  bench.backward(array<TypeParam>({{{{1, 0}, {0, -1}}}}));
  test::expect_equal(bench.dx, array<TypeParam>({{{{1, 2, 0}, {3, 3, -2}, {0, -3, -4}}}}));
  test::expect_equal(bench.gradients[0], array<TypeParam>({{{{-4, -4}, {-4, -4}}}}));
  test::expect_equal(bench.gradients[1], array<TypeParam>({0}));
}

struct ConvolutionCase {
  std::string name;
  Shape x;
  ConvolutionOptions options;
};

class ConvolutionGradients : public testing::TestWithParam<ConvolutionCase> {};

TEST_P(ConvolutionGradients, AgreeWithCentralDifferences) {
  Rng rng(1);
  const Convolution<double> convolution(GetParam().options, He{}, rng);
  test::expect_right_gradients(convolution, random_normal<double>(GetParam().x, rng));
}

TEST_P(ConvolutionGradients, KeepTheContractOfALayer) {
  Rng rng(1);
  const Convolution<double> convolution(GetParam().options, He{}, rng);
  test::expect_contract(convolution, random_normal<double>(GetParam().x, rng));
}

INSTANTIATE_TEST_SUITE_P(
    , ConvolutionGradients,
    testing::Values(
        ConvolutionCase{"OneImage", {1, 1, 5, 5}, {.in = 1, .filters = 2}},
        ConvolutionCase{"TwoImages", {2, 3, 4, 6}, {.in = 3, .filters = 2, .kernel = {2, 3}}},
        ConvolutionCase{"OddBatch", {5, 2, 5, 4}, {.in = 2, .filters = 3, .kernel = {3, 1}}},
        ConvolutionCase{"Pointwise", {3, 4, 3, 2}, {.in = 4, .filters = 3, .kernel = 1}},
        ConvolutionCase{
            "PaddedPointwise", {2, 2, 3, 2}, {.in = 2, .filters = 3, .kernel = 1, .padding = 1}},
        ConvolutionCase{"WholeImage", {2, 2, 3, 4}, {.in = 2, .filters = 3, .kernel = {3, 4}}},
        ConvolutionCase{"Stride", {2, 2, 7, 6}, {.in = 2, .filters = 2, .kernel = 3, .stride = 2}},
        ConvolutionCase{"StrideAboveKernel",
                        {2, 1, 7, 8},
                        {.in = 1, .filters = 2, .kernel = 2, .stride = {3, 4}}},
        ConvolutionCase{
            "Padding", {2, 2, 4, 3}, {.in = 2, .filters = 2, .kernel = 3, .padding = {1, 2}}},
        ConvolutionCase{"PaddingAboveKernel",
                        {1, 1, 2, 3},
                        {.in = 1, .filters = 2, .kernel = {1, 2}, .padding = 2}},
        ConvolutionCase{"Dilation",
                        {2, 1, 7, 6},
                        {.in = 1, .filters = 2, .kernel = {3, 2}, .dilation = {2, 3}}},
        ConvolutionCase{"Groups", {2, 4, 4, 5}, {.in = 4, .filters = 6, .kernel = 2, .groups = 2}},
        ConvolutionCase{
            "Depthwise", {3, 3, 5, 4}, {.in = 3, .filters = 3, .kernel = 3, .groups = 3}},
        ConvolutionCase{"NoBias", {2, 2, 4, 5}, {.in = 2, .filters = 3, .bias = false}},
        ConvolutionCase{"AllAtOnce",
                        {3, 4, 9, 7},
                        {.in = 4,
                         .filters = 2,
                         .kernel = {3, 2},
                         .stride = {2, 1},
                         .padding = {1, 2},
                         .dilation = {2, 3},
                         .groups = 2}}),
    [](const auto& given) { return given.param.name; });

TEST(Convolution, BatchInPiecesAndTilesEqualsItsSamples) {
  Rng rng(1);
  const ConvolutionOptions options{.in = 2, .filters = 6, .kernel = 3, .padding = 1, .groups = 2};
  test::expect_batch_equals_its_samples(Convolution<double>(options, He{}, rng),
                                        random_normal<double>({37, 2, 288, 240}, rng));
}

TEST(Convolution, InitializerGetsTheFansOfOneGroup) {
  Rng rng(1);
  Fans fans;
  const auto note_fans = [&fans](Tensor<float>&, Fans of_layer, Rng&) { fans = of_layer; };
  Convolution<float> convolution({.in = 6, .filters = 4, .kernel = {3, 5}, .groups = 2}, note_fans,
                                 rng);
  EXPECT_EQ(fans.in, 3 * 3 * 5);
  EXPECT_EQ(fans.out, 2 * 3 * 5);
  const auto parameters = convolution.parameters();
  ASSERT_EQ(parameters.size(), 2u);
  const auto *weight = parameters[0], *bias = parameters[1];
  EXPECT_EQ(weight->name, "weight");
  EXPECT_EQ(weight->value.shape(), (Shape{4, 3, 3, 5}));
  EXPECT_EQ(bias->name, "bias");
  test::expect_equal(bias->value, zeros<float>({4}));
}

TEST(Convolution, WithoutABiasHasOneParameterAndAddsNothing) {
  Rng rng(1);
  Convolution<float> convolution({.in = 1, .filters = 3, .kernel = 2, .bias = false}, He{}, rng);
  ASSERT_EQ(convolution.parameters().size(), 1u);
  EXPECT_EQ(convolution.parameters()[0]->name, "weight");
  test::Bench bench(convolution, zeros<float>({2, 1, 3, 3}));
  bench.forward();
  test::expect_equal(bench.y, zeros<float>({2, 3, 2, 2}));
}

TEST(Convolution, WeightDecayIsOfTheWeightAlone) {
  Rng rng(1);
  Convolution<float> layer({.in = 1}, He{}, rng);
  EXPECT_EQ(layer.parameters()[0]->decay_scale, 1);
  EXPECT_EQ(layer.parameters()[1]->decay_scale, 0);
}

TEST(Convolution, ShapeErrorNamesTheOperationAndBothShapes) {
  Rng rng(1);
  const Convolution<float> convolution({.in = 3, .filters = 4, .kernel = 5}, He{}, rng);
  EXPECT_EQ(error_of<ShapeError>([&] {
              convolution.output_shape({2, 28, 28});
            }),
            "convolution: expected x of shape (N, C, H, W), got (2, 28, 28)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              convolution.output_shape({2, 1, 28, 28});
            }),
            "convolution: expected 3 input channels (weight (4, 3, 5, 5), groups 1), got x of "
            "shape (2, 1, 28, 28)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              Sequential<float>{{"conv1", convolution}}.predict(Tensor<float>({2, 3, 4, 28}));
            }),
            "layer 1 (conv1): convolution: a window of height 5 does not fit into an image of "
            "height 4 with padding 0");
}

TEST(Convolution, RefusesOptionsThatDoNotFit) {
  Rng rng(1);
  EXPECT_EQ(error_of<ValueError>(
                [&] { Convolution<float>({.in = 3, .filters = 4, .groups = 2}, He{}, rng); }),
            "convolution: 2 groups do not divide 3 channels and 4 filters");
  EXPECT_EQ(error_of<ValueError>(
                [&] { Convolution<float>({.in = 4, .filters = 3, .groups = 2}, He{}, rng); }),
            "convolution: 2 groups do not divide 4 channels and 3 filters");
  EXPECT_EQ(error_of<ValueError>([&] { Convolution<float>({.in = 1, .groups = 0}, He{}, rng); }),
            "convolution: 0 groups do not divide 1 channels and 1 filters");
  EXPECT_EQ(error_of<ShapeError>([] {
              Convolution<float>({.in = 2, .filters = 4}, Tensor<float>({4, 3, 3, 3}),
                                 Tensor<float>({4}));
            }),
            "convolution: expected weight (4, 2, 3, 3) and bias (4,), got (4, 3, 3, 3) and (4,)");
  EXPECT_EQ(error_of<ShapeError>([] {
              Convolution<float>({.in = 2, .filters = 4}, Tensor<float>({2, 4, 3, 3}),
                                 Tensor<float>({4}));
            }),
            "convolution: expected weight (4, 2, 3, 3) and bias (4,), got (2, 4, 3, 3) and (4,)");
  EXPECT_EQ(error_of<ShapeError>([] {
              Convolution<float>({.in = 2, .filters = 4}, Tensor<float>({4, 2, 3, 3}),
                                 Tensor<float>({2}));
            }),
            "convolution: expected weight (4, 2, 3, 3) and bias (4,), got (4, 2, 3, 3) and (2,)");
}

TEST(Convolution, RefusesAWindowOfNoSizeOrStride) {
  Rng rng(1);
  EXPECT_EQ(error_of<ValueError>([&] { Convolution<float>({.stride = 0}, He{}, rng); }),
            "convolution: expected kernel, stride and dilation of at least 1 and padding of at "
            "least 0 along the height, got 3, 0, 1 and 0");
}

}  // namespace
}  // namespace dlfs
