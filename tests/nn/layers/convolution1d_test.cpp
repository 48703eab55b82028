#include "dlfs/nn/layers/convolution1d.hpp"

#include <string>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Convolution1d<float>> && Layer<Convolution1d<double>>);
static_assert(!test::Instantiable<Convolution1d, int>);

TEST(Convolution1d, MatchesHandComputedValues) {
  const Convolution1d<double> layer({.kernel = 2}, array<double>({{{1, 10}}}),
                                    array<double>({100}));
  test::Bench bench(layer, array<double>({{{1, 2, 3}}}));
  bench.forward();
  test::expect_equal(bench.y, array<double>({{{121, 132}}}));
  bench.backward(array<double>({{{1, 2}}}));
  test::expect_equal(bench.dx, array<double>({{{1, 12, 20}}}));
  test::expect_equal(bench.gradients[0], array<double>({{{5, 8}}}));
  test::expect_equal(bench.gradients[1], array<double>({3}));
}

TEST(Convolution1d, CausalOutputsDependOnNoLaterInput) {
  Rng rng(1);
  const Convolution1d<double> layer(
      {.in = 2, .filters = 3, .kernel = 3, .dilation = 4, .causal = true}, He{}, rng);
  auto x = random_normal<double>({1, 2, 20}, rng);
  test::Bench bench(layer, x);
  bench.forward();
  ASSERT_EQ(bench.y.shape(), (Shape{1, 3, 20}));
  x(0, 1, 12) += 1;
  test::Bench changed(layer, x);
  changed.forward();
  for (Index t = 0; t < 20; ++t) {
    EXPECT_EQ(bench.y(0, 0, t) != changed.y(0, 0, t), t == 12 || t == 16) << t;
  }
}

struct Convolution1dCase {
  std::string name;
  Index length;
  Convolution1dOptions options;
};

class Convolution1dOf : public testing::TestWithParam<Convolution1dCase> {};

TEST_P(Convolution1dOf, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  const auto& [name, length, options] = GetParam();
  const Convolution1d<double> layer(options, He{}, rng);
  test::expect_right_gradients(layer, random_normal<double>({3, options.in, length}, rng));
  test::expect_contract(layer, random_normal<double>({3, options.in, length}, rng));
}

INSTANTIATE_TEST_SUITE_P(
    , Convolution1dOf,
    testing::Values(
        Convolution1dCase{"Plain", 9, {.in = 2, .filters = 3}},
        Convolution1dCase{"OneStep", 1, {.in = 3, .filters = 2, .kernel = 1}},
        Convolution1dCase{"AllAtOnce",
                          17,
                          {.in = 4,
                           .filters = 6,
                           .kernel = 3,
                           .stride = 2,
                           .padding = 2,
                           .dilation = 3,
                           .groups = 2}},
        Convolution1dCase{"NoBias", 8, {.in = 2, .filters = 3, .padding = 1, .bias = false}},
        Convolution1dCase{"Causal", 7, {.in = 2, .filters = 3, .causal = true}},
        Convolution1dCase{"CausalLongerThanTheSequence",
                          3,
                          {.in = 2, .filters = 3, .dilation = 4, .causal = true}},
        Convolution1dCase{
            "CausalStride",
            10,
            {.in = 4, .filters = 4, .kernel = 2, .stride = 3, .groups = 4, .causal = true}}),
    [](const auto& given) { return given.param.name; });

TEST(Convolution1d, BatchInPiecesAndTilesEqualsItsSamples) {
  Rng rng(1);
  const Convolution1d<double> layer({.in = 2, .filters = 2, .dilation = 2, .causal = true}, He{},
                                    rng);
  test::expect_batch_equals_its_samples(layer, random_normal<double>({37, 2, 25000}, rng));
}

TEST(Convolution1d, ErrorsSayWhatIsWrong) {
  Rng rng(1);
  const Convolution1d<float> layer({.in = 2, .filters = 3}, He{}, rng);
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              layer.output_shape({2, 28});
            }),
            "convolution 1d: expected x of shape (N, C, L), got (2, 28)");
  EXPECT_THROW(layer.output_shape({2, 3, 28}), ShapeError);
  EXPECT_THROW(layer.output_shape({2, 2, 2}), ShapeError);
  EXPECT_EQ(test::error_of<ValueError>(
                [&] { Convolution1d<float>({.in = 1, .padding = 1, .causal = true}, He{}, rng); }),
            "convolution 1d: expected a padding of 0 for a causal convolution, got 1");
  EXPECT_EQ(test::error_of<ShapeError>([] {
              Convolution1d<float>({.in = 2}, Tensor<float>({1, 2, 2}), Tensor<float>({1}));
            }),
            "convolution 1d: expected weight (1, 2, 3) and bias (1,), got (1, 2, 2) and (1,)");
}

}  // namespace
}  // namespace dlfs
