// load_checkpoint: a state that a trainer goes on with, or refuses by an error.
#include "dlfs/dlfs.hpp"
#include "dlfs/io/checkpoint.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_file_of({data, size}, [](const std::string& path) {
    auto state = load_checkpoint<float>(path);
    Rng rng(1);
    Sequential<float> network{{"affine", Affine<float>({.in = 2, .out = 2}, He{}, rng)}};
    const Dataset<float> batch{ones<float>({2, 2}), full<Labels::value_type>({2}, 1)};
    Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(),
                    {.epochs = 1, .batch_size = 2, .seed = state.seed});
    try {
      trainer.restore(std::move(state));
      trainer.step(batch);
      trainer.fit(batch, batch);
    } catch (const Error&) {  // of another training, or not finite
    }
  });
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned int seed) {
  return fuzz::mutate(data, size, most, seed, fuzz::repair_zip);
}
