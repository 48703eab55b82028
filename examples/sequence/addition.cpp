// Addition as translation: one LSTM reads "615+83 ", a second one writes "698 ".
// Run:     addition [--epochs N] [--batch-size N] [--seed N]
// Expect:  more than 0.99 of the sums that it has never seen, exactly right
//
// The question is read from its end: its first digits, which are needed first, were read last.
// Source: Saitoh, "Deep Learning from Scratch" vol. 2, chapter 7; Sutskever, Vinyals and Le,
// "Sequence to sequence learning with neural networks" (2014), for the reversed input.
#include <cstdio>

#include "sequence/sums.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>
#include <dlfs/io/progress.hpp>

using namespace dlfs;

/// The fraction of the answers whose characters are all right.
static double exact(const Tensor<float>& logits, const Labels& answers) {
  return mean(cast<double>(all_of(equal(argmax(logits, 1), cast<Index>(answers)), 1)));
}

static void run(const examples::Options& options) {
  const auto [train, test] = sequence::sums(options.quick ? 1000 : 50'000, 5000, Rng(1));
  Rng rng(options.seed);
  const Index H = 128;
  Sequential<float> network{
      {"embedding",
       Embedding<float>({.count = sequence::digits.size(), .features = 16}, Normal{1}, rng)},
      {"encoder", Lstm<float>({.in = 16, .hidden = H, .reverse = true}, rng)},
      {"code", LastStep<float>({.reverse = true})},
      {"steps", Linear<float>({.in = H, .out = 4 * H}, Xavier{}, rng)},
      {"tanh", Tanh<float>()},
      {"answer", Reshape<float>({4, H})},
      {"decoder", Lstm<float>({.in = H, .hidden = H}, rng)},
      {"linear", Linear<float>({.in = H, .out = sequence::digits.size()}, Xavier{}, rng)},
      {"classes", Permute<float>({0, 2, 1})}};  // (N, T, C) -> (N, C, T)
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(),
                  {.epochs = options.epochs,
                   .batch_size = options.batch_size,
                   .seed = options.seed,
                   .evaluate_training_data = false,
                   .clip_norm = 1});
  trainer.metric("exact", exact);
  const Index steps = options.epochs * ((train.size() - 1) / options.batch_size + 1);
  trainer.schedule(OneCycle{.peak = 0.005, .steps = steps});
  show_progress(trainer);
  trainer.fit(train, test);
  std::printf("exactly right: %.4f\n", trainer.history().epochs.back().validation("exact"));
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Addition as translation",
                                .epochs = 20,
                                .batch_size = 100,
                                .seed = 1,
                                .makes_its_data = true},
                               run);
}
