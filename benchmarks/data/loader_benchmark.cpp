// An epoch of augmented batches: made by the training thread, or by a thread of the loader while
// the network trains on one thread.

#include "dlfs/data/loader.hpp"

#include <benchmark/benchmark.h>

#include "networks.hpp"

namespace {

using namespace dlfs;

void EpochWithAugmentation(benchmark::State& state) {
  set_thread_count(1);
  const Dataset<float> data = bench::random_batch(5000);
  Rng rng(1);
  auto network = bench::SimpleConvNet::make(rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), bench::SimpleConvNet::optimizer(),
                  {.epochs = 1000, .batch_size = 100, .loader_threads = state.range(0)});
  trainer.augment(Augmentation({.shift = 2, .rotation = 10, .scale = 0.1, .elastic = 34}));
  trainer.on_epoch([&](const auto&) { trainer.stop(); });
  for (auto _ : state) trainer.fit(data);
  state.SetItemsProcessed(state.iterations() * data.size());
}
BENCHMARK(EpochWithAugmentation)
    ->ArgName("loader_threads")
    ->Arg(0)
    ->Arg(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
