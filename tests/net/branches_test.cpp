// Composite layers: Residual and Parallel.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

static_assert(CompositeLayer<Residual<float>> && CompositeLayer<Parallel<double>>);
static_assert(LayerWithBuffers<Residual<float>> && LayerWithBuffers<Parallel<float>>);

template <class T>
Convolution<T> convolution(Index in, Index filters, Index kernel, Rng& rng, Index stride = 1) {
  return Convolution<T>(
      {.in = in, .filters = filters, .kernel = kernel, .stride = stride, .padding = kernel / 2},
      He{}, rng);
}

/// Both composites, one within the other, with and without batch normalisation. The body of the
/// first and a branch of the last end in a layer that reads its output on the way back.
template <class T>
Sequential<T> network(bool normalized) {
  Rng rng(1);
  Sequential<T> body{{"conv1", convolution<T>(2, 2, 3, rng)}, {"tanh", Tanh<T>()}};
  Sequential<T> narrow;
  if (normalized) narrow.add("batch_norm1", BatchNormalization<T>({.features = 2}));
  narrow.add("conv1", convolution<T>(2, 3, 3, rng, 2));
  return {{"conv", convolution<T>(1, 2, 3, rng)},
          {"block1", Residual<T>(body)},
          {"block2", Residual<T>(narrow, {{"conv", convolution<T>(2, 3, 1, rng, 2)}})},
          {"mixed",
           Parallel<T>{{"one", {{"conv", convolution<T>(3, 2, 1, rng)}, {"swish", Swish<T>()}}},
                       {"three",
                        {{"within", Residual<T>({{"conv", convolution<T>(3, 3, 3, rng)}})},
                         {"sigmoid", Sigmoid<T>()}}}}},
          {"pool", GlobalAveragePooling<T>()},
          {"affine", Affine<T>({.in = 5, .out = 3}, He{}, rng)}};
}

template <class T>
Tensor<T> images(Index count) {
  Rng rng(2);
  return random_normal<T>({count, 1, 7, 6}, rng);
}

std::vector<float> values(const Tensor<float>& x) { return {x.begin(), x.end()}; }

TEST(Composites, GradientsAgreeWithCentralDifferences) {
  for (const bool normalized : {false, true}) {
    for (const Index batch : {2, 5}) {
      const auto report = check_gradients(network<double>(normalized), images<double>(batch));
      EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
      EXPECT_EQ(report.tensors.size(), normalized ? 17u : 15u);
    }
  }
}

TEST(Composites, GiveTheSameForAnyNumberOfThreads) {
  const int before = thread_count();
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 4}) {
    set_thread_count(threads);
    auto net = network<float>(true);
    const auto x = images<float>(300);
    const auto y = net.forward(x);
    net.backward(y);
    results.push_back(values(y));
    for (const auto* parameter : net.parameters()) {
      const auto gradient = values(parameter->gradient);
      results.back().insert(results.back().end(), gradient.begin(), gradient.end());
    }
  }
  set_thread_count(before);
  EXPECT_EQ(results[0], results[1]);
}

TEST(Composites, PredictWhatTheyGiveInEvaluation) {
  auto net = network<float>(true);
  const auto x = images<float>(150);
  net.forward(x);
  EXPECT_EQ(values(net.predict(x)), values(net.forward(x, PassMode::evaluate)));
}

TEST(Composites, NameParametersAndStatisticsByTheirPath) {
  auto net = network<float>(true);
  std::vector<std::string> names;
  for (const auto* parameter : net.parameters()) names.push_back(parameter->name);
  EXPECT_EQ(names[2], "block1.body.conv1.weight");
  EXPECT_EQ(names[8], "block2.shortcut.conv.weight");
  EXPECT_EQ(names[12], "mixed.three.within.body.conv.weight");
  ASSERT_EQ(net.buffers().size(), 2u);
  EXPECT_EQ(net.buffers()[0]->name, "block2.body.batch_norm1.running_mean");
}

TEST(Residual, AddsItsInput) {
  Sequential<float> net{{"block", Residual<float>({{"relu", Relu<float>()}})}};
  EXPECT_EQ(values(net.predict(Tensor<float>({1, 3}, {-1, 0, 2}))), (std::vector<float>{-1, 0, 4}));
}

TEST(Composites, UpdateTheBuffersOfTheirLayers) {
  Sequential<float> norm{{"norm", BatchNormalization<float>({.features = 1})}};
  Sequential<float> net{{"residual", Residual<float>(norm)},
                        {"parallel", Parallel<float>{{"one", norm}}}};
  net.forward(Tensor<float>({2, 1}, {1, 3}));
  EXPECT_FLOAT_EQ(net.buffers()[0]->value(0), 0.1f * 2);
  EXPECT_GT(net.buffers()[2]->value(0), 0);
}

TEST(Residual, RefusesAnotherShapeOfTheSameSize) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              Residual<float>({{"flatten", Flatten<float>()}}).output_shape({2, 3, 4});
            }),
            "layer 2 (sum): add: expected inputs of the same shape, got (2, 12) and (2, 3, 4)");
}

/// More samples than a tile or a piece has, so that each must know which samples it holds.
TEST(Composites, DropEachSampleLikeALayerOutsideOfThem) {
  const auto x = ones<float>({64, 50000});
  const auto dropout = [] {
    Rng rng(1);
    return Dropout<float>({.ratio = 0.5}, rng);
  };
  Sequential<float> alone{{"dropout", dropout()}};
  Sequential<float> within{{"block", Residual<float>({{"dropout", dropout()}})}};
  const Tensor<float> expected = x + alone.forward(x);
  test::expect_equal(within.forward(x), expected);
}

TEST(Parallel, PutsChannelsSideBySide) {
  Sequential<float> net{{"both", Parallel<float>{{"same", {{"identity", Identity<float>()}}},
                                                 {"positive", {{"relu", Relu<float>()}}}}}};
  EXPECT_EQ(values(net.predict(Tensor<float>({2, 2}, {-1, 1, -2, 2}))),
            (std::vector<float>{-1, 1, 0, 1, -2, 2, 0, 2}));
}

TEST(Composites, SayWhatDoesNotFit) {
  Rng rng(1);
  const Sequential<float> narrow{
      {"block", Residual<float>({{"conv", convolution<float>(1, 2, 3, rng)}})}};
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              narrow.output_shape({5, 1, 8, 8});
            }),
            "layer 1 (block): layer 2 (sum): add: expected inputs of the same shape, got "
            "(5, 2, 8, 8) and (5, 1, 8, 8)");
  const Sequential<float> uneven{
      {"both", Parallel<float>{{"a", {{"identity", Identity<float>()}}},
                               {"b", {{"pool", MaxPooling<float>({.kernel = 2, .stride = 2})}}}}}};
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              uneven.output_shape({5, 1, 8, 8});
            }),
            "layer 1 (both): layer 3 (concatenation): concatenate: expected inputs that differ in "
            "axis 1 alone, got (5, 1, 8, 8) and (5, 1, 4, 4)");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              uneven.output_shape({5, 1, 1, 1});
            }).find("layer 1 (both): layer 2 (b): layer 1 (pool): "),
            0u);
  EXPECT_EQ(test::error_of<ValueError>([] {
              Parallel<float>{{"a", {{"identity", Identity<float>()}}},
                              {"a", {{"identity", Identity<float>()}}}};
            }),
            "network: two layers have the name 'a'");
}

}  // namespace
}  // namespace dlfs
