#include "dlfs/train/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "dlfs/data/byte_dataset.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

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

TEST(Accuracy, OfASourceIsThatOfItsSamplesInMemory) {
  Rng rng(1);
  const Sequential<float> network{{"affine", Affine<float>({.in = 6, .out = 3}, He{}, rng)}};
  ByteDataset bytes{Tensor<std::uint8_t>({2345, 6}), Labels({2345})};
  for (std::uint8_t& pixel : bytes.inputs) pixel = static_cast<std::uint8_t>(rng.below(256));
  for (std::int32_t& label : bytes.targets) label = static_cast<std::int32_t>(rng.below(3));
  EXPECT_EQ(accuracy(network, bytes), accuracy(network, bytes.numbers<float>()));
  EXPECT_EQ(error_of<ValueError>([&] { accuracy(network, slice(bytes, 0, 0)); }),
            "accuracy: there is no sample");
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

// (1, 2, 2, 2): two classes at four places of one sample.
TEST(Metrics, OfLabelsTakeEveryPlaceOfASample) {
  const auto logits = array<float>({{{{1, 4}, {0, 2}}, {{3, 3}, {1, 2}}}});  // guesses 1 0 1 0
  const auto labels = array<std::int32_t>({{{1, 1}, {1, 0}}});
  EXPECT_EQ(accuracy(logits, labels), 0.75);
  EXPECT_EQ(top_k_accuracy(logits, labels, 1), 0.75);
  EXPECT_EQ(top_k_accuracy(logits, labels, 2), 1);
  test::expect_equal(confusion_matrix(logits, labels), array<Index>({{1, 0}, {1, 2}}));
  EXPECT_EQ(error_of<ValueError>([&] {
              top_k_accuracy(logits, array<std::int32_t>({{{0, 1}, {2, 0}}}), 1);
            }),
            "top-k accuracy: label 2 of sample 0 is not in 0..1");
  EXPECT_EQ(error_of<ShapeError>([&] { accuracy(logits, array<std::int32_t>({1})); }),
            "accuracy: expected logits (N, C, ...) and labels (N, ...), got (1, 2, 2, 2) and (1,)");
}

TEST(Metrics, OfLabelsTakeStridedViews) {
  const auto logits = array<float>({{1, 9, 2}, {5, 9, 3}});
  const auto labels = array<std::int32_t>({1, 7, 0, 7});
  EXPECT_EQ(accuracy(logits.slice(1, {.step = 2}), labels.slice(0, {.step = 2})), 1);
  EXPECT_EQ(accuracy(logits.transpose(), array<std::int32_t>({1, 0, 1})), 1);
}

TEST(IntersectionOverUnion, OfEachClass) {
  // Class 0: 3 right, 1 taken for 1, 2 of class 1 taken for it. Class 2 does not occur.
  const auto confusion = array<Index>({{3, 1, 0}, {2, 4, 0}, {0, 0, 0}});
  const Tensor<double> iou = intersection_over_union(confusion);
  EXPECT_EQ(iou(0), 3.0 / 6);
  EXPECT_EQ(iou(1), 4.0 / 7);
  EXPECT_NE(iou(2), iou(2));
  EXPECT_EQ(error_of<ShapeError>([] {
              intersection_over_union(Tensor<Index>({2, 3}));
            }),
            "intersection over union: expected a confusion matrix (C, C), got (2, 3)");
}

TEST(BinaryAccuracy, CountsEachAnswer) {
  const auto logits = array<double>({{-1, 2}, {0, 3}});
  EXPECT_EQ(binary_accuracy(logits, array<double>({{0, 1}, {0, 0.4}})), 0.75);
}

TEST(MeanAbsoluteError, IsOfAllElements) {
  EXPECT_EQ(mean_absolute_error(array<float>({{1, 2}, {3, 4}}), array<float>({{1, 0}, {4, 4}})),
            0.75);
}

// The figures are of scikit-learn's documentation of r2_score.
TEST(R2Score, IsScikitLearns) {
  const auto t = array<double>({3, -0.5, 2, 7});
  EXPECT_NEAR(r2_score(array<double>({2.5, 0.0, 2, 8}), t), 0.948608137, 1e-9);
  EXPECT_EQ(r2_score(t, t), 1);
  EXPECT_NEAR(r2_score(array<double>({{0, 2}, {-1, 2}, {8, -5}}),
                       array<double>({{0.5, 1}, {-1, 1}, {7, -6}})),
              0.936800526, 1e-9);  // the mean of the two columns' scores
  EXPECT_EQ(r2_score(array<double>({2, 2, 2}), array<double>({1, 2, 3})), 0);
  EXPECT_EQ(r2_score(array<double>({3, 2, 1}), array<double>({1, 2, 3})), -3);
  EXPECT_EQ(r2_score(array<double>({-2, -2}), array<double>({-2, -2})), 1);
  EXPECT_EQ(r2_score(array<double>({-2, -2.5}), array<double>({-2, -2})), 0);
}

TEST(R2Score, KeepsItsDigitsFarFromZero) {
  const Index n = 10000;
  Tensor<float> y({n}), t({n});
  for (Index i = 0; i < n; ++i) {
    t(i) = 1e6f + static_cast<float>(i % 8);
    y(i) = t(i) + (i % 2 == 0 ? 0.5f : -0.5f);
  }
  EXPECT_NEAR(r2_score(y, t), 1 - 0.25 / 5.25, 1e-12);
}

TEST(Metrics, OfNumbersRefuseOtherShapesAndNothing) {
  const auto y = array<float>({{1}, {2}});
  EXPECT_EQ(error_of<ShapeError>([&] {
              r2_score(y, array<float>({1, 2}));
            }),
            "r2 score: expected outputs and targets of one shape (N, ...), got (2, 1) and (2,)");
  EXPECT_THROW(mean_absolute_error(y, array<float>({{1}})), ShapeError);
  EXPECT_THROW(binary_accuracy(y, array<float>({{1}})), ShapeError);
  EXPECT_EQ(error_of<ValueError>([&] { r2_score(Tensor<float>(), Tensor<float>()); }),
            "r2 score: there is no sample");
}

}  // namespace
}  // namespace dlfs
