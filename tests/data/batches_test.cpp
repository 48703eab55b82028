#include "dlfs/data/batches.hpp"

#include <algorithm>
#include <limits>
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
  BatchSampler sampler(103, 10, Rng{1}, {.sampling = BatchSampler::Sampling::with_replacement});
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
  const BatchSampler drawn(3, 10, Rng{1}, {.sampling = BatchSampler::Sampling::with_replacement});
  EXPECT_EQ(drawn.batch_count(), 1);
  EXPECT_EQ(drawn.batch(0).size(), 10u);
}

TEST(BatchSampler, AnEpochDependsOnSeedAndNumberAlone) {
  for (const BatchSampler::Sampling sampling :
       {BatchSampler::Sampling::without_replacement, BatchSampler::Sampling::with_replacement}) {
    BatchSampler whole(50, 8, Rng{7}, {.sampling = sampling});
    const auto first = epoch_of(whole, 0);
    const auto second = epoch_of(whole, 1);
    const auto third = epoch_of(whole, 2);
    EXPECT_NE(first, second);
    EXPECT_NE(second, third);

    BatchSampler resumed(50, 8, Rng{7}, {.sampling = sampling});
    EXPECT_EQ(epoch_of(resumed, 2), third);
    EXPECT_EQ(epoch_of(resumed, 0), first);

    BatchSampler other(50, 8, Rng{8}, {.sampling = sampling});
    EXPECT_NE(epoch_of(other, 0), first);
  }
}

TEST(BatchSampler, StandsAtEpochZeroAtFirst) {
  const BatchSampler fresh(20, 20, Rng{3});
  BatchSampler begun(20, 20, Rng{3});
  begun.begin_epoch(0);
  EXPECT_TRUE(std::equal(fresh.batch(0).begin(), fresh.batch(0).end(), begun.batch(0).begin()));
}

TEST(BatchSampler, SequentialIsTheOrderOfTheData) {
  BatchSampler sampler(5, 2, Rng{1}, {.sampling = BatchSampler::Sampling::sequential});
  for (const Index epoch : {0, 3})
    EXPECT_EQ(epoch_of(sampler, epoch), (std::vector<Index>{0, 1, 2, 3, 4}));
}

TEST(BatchSampler, DropLastLeavesOutTheSmallerBatch) {
  using Sampling = BatchSampler::Sampling;
  for (const Sampling sampling : {Sampling::without_replacement, Sampling::sequential}) {
    BatchSampler sampler(7, 3, Rng{1}, {.sampling = sampling, .drop_last = true});
    EXPECT_EQ(sampler.batch_count(), 2);
    EXPECT_EQ(epoch_of(sampler, 1).size(), 6u);
  }
  EXPECT_EQ(error_of<ValueError>([] { BatchSampler(2, 3, Rng{1}, {.drop_last = true}); }),
            "BatchSampler: drop_last leaves no batch of 3 from 2 samples");
}

TEST(BatchSampler, DrawsInProportionToTheWeights) {
  BatchSampler sampler(4, 10000, Rng{1},
                       {.sampling = BatchSampler::Sampling::with_replacement,
                        .weights = array<double>({0, 3, 0, 1})});
  std::vector<double> counts(4);
  for (Index epoch = 0; epoch < 10; ++epoch) {
    for (const Index sample : epoch_of(sampler, epoch)) ++counts[static_cast<std::size_t>(sample)];
  }
  EXPECT_EQ(counts[0], 0);
  EXPECT_EQ(counts[2], 0);
  EXPECT_NEAR(counts[1] / 1e5, 0.75, 0.005);  // its standard deviation is 0.0014
}

TEST(BatchSampler, BalancedWeightsDrawEachClassEquallyOften) {
  const auto labels = array<std::int32_t>({2, 0, 0, 0, 0, 2, 0, 0, 0, 0});
  const auto weights = balanced_weights(labels);
  EXPECT_EQ(weights(0), 0.5);
  EXPECT_EQ(weights(1), 0.125);
  BatchSampler sampler(10, 10000, Rng{1},
                       {.sampling = BatchSampler::Sampling::with_replacement, .weights = weights});
  double twos = 0;
  for (const Index sample : epoch_of(sampler, 0)) twos += labels(sample) == 2 ? 1 : 0;
  EXPECT_NEAR(twos / 1e4, 0.5, 0.02);
  EXPECT_EQ(balanced_weights(Labels({0})).size(), 0);
  EXPECT_EQ(error_of<ValueError>([] {
              balanced_weights(array<std::int32_t>({0, -1}));
            }),
            "balanced_weights: label -1 of sample 1 is negative");
}

TEST(BatchSampler, RefusesWeightsThatAreNone) {
  const auto error = [](const Tensor<double>& weights,
                        BatchSampler::Sampling sampling =
                            BatchSampler::Sampling::with_replacement) {
    return error_of<ValueError>(
        [&] { BatchSampler(3, 2, Rng{1}, {.sampling = sampling, .weights = weights}); });
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(error(array<double>({1, 2})),
            "BatchSampler: expected a weight for each of 3 samples, got (2,)");
  EXPECT_EQ(error(array<double>({1, -1, 1})),
            "BatchSampler: expected finite weights of at least 0, got -1 for sample 1");
  EXPECT_EQ(error(array<double>({1, 1, infinity})),
            "BatchSampler: expected finite weights of at least 0, got inf for sample 2");
  EXPECT_EQ(error(array<double>({1, 1, std::numeric_limits<double>::quiet_NaN()})),
            "BatchSampler: expected finite weights of at least 0, got nan for sample 2");
  EXPECT_EQ(error(array<double>({0, 0, 0})),
            "BatchSampler: expected weights with a finite sum above 0, got 0");
  EXPECT_EQ(error(array<double>({1e308, 1e308, 0})),
            "BatchSampler: expected weights with a finite sum above 0, got inf");
  EXPECT_EQ(error(array<double>({1, 1, 1}), BatchSampler::Sampling::sequential),
            "BatchSampler: weights need sampling with replacement");
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
