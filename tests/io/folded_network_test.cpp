#include "dlfs/io/folded_network.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/random_graph.hpp"

namespace dlfs {
namespace {

/// Gives each batch normalisation statistics and weights that matter.
template <class T>
void disturb(NeuralNetwork<T>& network, Rng& rng) {
  for (auto* parameter : network.parameters()) {
    parameter->value += random_normal<T>(parameter->value.shape(), rng) * T(0.3);
  }
  for (auto* buffer : network.buffers()) {
    buffer->value = abs(random_normal<T>(buffer->value.shape(), rng)) + T(0.5);
  }
}

template <class T>
void expect_same_predictions(const NeuralNetwork<T>& a, const NeuralNetwork<T>& b,
                             const Tensor<T>& x, double tolerance) {
  const auto expected = a.predict(x), got = b.predict(x);
  ASSERT_EQ(got.shape(), expected.shape());
  for (Index i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got.data()[i], expected.data()[i], tolerance) << i;
  }
}

TEST(Folded, TakesBatchNormalizationsIntoTheLayersBeforeThem) {
  Rng rng(1);
  Sequential<double> network(
      {3, 9, 9}, rng,
      {{"conv1",
        Convolution<double>({.filters = 6, .padding = 1, .groups = 3, .bias = false}, He{})},
       {"norm1", BatchNormalization<double>({.epsilon = 0.1})},
       {"relu1", Relu<double>()},
       {"conv2", TransposedConvolution<double>({.filters = 4, .stride = 2, .groups = 2}, He{})},
       {"norm2", BatchNormalization<double>({})},
       {"drop", Dropout<double>({.ratio = 0.5})},
       {"block",
        Residual<double>({{"conv", Convolution<double>({.filters = 4, .padding = 1}, He{})},
                          {"norm", BatchNormalization<double>({})}})},
       {"affine1", Affine<double>({.out = 5}, He{})},
       {"norm3", BatchNormalization<double>({})},
       {"affine2", Affine<double>({.out = 2}, He{})},
       {"identity", Identity<double>()}});
  disturb(network, rng);
  const NeuralNetwork<double> fast = folded(network);
  EXPECT_EQ(fast.layer_count(), 7);
  EXPECT_TRUE(fast.buffers().empty());
  std::vector<std::string> names;
  for (const auto* parameter : fast.parameters()) names.push_back(parameter->name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv1.weight", "conv1.bias", "conv2.weight",
                                             "conv2.bias", "block.body.conv.weight",
                                             "block.body.conv.bias", "affine1.weight",
                                             "affine1.bias", "affine2.weight", "affine2.bias"}));
  expect_same_predictions<double>(network, fast, random_normal<double>({3, 3, 9, 9}, rng), 1e-11);
}

TEST(Folded, LeavesWhatOthersReadToo) {
  Rng rng(1);
  Graph<double> network({{"x", {4}}}, rng,
                        {{"affine", Affine<double>({.out = 4}, He{}), {"x"}},
                         {"norm", BatchNormalization<double>({}), {"affine"}},
                         {"sum", Add<double>(), {"norm", "affine"}},
                         {"linear", Linear<double>({.out = 4}, He{}), {"sum"}},
                         {"norm2", BatchNormalization<double>({}), {"linear"}},
                         {"drop",
                          Dropout<double>({.ratio = 0.5, .scaling = DropoutScaling::in_evaluation}),
                          {"norm2"}}});
  network.add_shared("again", "affine", {"drop"});
  network.add("last", BatchNormalization<double>({.features = 4}), {"again"});
  network.add("identity", Identity<double>(), {"last"});
  disturb(network, rng);
  const NeuralNetwork<double> fast = folded(network);
  EXPECT_EQ(fast.layer_count(), network.layer_count());
  expect_same_predictions<double>(network, fast, random_normal<double>({3, 4}, rng), 1e-12);
}

TEST(Folded, PredictsLikeRandomGraphs) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    test::RandomGraph<double> random(seed);
    const auto x = random.inputs(2);
    const std::vector<TensorView<const double>> views(x.begin(), x.end());
    const auto expected = random.net().predict_all(std::span(views));
    const auto got = folded(random.net()).predict_all(std::span(views));
    for (Index i = 0; i < expected[0].size(); ++i) {
      ASSERT_NEAR(got[0].data()[i], expected[0].data()[i], 1e-10) << seed;
    }
  }
}

}  // namespace
}  // namespace dlfs
