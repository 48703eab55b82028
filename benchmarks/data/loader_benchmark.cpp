// An epoch of augmented batches, whose augmentation takes about as long as the training steps: made
// by the training thread, or by a thread of the loader while the network trains on one thread.

#include "dlfs/data/loader.hpp"

#include <benchmark/benchmark.h>

#include "networks.hpp"

namespace {

using namespace dlfs;

void EpochWithAugmentation(benchmark::State& state) {
  set_thread_count(1);
  const Dataset<float> data = bench::random_batch(20000);
  Rng rng(1);
  auto network = multi_layer_net<float>({.hidden = {200, 100}}, He{}, rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>({.learning_rate = 0.1}),
                  {.epochs = 1000,
                   .batch_size = 100,
                   .loader_threads = state.range(0),
                   .evaluate_training_data = false,
                   .monitor = "loss"});
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
