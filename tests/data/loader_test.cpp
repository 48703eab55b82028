#include "dlfs/data/loader.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/allocation_counter.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

/// 53 samples whose input and target are their number.
FunctionSource<float> numbers(Index fails_at = -1) {
  return FunctionSource<float>(53, [=](std::span<const Index> samples, Dataset<float>& batch) {
    batch.inputs.resize({std::ssize(samples), 1});
    batch.targets.resize({std::ssize(samples)});
    for (std::size_t n = 0; n < samples.size(); ++n) {
      if (samples[n] == fails_at) throw std::runtime_error("sample is unreadable");
      // Some batches take longer, so that threads overtake each other.
      if (samples[n] % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));
      batch.inputs.data()[n] = static_cast<float>(samples[n]);
      batch.targets.data()[n] = static_cast<std::int32_t>(samples[n]);
    }
  });
}

void add_noise(TensorView<float> x, std::span<const Index> samples, const Rng& rng) {
  for (Index n = 0; n < x.extent(0); ++n) {
    Rng own = rng.stream(static_cast<std::uint64_t>(samples[static_cast<std::size_t>(n)]));
    x(n, 0) += own.uniform<float>();
  }
}

/// All numbers of some epochs, in order, with the samples' numbers between them.
std::vector<float> numbers_of(Index threads, Index first = 0) {
  const auto source = numbers();
  Loader<float> loader(source, Rng(3), {.batch_size = 10, .threads = threads}, add_noise);
  std::vector<float> all;
  for (Index epoch = 0; epoch < 3; ++epoch) {
    loader.begin_epoch(epoch, first);
    for (Index i = first; i < loader.batch_count(); ++i) {
      const Dataset<float>& batch = loader.next();
      all.insert(all.end(), batch.inputs.begin(), batch.inputs.end());
      for (const Index sample : loader.samples()) all.push_back(static_cast<float>(sample));
    }
  }
  return all;
}

TEST(Loader, GivesTheSameBatchesForAnyNumberOfThreads) {
  const auto expected = numbers_of(0);
  EXPECT_EQ(expected.size(), 3u * 2 * 53);
  for (const Index threads : {1, 2, 5}) EXPECT_EQ(numbers_of(threads), expected) << threads;
}

TEST(Loader, BeginsWithinAnEpoch) {
  const auto expected = numbers_of(0, 4);
  EXPECT_EQ(expected.size(), 3u * 2 * 13);
  EXPECT_EQ(numbers_of(2, 4), expected);
}

TEST(Loader, ADatasetIsASource) {
  const Dataset<float> dataset{Tensor<float>({8, 1}), Labels({8})};
  Loader<float> loader(dataset, Rng(1), {.batch_size = 3, .sampling = {.drop_last = true}});
  EXPECT_EQ(loader.batch_count(), 2);
  loader.next();
  EXPECT_EQ(loader.next().size(), 3);
  EXPECT_EQ(error_of<ValueError>([&] { loader.next(); }), "loader: the epoch has no more batches");
}

TEST(Loader, AnErrorComesWithItsBatch) {
  const auto source = numbers(31);
  for (const Index threads : {0, 1, 3}) {
    Loader<float> loader(source, Rng(1),
                         {.batch_size = 10,
                          .sampling = {.sampling = BatchSampler::Sampling::sequential},
                          .threads = threads});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(loader.next().size(), 10) << threads;
    EXPECT_EQ(error_of<std::runtime_error>([&] { loader.next(); }), "sample is unreadable");
    EXPECT_EQ(loader.next().targets(0), 40) << threads;
  }
}

TEST(Loader, MayEndAtAnyTime) {
  const auto source = numbers();
  for (Index used = 0; used <= 6; ++used) {
    Loader<float> loader(source, Rng(1), {.batch_size = 10, .threads = 2});
    for (Index i = 0; i < used; ++i) loader.next();
    if (used % 2 == 0) loader.begin_epoch(1);
  }
}

TEST(Loader, StaysAFewBatchesAhead) {
  std::atomic<Index> taken = 0;
  const FunctionSource<float> source(1000, [&](std::span<const Index>, Dataset<float>& batch) {
    ++taken;
    batch.inputs.resize({1, 1});
    batch.targets.resize({1});
  });
  Loader<float> loader(source, Rng(1), {.batch_size = 1, .threads = 2});
  loader.next();
  for (Index i = 1; i < 200; ++i) {
    loader.next();
    EXPECT_LE(taken.load(), i + 5);
  }
}

TEST(Loader, ABatchAfterTheFirstAllocatesNothing) {
  const Dataset<float> dataset{Tensor<float>({40, 5}), Labels({40})};
  Loader<float> loader(dataset, Rng(1), {.batch_size = 10});
  loader.next();
  const test::AllocationCounter counter;
  for (int i = 0; i < 3; ++i) loader.next();
  loader.begin_epoch(1);
  loader.next();
  EXPECT_EQ(counter.count(), 0);
}

TEST(Loader, RefusesOptionsOutOfRange) {
  const Dataset<float> dataset{Tensor<float>({8, 1}), Labels({8})};
  EXPECT_EQ(error_of<ValueError>([&] { Loader<float>(dataset, Rng(1), {.threads = -1}); }),
            "loader: expected threads in [0, 1024], got -1");
  EXPECT_EQ(error_of<ValueError>([&] { Loader<float>(dataset, Rng(1), {.batch_size = 0}); }),
            "loader: expected batch_size of at least 1, got 0");
  Loader<float> loader(dataset, Rng(1), {.batch_size = 4});
  EXPECT_EQ(error_of<ValueError>([&] { loader.begin_epoch(0, 3); }),
            "loader: batch 3 of an epoch of 2");
  EXPECT_EQ(error_of<ValueError>([&] { loader.samples(); }),
            "BatchSampler: batch -1 of an epoch of 2");
}

}  // namespace
}  // namespace dlfs
