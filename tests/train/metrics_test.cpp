#include "dlfs/train/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

TEST(Accuracy, CountsTheRowsWhoseLargestLogitIsTheLabel) {
  const auto logits = array<float>({{1, 2, 0}, {5, 2, 0}, {0, 0, 1}, {3, 4, 5}});
  EXPECT_EQ(accuracy(logits, array<std::int32_t>({1, 1, 2, 2})), 0.75);
  EXPECT_EQ(error_of<Error>([&] {
              accuracy(logits, array<std::int32_t>({1, 1}));
            }),
            "accuracy: expected logits (N, C, ...) and labels (N, ...), got (4, 3) and (2,)");
  EXPECT_THROW(accuracy(logits, array<std::int32_t>({1, 1, 2, 2, 0})), ShapeError);
}

TEST(Accuracy, TakesTheFirstOfEqualsAndTheFirstNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto logits = array<float>({{1, 3, 3}, {2, nan, 9}, {nan, 7, nan}});
  EXPECT_EQ(accuracy(logits, array<std::int32_t>({1, 1, 0})), 1);
  // Of a view whose classes are not neighbours, too.
  const Tensor<float> columns = copy(logits.view().transpose());
  EXPECT_EQ(accuracy(columns.view().transpose(), array<std::int32_t>({1, 1, 0})), 1);
}

TEST(Accuracy, OfTheTopK) {
  const auto logits = array<float>({{1, 2, 0}, {5, 2, 0}, {0, 0, 1}, {3, 3, 3}});
  const auto labels = array<std::int32_t>({0, 1, 1, 2});
  EXPECT_EQ(top_k_accuracy(logits, labels, 1), 0);
  EXPECT_EQ(top_k_accuracy(logits, labels, 2), 0.5);
  EXPECT_EQ(top_k_accuracy(logits, labels, 3), 1);
  EXPECT_EQ(error_of<Error>([&] { top_k_accuracy(logits, labels, 0); }),
            "top-k accuracy: expected k of at least 1, got 0");
}

TEST(ConfusionMatrix, CountsLabelsByGuess) {
  const auto logits = array<float>({{1, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}});
  const auto counts = confusion_matrix(logits, array<std::int32_t>({0, 1, 1, 1, 0}));
  EXPECT_TRUE(std::ranges::equal(counts, array<Index>({{1, 1, 0}, {1, 2, 0}, {0, 0, 0}})));
  const auto [precision, recall] = precision_recall(counts);
  EXPECT_EQ(precision(0), 0.5);
  EXPECT_EQ(recall(1), 2.0 / 3);
  EXPECT_TRUE(std::isnan(precision(2)) && std::isnan(recall(2)));
  EXPECT_EQ(error_of<Error>([&] {
              confusion_matrix(logits, array<std::int32_t>({0, 1, 1, 1, 3}));
            }),
            "confusion matrix: label 3 of sample 4 is not in 0..2");
}

TEST(Accuracy, IsOfTheFirstSamplesOfADataset) {
  Rng rng(1);
  const Sequential<float> network{{"affine", Affine<float>({.in = 6, .out = 3}, He{}, rng)}};
  Dataset<float> data{random_normal<float>({50, 6}, rng), Labels({50})};
  for (std::int32_t& label : data.targets) label = static_cast<std::int32_t>(rng.below(3));
  const double all = accuracy(network, data);
  EXPECT_EQ(all, accuracy(network, data, 50));
  EXPECT_EQ(accuracy(network, slice(data, 0, 20)), accuracy(network, data, 20));
  EXPECT_THROW(accuracy(network, data, 51), ShapeError);
  EXPECT_THROW(accuracy(network, data, 0), ValueError);
}

TEST(TopKAccuracy, NamesTheSampleOfALabelThatIsNoClass) {
  const auto logits = array<float>({{1, 2}, {3, 4}});
  for (const std::int32_t label : {-1, 2}) {
    EXPECT_EQ(error_of<ValueError>([&] {
                top_k_accuracy(logits, array<std::int32_t>({0, label}), 1);
              }),
              "top-k accuracy: label " + std::to_string(label) + " of sample 1 is not in 0..1");
  }
}

TEST(PrecisionRecall, NeedsASquareMatrix) {
  EXPECT_EQ(error_of<ShapeError>([] {
              precision_recall(Tensor<Index>({2, 3}));
            }),
            "precision and recall: expected a confusion matrix (C, C), got (2, 3)");
}

}  // namespace
}  // namespace dlfs
