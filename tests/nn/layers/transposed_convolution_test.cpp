#include "dlfs/nn/layers/transposed_convolution.hpp"

#include <string>

#include <gtest/gtest.h>

#include "dlfs/nn/layers/convolution.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(Layer<TransposedConvolution<float>> && Layer<TransposedConvolution<double>>);
static_assert(LayerWithParameters<TransposedConvolution<float>>);
static_assert(!test::Instantiable<TransposedConvolution, int>);

TEST(TransposedConvolution, MatchesHandComputedValues) {
  test::Bench bench(
      TransposedConvolution<float>({.kernel = 2, .stride = 2}, array<float>({{{{1, 2}, {3, 4}}}}),
                                   array<float>({10})),
      array<float>({{{{1, 2}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{{{11, 12, 12, 14}, {13, 14, 16, 18}}}}));
  bench.backward(array<float>({{{{1, 0, 0, 1}, {0, 0, 1, 0}}}}));
  test::expect_equal(bench.dx, array<float>({{{{1, 5}}}}));
  test::expect_equal(bench.gradients[0], array<float>({{{{1, 2}, {2, 0}}}}));
  test::expect_equal(bench.gradients[1], array<float>({3}));
}

struct TransposedConvolutionCase {
  std::string name;
  Shape x;
  TransposedConvolutionOptions options;
  Shape y;  // as PyTorch's ConvTranspose2d gives it
};

class TransposedConvolutionGradients : public testing::TestWithParam<TransposedConvolutionCase> {};

TEST_P(TransposedConvolutionGradients, AgreeWithCentralDifferences) {
  Rng rng(1);
  const TransposedConvolution<double> layer(GetParam().options, He{}, rng);
  EXPECT_EQ(layer.output_shape(GetParam().x), GetParam().y);
  test::expect_right_gradients(layer, random_normal<double>(GetParam().x, rng));
}

TEST_P(TransposedConvolutionGradients, KeepTheContractOfALayer) {
  Rng rng(1);
  const TransposedConvolution<double> layer(GetParam().options, He{}, rng);
  test::expect_contract(layer, random_normal<double>(GetParam().x, rng));
}

INSTANTIATE_TEST_SUITE_P(
    , TransposedConvolutionGradients,
    testing::Values(
        TransposedConvolutionCase{
            "Plain", {2, 3, 4, 5}, {.in = 3, .filters = 2, .kernel = {3, 2}}, {2, 2, 6, 6}},
        TransposedConvolutionCase{"Doubling",
                                  {2, 3, 3, 4},
                                  {.in = 3, .filters = 2, .kernel = 4, .stride = 2, .padding = 1},
                                  {2, 2, 6, 8}},
        TransposedConvolutionCase{
            "OutputPadding",
            {1, 2, 3, 3},
            {.in = 2, .filters = 2, .stride = {3, 2}, .padding = 1, .output_padding = {1, 0}},
            {1, 2, 8, 5}},
        TransposedConvolutionCase{
            "Dilation",
            {2, 2, 3, 3},
            {.in = 2, .filters = 1, .kernel = 2, .stride = {1, 2}, .dilation = 2},
            {2, 1, 5, 7}},
        TransposedConvolutionCase{
            "Groups", {2, 4, 3, 3}, {.in = 4, .filters = 6, .groups = 2}, {2, 6, 5, 5}}),
    [](const auto& given) { return given.param.name; });

TEST(TransposedConvolution, BatchInPiecesAndTilesEqualsItsSamples) {
  Rng rng(1);
  test::expect_batch_equals_its_samples(
      TransposedConvolution<double>({.in = 3, .filters = 2, .kernel = 2, .stride = 2}, He{}, rng),
      random_normal<double>({37, 3, 144, 120}, rng));
}

TEST(TransposedConvolution, UndoesTheShapeOfAConvolution) {
  Rng rng(1);
  const Convolution<float> down({.in = 1, .filters = 4, .kernel = 3, .stride = 2, .padding = 1},
                                He{}, rng);
  const TransposedConvolution<float> up({.in = 4, .stride = 2, .padding = 1, .output_padding = 1},
                                        He{}, rng);
  EXPECT_EQ(up.output_shape(down.output_shape({5, 1, 28, 28})), (Shape{5, 1, 28, 28}));
}

TEST(TransposedConvolution, WeightDecayIsOfTheWeightAlone) {
  Rng rng(1);
  TransposedConvolution<float> layer({.in = 1}, He{}, rng);
  EXPECT_EQ(layer.parameters()[0]->decay_scale, 1);
  EXPECT_EQ(layer.parameters()[1]->decay_scale, 0);
}

TEST(TransposedConvolution, RefusesOptionsAndShapesThatDoNotFit) {
  Rng rng(1);
  EXPECT_EQ(error_of<ValueError>([&] {
              TransposedConvolution<float>({.in = 3, .filters = 4, .groups = 2}, He{}, rng);
            }),
            "transposed convolution: 2 groups do not divide 3 channels and 4 filters");
  EXPECT_EQ(error_of<ValueError>([&] {
              TransposedConvolution<float>({.stride = {2, 3}, .output_padding = 2}, He{}, rng);
            }),
            "transposed convolution: expected an output padding of at least 0 and less than the "
            "stride 2 by 3, got 2 by 2");
  EXPECT_THROW(TransposedConvolution<float>({.stride = 3, .output_padding = {3, 0}}, He{}, rng),
               ValueError);
  EXPECT_THROW(TransposedConvolution<float>({.stride = 3, .output_padding = {0, 3}}, He{}, rng),
               ValueError);
  EXPECT_EQ(error_of<ShapeError>([] {
              TransposedConvolution<float>({.in = 2, .filters = 4}, Tensor<float>({4, 2, 3, 3}),
                                           Tensor<float>({4}));
            }),
            "transposed convolution: expected weight (2, 4, 3, 3) and bias (4,), got (4, 2, 3, 3) "
            "and (4,)");
  const TransposedConvolution<float> layer({.in = 2, .padding = 1}, He{}, rng);
  EXPECT_EQ(error_of<ShapeError>([&] {
              layer.output_shape({1, 3, 4, 4});
            }),
            "transposed convolution: expected x of shape (N, 2, H, W), got (1, 3, 4, 4)");
}

}  // namespace
}  // namespace dlfs
