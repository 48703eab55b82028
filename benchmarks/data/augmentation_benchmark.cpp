// Augmentation of 100 digits (section 8.1.2) on one thread, in images per second: with shift,
// rotation and scale, and with elastic deformation as well. The baseline of the sampling is its
// reference twin, on fewer images; that of the whole is the training step that it stands before.
#include "dlfs/data/augmentation.hpp"

#include <numeric>
#include <vector>

#include <benchmark/benchmark.h>

#include "dlfs/functional/reference/map_coordinates.hpp"
#include "networks.hpp"

namespace {

using namespace dlfs;

constexpr Index batch = 100;

void augment(benchmark::State& state, const AugmentationOptions& options) {
  set_thread_count(1);
  auto images = bench::random_batch(batch).inputs;
  std::vector<Index> samples(batch);
  std::iota(samples.begin(), samples.end(), Index{0});
  const Augmentation augmentation(options);
  for (auto _ : state) {
    augmentation(images.view(), samples, Rng(1));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK_CAPTURE(augment, similarity, {.shift = 2, .rotation = 10, .scale = 0.1})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(augment, elastic, {.shift = 2, .rotation = 10, .scale = 0.1, .elastic = 34})
    ->Unit(benchmark::kMicrosecond);

/// Images (1, 28, 28) sampled at random places.
template <class Sample>
void sample_images(benchmark::State& state, const Sample& sample) {
  Rng rng(1);
  const auto x = random_uniform<float>({1, 28, 28}, rng);
  const auto rows = random_uniform<float>({28, 28}, rng, 0, 27);
  const auto columns = random_uniform<float>({28, 28}, rng, 0, 27);
  Tensor<float> y(x.shape());
  for (auto _ : state) {
    sample(x.view(), rows.view(), columns.view(), y.view());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void MapCoordinates(benchmark::State& state) {
  sample_images(state, [](const auto&... views) { map_coordinates<float>(views...); });
}
BENCHMARK(MapCoordinates)->Unit(benchmark::kMicrosecond);

void MapCoordinatesReference(benchmark::State& state) {
  sample_images(state, [](const auto&... views) { reference::map_coordinates<float>(views...); });
}
BENCHMARK(MapCoordinatesReference)->Unit(benchmark::kMicrosecond);

void DeepConvNetStep(benchmark::State& state) {
  set_thread_count(1);
  const auto data = bench::random_batch(batch);
  Rng rng(1);
  auto network = bench::DeepConvNet::make(rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), bench::DeepConvNet::optimizer());
  for (auto _ : state) trainer.step(data);
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(DeepConvNetStep)->Unit(benchmark::kMicrosecond);

}  // namespace
