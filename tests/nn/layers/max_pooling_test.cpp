#include "dlfs/nn/layers/max_pooling.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(Layer<MaxPooling<float>> && Layer<MaxPooling<double>>);
static_assert(LayerWithSavedBytes<MaxPooling<float>> && !LayerWithParameters<MaxPooling<float>>);
static_assert(!test::Instantiable<MaxPooling, int>);

template <class T>
class MaxPoolingOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(MaxPoolingOf, Scalars);

TYPED_TEST(MaxPoolingOf, TakesTheLargestOfEachWindow) {
  test::Bench bench(
      MaxPooling<TypeParam>({.kernel = 2, .stride = 2}),
      array<TypeParam>({{{{1, 2, 5, 0}, {3, -4, 6, 7}}, {{-1, -2, 0, 0}, {-3, -4, 8, 0}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{{{3, 7}}, {{-1, 8}}}}));
  bench.backward(array<TypeParam>({{{{10, 20}}, {{30, 40}}}}));
  test::expect_equal(
      bench.dx,
      array<TypeParam>({{{{0, 0, 0, 0}, {10, 0, 0, 20}}, {{30, 0, 0, 0}, {0, 0, 40, 0}}}}));
}

TYPED_TEST(MaxPoolingOf, AddsUpTheGradientsOfOverlappingWindows) {
  test::Bench bench(MaxPooling<TypeParam>({.kernel = {1, 2}}),
                    array<TypeParam>({{{{1, 9, 2, 3}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{{{9, 9, 3}}}}));
  bench.backward(array<TypeParam>({{{{1, 10, 100}}}}));
  test::expect_equal(bench.dx, array<TypeParam>({{{{0, 11, 0, 100}}}}));
}

TEST(MaxPooling, PaddingNeverWins) {
  test::Bench bench(MaxPooling<float>({.kernel = 3, .stride = 2, .padding = 1}),
                    full<float>({1, 1, 3, 3}, -5));
  bench.forward();
  test::expect_equal(bench.y, full<float>({1, 1, 2, 2}, -5));
}

TEST(MaxPooling, GradientGoesToTheFirstOfEquals) {
  test::Bench bench(MaxPooling<float>({.kernel = 2, .stride = 2}), zeros<float>({1, 1, 2, 2}));
  bench.forward();
  bench.backward(array<float>({{{{1}}}}));
  test::expect_equal(bench.dx, array<float>({{{{1, 0}, {0, 0}}}}));
}

struct MaxPoolingCase {
  std::string name;
  Shape x;
  Window2d window;
};

class MaxPoolingGradients : public testing::TestWithParam<MaxPoolingCase> {};

TEST_P(MaxPoolingGradients, AgreeWithCentralDifferences) {
  test::expect_right_gradients(MaxPooling<double>(GetParam().window),
                               test::random_distinct(GetParam().x));
}

TEST_P(MaxPoolingGradients, KeepTheContractOfALayer) {
  test::expect_contract(MaxPooling<double>(GetParam().window), test::random_distinct(GetParam().x));
}

INSTANTIATE_TEST_SUITE_P(
    , MaxPoolingGradients,
    testing::Values(
        MaxPoolingCase{"Blocks", {2, 3, 4, 6}, {.kernel = 2, .stride = 2}},
        MaxPoolingCase{"BlocksOfAnOddImage", {1, 2, 5, 7}, {.kernel = 2, .stride = 2}},
        MaxPoolingCase{"BlocksThreeWide", {5, 1, 6, 3}, {.kernel = {2, 3}, .stride = {2, 3}}},
        MaxPoolingCase{"Overlap", {2, 2, 6, 5}, {.kernel = 3, .stride = {2, 1}}},
        MaxPoolingCase{"Gaps", {1, 2, 7, 8}, {.kernel = 2, .stride = 3}},
        MaxPoolingCase{"Padding", {2, 2, 5, 4}, {.kernel = {3, 2}, .stride = 2, .padding = 1}},
        MaxPoolingCase{"Dilation", {3, 1, 7, 6}, {.kernel = 2, .stride = 1, .dilation = {3, 2}}},
        MaxPoolingCase{
            "AllAtOnce",
            {3, 2, 8, 9},
            {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}, .dilation = {2, 3}}}),
    [](const auto& given) { return given.param.name; });

TEST(MaxPooling, BatchInPiecesAndTilesEqualsItsSamples) {
  test::expect_batch_equals_its_samples(MaxPooling<double>({.kernel = 2, .stride = 2}),
                                        test::random_distinct({37, 3, 270, 213}));
  test::expect_batch_equals_its_samples(MaxPooling<double>({.kernel = 3, .padding = 1}),
                                        test::random_distinct({37, 3, 248, 200}));
}

TEST(MaxPooling, ShapeErrorNamesTheOperationAndBothShapes) {
  const MaxPooling<float> pooling({.kernel = {4, 2}});
  EXPECT_EQ(error_of<ShapeError>([&] {
              pooling.output_shape({2, 28, 28});
            }),
            "max pooling: expected x of shape (N, C, H, W), got (2, 28, 28)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              Sequential<float>{{"pool1", pooling}}.predict(Tensor<float>({2, 1, 3, 28}));
            }),
            "layer 1 (pool1): max pooling: a window of height 4 does not fit into an image of "
            "height 3 with padding 0");
}

TEST(MaxPooling, RefusesMoreTapsThanItCanNumber) {
  EXPECT_NO_THROW(MaxPooling<float>({.kernel = {255, 256}}));
  EXPECT_THROW(MaxPooling<float>({.kernel = {257, 256}}), ValueError);
}

TEST(MaxPooling, RefusesWindowsThatLieInThePadding) {
  const MaxPooling<float> pooling({.kernel = 3, .padding = {1, 2}});
  EXPECT_EQ(error_of<ValueError>([&] {
              Sequential<float>{{"pool1", pooling}}.predict(Tensor<float>({1, 1, 5, 5}));
            }),
            "layer 1 (pool1): max pooling: expected a padding of at most half the kernel along the "
            "width, got "
            "padding 2 and kernel 3");
}

TEST(MaxPooling, RoundsUpWhereTold) {
  test::Bench bench(MaxPooling<float>({.kernel = 2, .stride = 2}, {.ceil_mode = true}),
                    array<float>({{{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{{{5, 6}, {8, 9}}}}));
  bench.backward(array<float>({{{{1, 2}, {3, 4}}}}));
  test::expect_equal(bench.dx, array<float>({{{{0, 0, 0}, {0, 1, 2}, {0, 3, 4}}}}));
  for (const Window2d& window :
       {Window2d{.kernel = 2, .stride = 2}, Window2d{.kernel = 3, .stride = 2, .padding = 1},
        Window2d{.kernel = {2, 3}, .stride = 3, .dilation = {2, 1}}}) {
    const MaxPooling<double> layer(window, {.ceil_mode = true});
    test::expect_right_gradients(layer, test::random_distinct({2, 3, 6, 8}));
    test::expect_contract(layer, test::random_distinct({2, 3, 6, 8}));
  }
}

}  // namespace
}  // namespace dlfs
