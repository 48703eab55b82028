#include "dlfs/net/partial_gradients.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/tensor.hpp"

namespace dlfs {
namespace {

using detail::PartialGradients;

/// Fills the totals' part of a piece with a number.
void fill(std::span<const TensorView<float>> views, float value) {
  for (const TensorView<float>& view : views) std::fill_n(view.data(), view.size(), value);
}

TEST(PartialGradients, ASinglePieceWritesToTheTotals) {
  Tensor<float> weight({2, 3});
  const std::vector<TensorView<float>> totals{weight.view()};
  const PartialGradients<float> gradients(1, totals);
  EXPECT_EQ(gradients.of(0)[0].data(), weight.data());
  fill(gradients.of(0), 5);
  gradients.add_up(std::vector{Store::add});
  EXPECT_EQ(weight(1, 2), 5);
}

TEST(PartialGradients, PiecesHaveMemoryOfTheirOwnUntilTheyAreAdded) {
  Tensor<float> weight({100, 400});  // more than a block that a thread adds
  Tensor<float> bias({3});
  weight.fill(100);
  bias.fill(100);
  const std::vector<TensorView<float>> totals{weight.view(), bias.view()};
  const auto add_up = [&](Store store) {
    const PartialGradients<float> gradients(3, totals);
    EXPECT_EQ(gradients.of(2)[1].shape(), Shape{3});
    for (Index piece = 0; piece < 3; ++piece) {
      fill(gradients.of(piece), static_cast<float>(1 << piece));
    }
    EXPECT_EQ(weight(0, 0), bias(0));
    gradients.add_up(std::vector{store, store});
  };
  add_up(Store::add);
  for (const float each : weight) ASSERT_EQ(each, 107);
  for (const float each : bias) EXPECT_EQ(each, 107);
  add_up(Store::overwrite);
  for (const float each : weight) ASSERT_EQ(each, 7);
  for (const float each : bias) EXPECT_EQ(each, 7);
}

TEST(PartialGradients, AreAddedInTheOrderOfThePieces) {
  Tensor<float> total({1});
  const std::vector<TensorView<float>> totals{total.view()};
  const PartialGradients<float> gradients(3, totals);
  fill(gradients.of(0), 1);
  fill(gradients.of(1), 1e8f);
  fill(gradients.of(2), -1e8f);
  gradients.add_up(std::vector{Store::overwrite});
  EXPECT_EQ(total(0), 0);  // 1 is lost beside 1e8
}

}  // namespace
}  // namespace dlfs
