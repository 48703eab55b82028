#include "dlfs/tools/summary.hpp"

#include <string>

#include <gtest/gtest.h>

#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/identity.hpp"
#include "dlfs/nn/layers/max_pooling.hpp"
#include "dlfs/nn/layers/relu.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithFlops<Affine<float>> && LayerWithFlops<Convolution<double>>);
static_assert(LayerWithFlops<Sequential<float>> && CompositeLayer<Sequential<float>>);
static_assert(!LayerWithFlops<Relu<float>> && !CompositeLayer<Relu<float>>);

Sequential<float> small_network() {
  Rng rng(1);
  return {
      {"conv1", Convolution<float>({.in = 2, .filters = 4, .kernel = 3, .groups = 2}, He{}, rng)},
      {"relu1", Relu<float>()},
      {"pool1", MaxPooling<float>({.kernel = 2, .stride = 2})},
      {"affine1", Affine<float>({.in = 16, .out = 10}, He{}, rng)}};
}

Sequential<float> nested_network() {
  Sequential<float> block{{"batch_norm1", BatchNormalization<float>({.features = 2})},
                          {"relu1", Relu<float>()}};
  Rng rng(1);
  return {{"block1", block}, {"affine1", Affine<float>({.in = 2, .out = 3}, He{}, rng)}};
}

/// As far as a summary sees it: two layers side by side, which add up.
struct TwoIdentities : Identity<float> {
  static constexpr LayerTraits traits() { return {.kind = "two identities"}; }
  Composition<float> composition() const {
    static const AnyLayer<float> identity = Identity<float>();
    static const AnyLayer<float> add = Add<float>();
    return {.inputs = {"x"},
            .parts = {{"left", &identity, {0}}, {"right", &identity, {0}}, {"sum", &add, {1, 2}}},
            .outputs = {3}};
  }
};

// conv1: 4 filters of 1 x 3 x 3 and a bias; 5 images of 4 x 4 x 4 outputs, 9 products and sums
// each.
TEST(Summary, CountsByHand) {
  const Summary result = summary(small_network(), {5, 2, 6, 6});
  ASSERT_EQ(result.layers.size(), 4u);
  const LayerSummary& conv = result.layers[0];
  EXPECT_EQ(conv.name, "conv1");
  EXPECT_EQ(conv.kind, "convolution");
  EXPECT_EQ(conv.output, (Shape{5, 4, 4, 4}));
  EXPECT_EQ(conv.parameters, 40);
  EXPECT_EQ(conv.flops, 5 * 64 * 9 * 2);
  EXPECT_EQ(result.layers[1].name, "relu1");  // in the order of adding, though pool1 runs first
  EXPECT_EQ(result.layers[1].flops, 0);
  EXPECT_EQ(result.layers[2].output, (Shape{5, 4, 2, 2}));
  EXPECT_EQ(result.layers[3].flops, 5 * 16 * 10 * 2);
  EXPECT_EQ(result.parameters, 40 + 170);
  EXPECT_EQ(result.flops, 5760 + 1600);
}

TEST(Summary, PrintsATable) {
  EXPECT_EQ(
      to_string(summary(small_network(), {1, 2, 6, 6})),
      "layer    kind         options                              output        parameters  MFLOP\n"
      "x                                                          (1, 2, 6, 6)\n"
      "conv1    convolution  in 2, filters 4, kernel 3, groups 2  (1, 4, 4, 4)          40  0.001\n"
      "relu1    relu                                              (1, 4, 4, 4)\n"
      "pool1    max pooling  kernel 2, stride 2                   (1, 4, 2, 2)\n"
      "affine1  affine       in 16, out 10                        (1, 10)              170  0.000\n"
      "total                                                                           210  "
      "0.001\n");
}

TEST(Summary, PartsOfACompositeFollowItAndCountOnce) {
  const Summary result = summary(nested_network(), {7, 2});
  ASSERT_EQ(result.layers.size(), 4u);
  EXPECT_EQ(result.layers[0].name, "block1");
  EXPECT_EQ(result.layers[0].kind, "sequential");
  EXPECT_EQ(result.layers[0].parameters, 4);
  EXPECT_EQ(result.layers[1].name, "block1.batch_norm1");
  EXPECT_EQ(result.layers[2].name, "block1.relu1");
  EXPECT_EQ(result.parameters, 4 + 9);
}

TEST(Summary, ErrorNamesTheLayer) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              summary(small_network(), {1, 2, 8, 8});
            }),
            "layer 4 (affine1): affine: expected x of shape (N, 16) for the weight (16, 10), got "
            "(1, 4, 3, 3)");
}

TEST(Dot, IsAChainOfLayers) {
  Sequential<float> network{{"relu1", Relu<float>()}, {"a \"b\"", Identity<float>()}};
  EXPECT_EQ(to_dot(network, {1, 2}),
            "digraph {\n"
            "node [shape = box];\n"
            "\"input x\" [label = \"x\\n(1, 2)\"];\n"
            "\"relu1\" [label = \"relu1: relu\\n(1, 2)\"];\n"
            "\"input x\" -> \"relu1\";\n"
            "\"a \\\"b\\\"\" [label = \"a \\\"b\\\": identity\\n(1, 2)\"];\n"
            "\"relu1\" -> \"a \\\"b\\\"\";\n"
            "}\n");
}

TEST(Dot, BranchesMeetInAFrame) {
  Sequential<float> network{{"block1", TwoIdentities()}, {"relu1", Relu<float>()}};
  EXPECT_EQ(to_dot(network, {1, 2}),
            "digraph {\n"
            "node [shape = box];\n"
            "\"input x\" [label = \"x\\n(1, 2)\"];\n"
            "subgraph \"cluster block1\" {\n"
            "label = \"block1: two identities\";\n"
            "\"block1.left\" [label = \"block1.left: identity\\n(1, 2)\"];\n"
            "\"input x\" -> \"block1.left\";\n"
            "\"block1.right\" [label = \"block1.right: identity\\n(1, 2)\"];\n"
            "\"input x\" -> \"block1.right\";\n"
            "\"block1.sum\" [label = \"block1.sum: add\\n(1, 2)\"];\n"
            "\"block1.left\" -> \"block1.sum\";\n"
            "\"block1.right\" -> \"block1.sum\";\n"
            "}\n"
            "\"relu1\" [label = \"relu1: relu\\n(1, 2)\"];\n"
            "\"block1.sum\" -> \"relu1\";\n"
            "}\n");
}

}  // namespace
}  // namespace dlfs
