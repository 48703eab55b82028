#include "dlfs/net/any_layer.hpp"

#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(!Layer<AnyLayer<float>>);  // so that none holds another
static_assert(std::is_nothrow_move_constructible_v<AnyLayer<float>>);

TEST(AnyLayer, ACopyHasALayerOfItsOwn) {
  Rng rng(1);
  AnyLayer<float> layer = Affine<float>({.in = 2, .out = 3}, He{}, rng);
  AnyLayer<float> copy = layer;
  ASSERT_EQ(copy.parameters().size(), 2u);
  copy.parameters()[0]->value.fill(7);
  EXPECT_NE(layer.parameters()[0]->value(0, 0), 7);
  layer = copy;
  EXPECT_EQ(layer.parameters()[0]->value(0, 0), 7);
  EXPECT_EQ(layer.traits().kind, "affine");
}

TEST(AnyLayer, GivesNothingForWhatALayerDoesNotHave) {
  AnyLayer<float> layer = Relu<float>();
  EXPECT_TRUE(layer.parameters().empty());
  EXPECT_TRUE(layer.buffers().empty());
  EXPECT_EQ(layer.flops({2, 3}), 0);
  EXPECT_EQ(layer.saved_bytes({2, 3}), 0);
  EXPECT_TRUE(layer.composition().parts.empty());
  EXPECT_NO_THROW(layer.update_buffers({2, 3}, nullptr));
}

TEST(AnyLayer, GivesWhatTheLayerGives) {
  Rng rng(1);
  const Affine<float> affine({.in = 2, .out = 3}, He{}, rng);
  const AnyLayer<float> layer = affine;
  EXPECT_EQ(layer.output_shape({5, 2}), (Shape{5, 3}));
  EXPECT_EQ(layer.flops({5, 2}), affine.flops({5, 2}));
  AnyLayer<float> normalization = BatchNormalization<float>({.features = 3});
  EXPECT_EQ(normalization.buffers().size(), 2u);
  EXPECT_EQ(normalization.saved_bytes({4, 3}),
            BatchNormalization<float>({.features = 3}).saved_bytes({4, 3}));
}

TEST(AnyLayer, ThatWasMovedAwayThrows) {
  AnyLayer<float> layer{Relu<float>()};
  const auto taken = std::move(layer);
  const AnyLayer<float> copy = layer;  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(test::error_of<ValueError>([&] { copy.traits(); }), "layer: it was moved away");
  Sequential<float> network;
  EXPECT_EQ(test::error_of<ValueError>([&] { network.add("relu", layer); }),
            "network: the layer 'relu' was moved away");
  Residual<float> block({{"relu", taken}});
  const Residual<float> moved = std::move(block);
  EXPECT_THROW(block.output_shape({1, 2}), ValueError);  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace dlfs
