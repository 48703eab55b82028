#include "dlfs/nn/layers/average_pooling.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(Layer<AveragePooling<float>> && Layer<AveragePooling<double>>);
static_assert(!LayerWithParameters<AveragePooling<float>>);
static_assert(!test::Instantiable<AveragePooling, int>);

template <class T>
class AveragePoolingOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(AveragePoolingOf, Scalars);

TYPED_TEST(AveragePoolingOf, TakesTheMeanOfEachWindow) {
  test::Bench bench(AveragePooling<TypeParam>({.kernel = 2, .stride = 2}),
                    array<TypeParam>({{{{1, 2, 5, 0}, {3, 4, 6, 9}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{{{2.5, 5}}}}));
  bench.backward(array<TypeParam>({{{{4, 8}}}}));
  test::expect_equal(bench.dx, array<TypeParam>({{{{1, 1, 2, 2}, {1, 1, 2, 2}}}}));
}

TYPED_TEST(AveragePoolingOf, AddsUpTheGradientsOfOverlappingWindows) {
  test::Bench bench(AveragePooling<TypeParam>({.kernel = {1, 2}}),
                    array<TypeParam>({{{{1, 9, 2, 4}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{{{5, 5.5, 3}}}}));
  bench.backward(array<TypeParam>({{{{2, 20, 200}}}}));
  test::expect_equal(bench.dx, array<TypeParam>({{{{1, 11, 110, 100}}}}));
}

TEST(AveragePooling, PaddingCountsAsZeros) {
  test::Bench bench(AveragePooling<float>({.kernel = 2, .stride = 2, .padding = 1}),
                    full<float>({1, 1, 2, 2}, 8));
  bench.forward();
  test::expect_equal(bench.y, full<float>({1, 1, 2, 2}, 2));
}

struct AveragePoolingCase {
  std::string name;
  Shape x;
  Window2d window;
};

class AveragePoolingGradients : public testing::TestWithParam<AveragePoolingCase> {};

TEST_P(AveragePoolingGradients, AgreeWithCentralDifferences) {
  Rng rng(1);
  test::expect_right_gradients(AveragePooling<double>(GetParam().window),
                               random_normal<double>(GetParam().x, rng));
}

TEST_P(AveragePoolingGradients, KeepTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(AveragePooling<double>(GetParam().window),
                        random_normal<double>(GetParam().x, rng));
}

INSTANTIATE_TEST_SUITE_P(
    , AveragePoolingGradients,
    testing::Values(
        AveragePoolingCase{"Blocks", {2, 3, 4, 6}, {.kernel = 2, .stride = 2}},
        AveragePoolingCase{"BlocksOfAnOddImage", {1, 2, 5, 7}, {.kernel = 2, .stride = 2}},
        AveragePoolingCase{"WholeImage", {5, 3, 4, 3}, {.kernel = {4, 3}}},
        AveragePoolingCase{"Overlap", {2, 2, 6, 5}, {.kernel = 3, .stride = {2, 1}}},
        AveragePoolingCase{"Gaps", {1, 2, 7, 8}, {.kernel = 2, .stride = 3}},
        AveragePoolingCase{"Padding", {2, 2, 5, 4}, {.kernel = {3, 2}, .stride = 2, .padding = 1}},
        AveragePoolingCase{
            "Dilation", {3, 1, 7, 6}, {.kernel = 2, .stride = 1, .dilation = {3, 2}}},
        AveragePoolingCase{
            "AllAtOnce",
            {3, 2, 8, 9},
            {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}, .dilation = {2, 3}}}),
    [](const auto& given) { return given.param.name; });

// From PyTorch.
TEST(AveragePooling, RoundsUpAndCountsAsPyTorchDoes) {
  const Window2d window{.kernel = 3, .stride = 2, .padding = 1};
  const auto x = ones<double>({1, 1, 4, 4});
  const auto pooled = [&](const AveragePoolingOptions& options) {
    test::Bench bench(AveragePooling<double>(window, options), x);
    bench.forward();
    return bench.y;
  };
  test::expect_close(pooled({.count_include_pad = false}), ones<double>({1, 1, 2, 2}), 1e-15);
  const double corner = 4.0 / 9;
  const double edge = 2.0 / 3;
  test::expect_close(
      pooled({.ceil_mode = true}),
      array<double>({{{{corner, edge, 1.0 / 3}, {edge, 1, 0.5}, {1.0 / 3, 0.5, 0.25}}}}), 1e-15);
  test::expect_close(pooled({.ceil_mode = true, .count_include_pad = false}),
                     ones<double>({1, 1, 3, 3}), 1e-15);
}

TEST(AveragePooling, GradientsOfItsOptionsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const bool ceil_mode : {false, true}) {
    for (const bool counts : {false, true}) {
      for (const Window2d& window : {Window2d{.kernel = 2, .stride = 2},
                                     Window2d{.kernel = {3, 2}, .stride = 2, .padding = 1},
                                     Window2d{.kernel = 2, .stride = 3, .dilation = {2, 1}}}) {
        const AveragePooling<double> layer(window,
                                           {.ceil_mode = ceil_mode, .count_include_pad = counts});
        const auto x = random_normal<double>({2, 3, 5, 7}, rng);
        test::expect_right_gradients(layer, x);
        test::expect_contract(layer, x);
      }
    }
  }
}

TEST(AveragePooling, BatchInPiecesAndTilesEqualsItsSamples) {
  Rng rng(1);
  test::expect_batch_equals_its_samples(AveragePooling<double>({.kernel = 2, .stride = 2}),
                                        random_normal<double>({37, 3, 270, 213}, rng));
  test::expect_batch_equals_its_samples(AveragePooling<double>({.kernel = 3, .padding = 1}),
                                        random_normal<double>({37, 3, 248, 200}, rng));
}

TEST(AveragePooling, ShapeErrorNamesTheOperationAndBothShapes) {
  const AveragePooling<float> pooling({.kernel = {2, 4}});
  EXPECT_EQ(error_of<ShapeError>([&] {
              pooling.output_shape({2, 28});
            }),
            "average pooling: expected x of shape (N, C, H, W), got (2, 28)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              Sequential<float>{{"pool1", pooling}}.predict(Tensor<float>({2, 1, 28, 3}));
            }),
            "layer 1 (pool1): average pooling: a window of width 4 does not fit into an image of "
            "width 3 with padding 0");
}

}  // namespace
}  // namespace dlfs
