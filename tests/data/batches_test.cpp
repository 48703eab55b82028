#include "dlfs/data/batches.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

/// The samples of an epoch, batch after batch.
std::vector<Index> epoch_of(BatchSampler& sampler, Index epoch) {
  sampler.begin_epoch(epoch);
  std::vector<Index> samples;
  for (Index i = 0; i < sampler.batch_count(); ++i) {
    const auto batch = sampler.batch(i);
    samples.insert(samples.end(), batch.begin(), batch.end());
  }
  return samples;
}

TEST(BatchSampler, WithoutReplacementEverySampleComesOnceAndTheLastBatchIsShort) {
  BatchSampler sampler(103, 10, Rng{1});
  ASSERT_EQ(sampler.batch_count(), 11);
  EXPECT_EQ(sampler.batch(0).size(), 10u);
  EXPECT_EQ(sampler.batch(10).size(), 3u);
  std::vector<Index> samples = epoch_of(sampler, 0);
  EXPECT_FALSE(std::is_sorted(samples.begin(), samples.end()));
  std::sort(samples.begin(), samples.end());
  ASSERT_EQ(samples.size(), 103u);
  for (Index i = 0; i < 103; ++i) EXPECT_EQ(samples[static_cast<std::size_t>(i)], i);
}

TEST(BatchSampler, BatchesThatDivideTheSamplesAreAllFull) {
  const BatchSampler sampler(100, 10, Rng{1});
  ASSERT_EQ(sampler.batch_count(), 10);
  EXPECT_EQ(sampler.batch(9).size(), 10u);
}

TEST(BatchSampler, WithReplacementDrawsWholeBatchesFromAllSamples) {
  BatchSampler sampler(103, 10, Rng{1}, BatchSampler::Sampling::with_replacement);
  ASSERT_EQ(sampler.batch_count(), 10);
  std::vector<int> drawn(103);
  for (Index epoch = 0; epoch < 100; ++epoch) {
    const std::vector<Index> samples = epoch_of(sampler, epoch);
    ASSERT_EQ(samples.size(), 100u);
    for (Index sample : samples) ++drawn.at(static_cast<std::size_t>(sample));
  }
  // Each is drawn 97 times on average with deviation 10; one epoch alone must repeat some.
  const auto [least, most] = std::minmax_element(drawn.begin(), drawn.end());
  EXPECT_GT(*least, 50);
  EXPECT_LT(*most, 150);
  std::vector<Index> samples = epoch_of(sampler, 0);
  std::sort(samples.begin(), samples.end());
  EXPECT_NE(std::adjacent_find(samples.begin(), samples.end()), samples.end());
}

TEST(BatchSampler, ABatchLargerThanTheDataIsAllOfItOrDrawnFromIt) {
  const BatchSampler all(3, 10, Rng{1});
  EXPECT_EQ(all.batch_count(), 1);
  EXPECT_EQ(all.batch(0).size(), 3u);
  const BatchSampler drawn(3, 10, Rng{1}, BatchSampler::Sampling::with_replacement);
  EXPECT_EQ(drawn.batch_count(), 1);
  EXPECT_EQ(drawn.batch(0).size(), 10u);
}

TEST(BatchSampler, AnEpochDependsOnSeedAndNumberAlone) {
  for (const BatchSampler::Sampling sampling :
       {BatchSampler::Sampling::without_replacement, BatchSampler::Sampling::with_replacement}) {
    BatchSampler whole(50, 8, Rng{7}, sampling);
    const auto first = epoch_of(whole, 0);
    const auto second = epoch_of(whole, 1);
    const auto third = epoch_of(whole, 2);
    EXPECT_NE(first, second);
    EXPECT_NE(second, third);

    BatchSampler resumed(50, 8, Rng{7}, sampling);
    EXPECT_EQ(epoch_of(resumed, 2), third);
    EXPECT_EQ(epoch_of(resumed, 0), first);

    BatchSampler other(50, 8, Rng{8}, sampling);
    EXPECT_NE(epoch_of(other, 0), first);
  }
}

TEST(BatchSampler, StandsAtEpochZeroAtFirst) {
  const BatchSampler fresh(20, 20, Rng{3});
  BatchSampler begun(20, 20, Rng{3});
  begun.begin_epoch(0);
  EXPECT_TRUE(std::equal(fresh.batch(0).begin(), fresh.batch(0).end(), begun.batch(0).begin()));
}

TEST(BatchSampler, MisuseIsAValueErrorThatSaysWhatCame) {
  EXPECT_EQ(error_of<ValueError>([] { BatchSampler(0, 10, Rng{1}); }),
            "BatchSampler: expected at least one sample and a batch size of at least 1, got 0 "
            "samples and batch size 10");
  EXPECT_EQ(error_of<ValueError>([] { BatchSampler(10, 0, Rng{1}); }),
            "BatchSampler: expected at least one sample and a batch size of at least 1, got 10 "
            "samples and batch size 0");
  BatchSampler sampler(10, 5, Rng{1});
  EXPECT_EQ(error_of<ValueError>([&] { sampler.batch(2); }),
            "BatchSampler: batch 2 of an epoch of 2");
  EXPECT_EQ(error_of<ValueError>([&] { sampler.batch(-1); }),
            "BatchSampler: batch -1 of an epoch of 2");
  EXPECT_EQ(error_of<ValueError>([&] { sampler.begin_epoch(-1); }),
            "BatchSampler: epoch -1 is negative");
}

}  // namespace
}  // namespace dlfs
