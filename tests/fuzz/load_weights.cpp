// load_weights: all of a network's weights, or the network as it was.
#include "dlfs/dlfs.hpp"
#include "dlfs/io/weights.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Rng rng(1);
  static Sequential<float> network{{"affine1", Affine<float>({.in = 3, .out = 4}, He{}, rng)},
                                   {"batch_norm1", BatchNormalization<float>({.features = 4})}};
  for (auto* parameter : network.parameters()) parameter->value.fill(7);
  const bool is_loaded = fuzz::read_file_of(
      {data, size}, [](const std::string& path) { load_weights(path, network); });
  for (const auto* parameter : network.parameters()) {
    fuzz::expect(parameter->value.rank() <= 2 && !parameter->value.empty());
    if (!is_loaded) fuzz::expect(all_of(equal(parameter->value, 7.0F)));
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned int seed) {
  return fuzz::mutate(data, size, most, seed, fuzz::repair_zip);
}
