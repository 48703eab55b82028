// A training step of one layer of sequences by dlfs, on one thread: prints milliseconds. Run by
// sequences.py.
//
//   dlfs_sequences LAYER SIZE
#include <cstdio>
#include <cstdlib>
#include <string>

#include "measure.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

static AnyLayer<float> layer(const std::string& name, Index size, Rng& rng) {
  if (name == "LSTM") return Lstm<float>({.in = size, .hidden = size}, rng);
  if (name == "GRU") return Gru<float>({.in = size, .hidden = size}, rng);
  return MultiHeadAttention<float>({.features = size, .heads = 4}, rng);
}

int main(int argc, char** argv) {
  if (argc != 3) return EXIT_FAILURE;
  const Index size = std::atol(argv[2]);
  set_thread_count(1);
  Rng rng(1);
  Sequential<float> network{{"layer", layer(argv[1], size, rng)}};
  Trainer trainer(network, MeanSquaredError<float>(), Sgd<float>({.learning_rate = 0.01}));
  const Dataset<float, Tensor<float>> batch{random_normal<float>({16, 32, size}, rng),
                                            random_normal<float>({16, 32, size}, rng)};
  std::printf("%.6f\n", median_ms([&] { trainer.step(batch); }));
}
