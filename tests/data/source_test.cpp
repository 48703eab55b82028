#include "dlfs/data/source.hpp"

#include <array>

#include <gtest/gtest.h>

#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(DataSource<Dataset<float>, float, Labels>);
static_assert(DataSource<Dataset<double, Tensor<double>>, double, Tensor<double>>);
static_assert(DataSource<FunctionSource<float>, float, Labels>);
static_assert(!DataSource<Dataset<float>, double, Labels>);
static_assert(!DataSource<Dataset<float>, float, Tensor<float>>);
static_assert(!DataSource<Tensor<float>, float, Labels>);

void squares(std::span<const Index> samples, Dataset<float, Tensor<float>>& batch) {
  batch.inputs.resize({std::ssize(samples), 1});
  batch.targets.resize({std::ssize(samples), 1});
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const auto x = static_cast<float>(samples[n]);
    batch.inputs.data()[n] = x;
    batch.targets.data()[n] = x * x;
  }
}

TEST(FunctionSource, GivesWhatTheFunctionWrites) {
  const FunctionSource<float, Tensor<float>> source(10, squares);
  EXPECT_EQ(source.size(), 10);
  Dataset<float, Tensor<float>> batch;
  source.take(std::array<Index, 3>{4, 0, 9}, batch);
  test::expect_equal(batch.inputs, array<float>({{4}, {0}, {9}}));
  test::expect_equal(batch.targets, array<float>({{16}, {0}, {81}}));
}

TEST(FunctionSource, RefusesWhatIsNoSource) {
  using Source = FunctionSource<float, Tensor<float>>;
  EXPECT_EQ(error_of<ValueError>([] { Source(-1, squares); }),
            "function source: expected a size of at least 0 and a function, got -1");
  EXPECT_EQ(error_of<ValueError>([] { Source(1, {}); }),
            "function source: expected a size of at least 0 and a function, got 1 and no function");
}

TEST(SourceRef, RefusesABatchOfOtherSamples) {
  const FunctionSource<float> source(10, [](std::span<const Index>, Dataset<float>& batch) {
    batch.inputs.resize({2, 1});
    batch.targets.resize({2});
  });
  const detail::SourceRef<float, Labels> reference(source);
  Dataset<float> batch;
  EXPECT_NO_THROW(reference.take(std::array<Index, 2>{0, 1}, batch));
  EXPECT_EQ(error_of<ShapeError>([&] {
              reference.take(std::array<Index, 3>{0, 1, 2}, batch);
            }),
            "source: expected a batch of 3 samples, got inputs (2, 1)");
}

TEST(SourceRef, KnowsADatasetInMemory) {
  const Dataset<float> dataset{Tensor<float>({3, 2}), Labels({3})};
  EXPECT_EQ((detail::SourceRef<float, Labels>(dataset).in_memory()), &dataset);
  const FunctionSource<float> source(3, [](std::span<const Index>, Dataset<float>&) {});
  EXPECT_EQ((detail::SourceRef<float, Labels>(source).in_memory()), nullptr);
}

}  // namespace
}  // namespace dlfs
