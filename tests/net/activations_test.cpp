#include "dlfs/net/activations.hpp"

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

TEST(Activations, AreThoseOfEachLayerInTheOrderOfTheUser) {
  const Sequential<float> network{{"relu", Relu<float>()},
                                  {"pool", MaxPooling<float>({.kernel = 2, .stride = 2})},
                                  {"flatten", Flatten<float>()}};
  const auto x = array<float>({-1, 2, -3, -4}).reshape({1, 1, 2, 2});
  const Tensor<float> images(x);
  const auto outputs = activations(network, images);
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].name, "relu");
  test::expect_equal(outputs[0].value, Tensor<float>({1, 1, 2, 2}, {0, 2, 0, 0}));
  EXPECT_EQ(outputs[1].name, "pool");
  test::expect_equal(outputs[2].value, Tensor<float>({1, 1}, {2}));
  const auto flat = ones<float>({2, 2});
  EXPECT_EQ(test::error_of<ShapeError>([&] { activations(network, flat); }).substr(0, 14),
            "layer 2 (pool)");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              activations(network, images.transpose({0, 1, 3, 2}));
            }),
            "activations: expected x to be contiguous");
}

TEST(Activations, AreThoseOfTheMode) {
  Rng rng(1);
  const Sequential<float> network{
      {"dropout", Dropout<float>({.ratio = 0.5, .scaling = DropoutScaling::in_evaluation}, rng)}};
  const auto x = ones<float>({1, 100});
  test::expect_equal(activations(network, x)[0].value, full<float>({1, 100}, 0.5f));
  const auto trained = activations(network, x, PassMode::train);
  for (const float element : trained[0].value) {
    EXPECT_TRUE(element == 0 || element == 1) << element;
  }
}

}  // namespace
}  // namespace dlfs
