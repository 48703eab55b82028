// A small transformer learns to reverse sequences of symbols, or to sort them.
// Run:     transformer [--task reverse|sort] [--epochs N] [--batch-size N] [--seed N]
// Expect:  more than 0.99 of the symbols of sequences that it has never seen
//
// Source: Vaswani et al., "Attention is all you need" (2017), with the normalisation before each
// part as in Xiong et al., "On layer normalization in the transformer architecture" (2020).
#include <cstdio>

#include "sequence/symbols.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>
#include <dlfs/io/progress.hpp>

using namespace dlfs;

static constexpr Index symbols = 20, length = 16, features = 64;

/// Each step looks at the others, then thinks by itself.
static void add_block(Sequential<float>& network, const std::string& name, Rng& rng) {
  network.add(name + "_look",
              Residual<float>({{"norm", LayerNormalization<float>({.features = features})},
                               {"attention", MultiHeadAttention<float>(
                                                 {.features = features, .heads = 4}, rng)}}));
  network.add(
      name + "_think",
      Residual<float>({{"norm", LayerNormalization<float>({.features = features})},
                       {"wide", Linear<float>({.in = features, .out = 128}, He{}, rng)},
                       {"gelu", Gelu<float>()},
                       {"narrow", Linear<float>({.in = 128, .out = features}, Xavier{}, rng)}}));
}

static void run(const examples::Options& options) {
  const std::string task = options.choices.at("--task");
  const Index count = options.quick ? 1000 : 50'000;
  Rng rng(options.seed);
  Sequential<float> network{
      {"embedding", Embedding<float>({.count = symbols, .features = features}, Normal{1}, rng)},
      {"positions", PositionalEncoding<float>({.length = length, .features = features})}};
  add_block(network, "block1", rng);
  add_block(network, "block2", rng);
  network.add("norm", LayerNormalization<float>({.features = features}));
  network.add("linear", Linear<float>({.in = features, .out = symbols}, Xavier{}, rng));
  network.add("classes", Permute<float>({0, 2, 1}));  // (N, T, C) -> (N, C, T)
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), AdamW<float>(),
                  {.epochs = options.epochs,
                   .batch_size = options.batch_size,
                   .seed = options.seed,
                   .evaluate_training_data = false});
  const Index steps = options.epochs * ((count - 1) / options.batch_size + 1);
  trainer.schedule(OneCycle{.peak = 0.003, .steps = steps});
  show_progress(trainer);
  trainer.fit(sequence::of_symbols({count, length, symbols}, task, Rng(1)),
              sequence::of_symbols({2000, length, symbols}, task, Rng(2)));
  std::printf("test accuracy: %.4f\n", trainer.history().epochs.back().validation("accuracy"));
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "A transformer that reverses or sorts",
                                .epochs = 10,
                                .batch_size = 100,
                                .seed = 1,
                                .choices = {{"--task", "What it learns", {"reverse", "sort"}}},
                                .makes_its_data = true},
                               run);
}
