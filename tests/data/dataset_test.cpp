#include "dlfs/data/dataset.hpp"

#include <gtest/gtest.h>

#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::error_of;

/// Samples (i, 10 i) with label i.
Dataset<float> three_samples() {
  return {array<float>({{0, 0}, {1, 10}, {2, 20}}), Labels({3}, {0, 1, 2})};
}

TEST(Dataset, SizeIsTheFirstExtentAndAnEmptyDatasetHasNone) {
  EXPECT_EQ(three_samples().size(), 3);
  EXPECT_EQ(Dataset<float>{}.size(), 0);
}

TEST(Dataset, CheckNamesTheOperationAndBothShapes) {
  Dataset<float> dataset = three_samples();
  EXPECT_NO_THROW(dataset.check("fit"));
  dataset.targets = Labels({2});
  EXPECT_EQ(error_of<ShapeError>([&] { dataset.check("fit"); }),
            "fit: expected one target for each input, got inputs (3, 2) and targets (2,)");
  dataset.inputs = Tensor<float>(Shape{});
  EXPECT_EQ(error_of<ShapeError>([&] { dataset.check("fit"); }),
            "fit: expected one target for each input, got inputs () and targets (2,)");
}

TEST(Take, CopiesThePartOfInputsAndTargets) {
  Dataset<float> dataset = three_samples();
  const Dataset<float> part = slice(dataset, 1, 3);
  dataset.inputs.fill(-1);
  EXPECT_EQ(part.inputs.shape(), (Shape{2, 2}));
  EXPECT_EQ(part.inputs(0, 1), 10);
  EXPECT_EQ(part.inputs(1, 0), 2);
  EXPECT_EQ(part.targets(0), 1);
  EXPECT_EQ(part.targets(1), 2);
  EXPECT_EQ(slice(dataset, 3, 3).size(), 0);
}

TEST(Take, RejectsARangeOutsideTheDataset) {
  const Dataset<float> dataset = three_samples();
  EXPECT_EQ(error_of<ShapeError>([&] { slice(dataset, 1, 4); }),
            "rows: [1, 4) of a tensor of shape (3, 2)");
  EXPECT_THROW(slice(dataset, 2, 1), ShapeError);
  EXPECT_THROW(slice(dataset, -1, 1), ShapeError);
}

TEST(Gather, CopiesTheChosenSamplesInTheOrderGiven) {
  const Dataset<float> dataset = three_samples();
  Dataset<float> batch;
  dataset.take(std::array<Index, 4>{2, 0, 0, -2}, batch);
  EXPECT_EQ(batch.inputs.shape(), (Shape{4, 2}));
  EXPECT_EQ(batch.targets.shape(), (Shape{4}));
  const std::array<float, 4> expected{2, 0, 0, 1};
  for (Index i = 0; i < 4; ++i) {
    const float label = expected[static_cast<std::size_t>(i)];
    EXPECT_EQ(batch.inputs(i, 0), label);
    EXPECT_EQ(batch.inputs(i, 1), 10 * label);
    EXPECT_EQ(batch.targets(i), static_cast<int>(label));
  }
}

TEST(Gather, TakesTargetsOfAnyTensor) {
  const Dataset<double, Tensor<double>> dataset{array<double>({1, 2}),
                                                array<double>({{5, 6}, {7, 8}})};
  Dataset<double, Tensor<double>> batch;
  dataset.take(std::array<Index, 1>{1}, batch);
  EXPECT_EQ(batch.inputs.shape(), (Shape{1}));
  EXPECT_EQ(batch.targets.shape(), (Shape{1, 2}));
  EXPECT_EQ(batch.targets(0, 0), 7);
}

TEST(Gather, KeepsTheMemoryOfTheBatchWhenItShrinksAndGrowsBack) {
  const Dataset<float> dataset = three_samples();
  Dataset<float> batch;
  dataset.take(std::array<Index, 3>{0, 1, 2}, batch);
  const float* inputs = batch.inputs.data();
  const std::int32_t* targets = batch.targets.data();
  dataset.take(std::array<Index, 1>{2}, batch);
  EXPECT_EQ(batch.size(), 1);
  dataset.take(std::array<Index, 3>{2, 1, 0}, batch);
  EXPECT_EQ(batch.inputs.data(), inputs);
  EXPECT_EQ(batch.targets.data(), targets);
}

TEST(Gather, RejectsAnIndexOutOfRangeAndMismatchedCounts) {
  Dataset<float> dataset = three_samples();
  Dataset<float> batch;
  EXPECT_EQ(error_of<ShapeError>([&] { dataset.take(std::array<Index, 1>{3}, batch); }),
            "indexing: index 3 is out of range for axis 0 of the shape (3, 2)");
  dataset.targets = Labels({4});
  EXPECT_EQ(error_of<ShapeError>([&] { dataset.take(std::array<Index, 1>{0}, batch); }),
            "take: expected one target for each input, got inputs (3, 2) and targets (4,)");
}

TEST(Dataset, WeightsGoWithTheirSamples) {
  Dataset<float> dataset{array<float>({{1}, {2}, {3}}), Labels({3}), array<float>({0.5, 1, 2})};
  Dataset<float> batch;
  dataset.take(std::array<Index, 2>{2, 0}, batch);
  test::expect_equal(batch.weights, array<float>({2, 0.5}));
  test::expect_equal(slice(dataset, 1, 3).weights, array<float>({1, 2}));
  dataset.weights = array<float>({1, 2});
  EXPECT_EQ(error_of<ShapeError>([&] { dataset.check("use"); }),
            "use: expected one weight for each of 3 samples, got (2,)");
  dataset.weights = {};
  dataset.take(std::array<Index, 2>{2, 0}, batch);
  EXPECT_TRUE(batch.weights.empty());
}

}  // namespace
}  // namespace dlfs
