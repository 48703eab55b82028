#include "dlfs/io/weight_layout.hpp"

#include <gtest/gtest.h>

#include "dlfs/net/parallel.hpp"
#include "dlfs/net/residual.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/gru.hpp"
#include "dlfs/nn/layers/layer_normalization.hpp"
#include "dlfs/nn/layers/lstm.hpp"
#include "dlfs/nn/layers/multi_head_attention.hpp"
#include "dlfs/nn/layers/prelu.hpp"
#include "dlfs/nn/layers/standardization.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

TEST(RenameRule, AStarStandsForAnyCharacters) {
  const auto renamed = [](const std::string& name, const std::vector<RenameRule>& rules) {
    return detail::renamed(name, rules);
  };
  EXPECT_EQ(renamed("a.b", {{"a.b", "c"}}), "c");
  EXPECT_EQ(renamed("a.bc", {{"a.b", "c"}}), "a.bc");
  EXPECT_EQ(renamed("module.fc.weight", {{"module.*", "*"}}), "fc.weight");
  EXPECT_EQ(renamed("fc.weight", {{"module.*", "*"}}), "fc.weight");
  EXPECT_EQ(renamed("fc", {{"*", "module.*"}}), "module.fc");
  EXPECT_EQ(renamed("layers.3.fc.weight", {{"layers.*.fc.*", "block*.affine.*"}}),
            "block3.affine.weight");
  EXPECT_EQ(renamed("lstm.bias_hh_l1", {{"lstm.*_l1", "lstm2.*_l0"}}), "lstm2.bias_hh_l0");
  EXPECT_EQ(renamed("a.x.x.b", {{"a.*.*", "*/*"}}), "x/x.b");  // the shortest from the left
  EXPECT_EQ(renamed("a.b.c", {{"*.c", "*"}}), "a.b");
  EXPECT_EQ(renamed("a", {{"a*a", "*"}}), "a");  // no character counts twice
  EXPECT_EQ(renamed("aa", {{"a*a", "x*"}}), "x");
  EXPECT_EQ(renamed("ab", {{"**", "*-*"}}), "-ab");
  EXPECT_EQ(renamed("a.b", {{"a.*", "gone"}}), "gone");
  EXPECT_EQ(renamed("a", {{"a", "b"}, {"b", "c"}}), "c");  // one after the other
  EXPECT_EQ(test::error_of<ValueError>([&] {
              renamed("a", {{"b*", "*c*"}});
            }),
            "rename: '*c*' has more stars than 'b*'");
}

TEST(PytorchLayout, HasTheNamesAndShapesOfPytorchsModules) {
  Rng rng(1);
  Sequential<float> network{
      {"conv", Convolution<float>({.in = 1, .filters = 2, .kernel = 3}, He{}, rng)},
      {"block",
       Residual<float>(Sequential<float>{{"norm", BatchNormalization<float>({.features = 2})}})},
      {"act", PRelu<float>()},
      {"fc", Affine<float>({.in = 2, .out = 3}, He{}, rng)},
      {"ln", LayerNormalization<float>({.features = 3})},
      {"attn", MultiHeadAttention<float>({.features = 4, .heads = 2}, He{}, rng)},
      {"lstm", Lstm<float>({.in = 2, .hidden = 3}, rng)},
      {"gru", Gru<float>({.in = 2, .hidden = 3, .reverse = true}, rng)},
      {"own", Standardization<float>({.features = 2})}};
  const detail::PytorchLayout<float> layout(network);
  std::vector<std::string> found;
  const auto add = [&](const NamedTensor<float>& tensor) {
    const detail::StoredAs stored = layout.of(tensor);
    found.push_back(str_cat(stored.name, ' ', stored.shape(tensor.value.shape())));
  };
  for (const auto* parameter : network.parameters()) add(*parameter);
  for (const auto* buffer : network.buffers()) add(*buffer);
  EXPECT_EQ(found, (std::vector<std::string>{"conv.weight (2, 1, 3, 3)",
                                             "conv.bias (2,)",
                                             "block.body.norm.weight (2,)",
                                             "block.body.norm.bias (2,)",
                                             "act.weight (1,)",
                                             "fc.weight (3, 2)",
                                             "fc.bias (3,)",
                                             "ln.weight (3,)",
                                             "ln.bias (3,)",
                                             "attn.in_proj_weight (12, 4)",
                                             "attn.in_proj_bias (12,)",
                                             "attn.out_proj.weight (4, 4)",
                                             "attn.out_proj.bias (4,)",
                                             "lstm.weight_ih_l0 (12, 2)",
                                             "lstm.weight_hh_l0 (12, 3)",
                                             "lstm.bias_ih_l0 (12,)",
                                             "lstm.bias_hh_l0 (12,)",
                                             "gru.weight_ih_l0_reverse (9, 2)",
                                             "gru.weight_hh_l0_reverse (9, 3)",
                                             "gru.bias_ih_l0_reverse (9,)",
                                             "gru.bias_hh_l0_reverse (9,)",
                                             "block.body.norm.running_mean (2,)",
                                             "block.body.norm.running_var (2,)",
                                             "own.mean (2,)",
                                             "own.deviation (2,)"}));
  EXPECT_TRUE(layout.ignores("block.body.norm.num_batches_tracked"));
  EXPECT_FALSE(layout.ignores("num_batches_tracked"));
}

}  // namespace
}  // namespace dlfs
