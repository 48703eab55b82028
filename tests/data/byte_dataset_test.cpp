#include "dlfs/data/byte_dataset.hpp"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/data/loader.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(DataSource<ByteDataset, float, Labels> && DataSource<ByteDataset, double, Labels>);

/// Sample n has the bytes 4 n to 4 n + 3 and the label n.
ByteDataset all_bytes() {
  ByteDataset dataset{Tensor<std::uint8_t>({64, 1, 2, 2}), Labels({64})};
  std::iota(dataset.inputs.begin(), dataset.inputs.end(), std::uint8_t{0});
  std::iota(dataset.targets.begin(), dataset.targets.end(), 0);
  return dataset;
}

TEST(ByteDataset, ABatchHasTheBytesDividedBy255) {
  const auto dataset = all_bytes();
  Dataset<float> batch{{}, {}, Tensor<float>({3})};
  dataset.take(std::vector<Index>{63, 0, -63}, batch);
  EXPECT_EQ(batch.inputs.shape(), (Shape{3, 1, 2, 2}));
  EXPECT_EQ(batch.inputs(0, 0, 1, 1), 1);
  EXPECT_EQ(batch.inputs(1, 0, 0, 1), 1.0f / 255);
  EXPECT_EQ(batch.inputs(2, 0, 0, 0), 4.0f / 255);
  test::expect_equal(batch.targets, Labels({3}, {63, 0, 1}));
  EXPECT_TRUE(batch.weights.empty());

  const auto numbers = dataset.numbers<double>();
  for (int byte = 0; byte < 256; ++byte) EXPECT_EQ(numbers.inputs.data()[byte], byte / 255.0);
}

TEST(ByteDataset, ALoaderGivesTheBatchesOfTheNumbers) {
  const auto bytes = all_bytes();
  const auto numbers = bytes.numbers<float>();
  Loader<float> of_bytes(bytes, Rng(1), {.batch_size = 10});
  Loader<float> of_numbers(numbers, Rng(1), {.batch_size = 10});
  for (Index i = 0; i < of_bytes.batch_count(); ++i) {
    const auto& expected = of_numbers.next();
    const auto& batch = of_bytes.next();
    test::expect_equal(batch.inputs, expected.inputs);
    test::expect_equal(batch.targets, expected.targets);
  }
}

TEST(ByteDataset, ASliceIsACopyOfConsecutiveSamples) {
  const auto dataset = all_bytes();
  const ByteDataset part = slice(dataset, 10, 12);
  test::expect_equal(part.inputs, copy(dataset.inputs.rows(10, 12)));
  test::expect_equal(part.targets, copy(dataset.targets.rows(10, 12)));
  EXPECT_EQ(slice(dataset, 64, 64).size(), 0);
}

TEST(ByteDataset, RefusesWhatDoesNotFit) {
  auto dataset = all_bytes();
  Dataset<float> batch;
  EXPECT_NE(error_of<ShapeError>([&] { dataset.take(std::vector<Index>{64}, batch); }),
            "not thrown");
  dataset.targets = Labels({63});
  EXPECT_EQ(error_of<ShapeError>([&] { dataset.take(std::vector<Index>{0}, batch); }),
            "take: expected one label for each input, got inputs (64, 1, 2, 2) and targets (63,)");
  EXPECT_EQ(error_of<ShapeError>([&] { slice(dataset, 0, 1); }),
            "slice: expected one label for each input, got inputs (64, 1, 2, 2) and targets (63,)");
  EXPECT_NE(error_of<ShapeError>([&] { slice(all_bytes(), 2, 65); }), "not thrown");
}

}  // namespace
}  // namespace dlfs
