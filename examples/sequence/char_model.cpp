// A model of characters: an LSTM learns to spell, and to put a verb into the number of its subject.
// Run:     char_model [--epochs N] [--batch-size N] [--seed N] [--out DIR]
// Expect:  a perplexity per character within 1 % of that of the grammar that has made the text, the
//          best that can be expected of any model, then sentences of the network's own
//
// Source: Saitoh, "Deep Learning from Scratch" vol. 2, chapters 6 and 7.
#include <cmath>
#include <cstdio>
#include <string>

#include "sequence/alphabet.hpp"
#include "sequence/exported.hpp"
#include "sequence/village.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>
#include <dlfs/io/progress.hpp>

using namespace dlfs;

static const sequence::Alphabet alphabet("\n ,.abcdefghijklmnopqrstuvwxyz");

/// Sentences that the network writes. The largest of logits with Gumbel noise is a class drawn by
/// the probabilities that the logits stand for.
static std::string written(const Sequential<float>& network, Index least, Rng& rng) {
  auto state = initial_state(network, {1, 1});  // (N, T)
  Tensor<float> code({1, 1});                   // of a line break, after which a sentence begins
  std::string text;
  while (std::ssize(text) < least || text.back() != '\n') {
    const auto logits = predict_step(code, state).reshape({alphabet.size()});
    const auto noise = -log(-log(random_uniform<float>({alphabet.size()}, rng)));
    const Index drawn = argmax(logits + noise, 0).item();
    text += alphabet[drawn];
    code(0, 0) = static_cast<float>(drawn);
  }
  return text;
}

static void run(const examples::Options& options) {
  const sequence::Village told(options.quick ? 10'000 : 200'000, Rng(1)), unread(20'000, Rng(2));
  Rng rng(options.seed);
  Sequential<float> network{
      {"embedding", Embedding<float>({.count = alphabet.size(), .features = 16}, Normal{1}, rng)},
      {"lstm", Lstm<float>({.in = 16, .hidden = 128}, rng)},
      {"linear", Linear<float>({.in = 128, .out = alphabet.size()}, Xavier{}, rng)},
      {"classes", Permute<float>({0, 2, 1})}};  // (N, T, C) -> (N, C, T)
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(),
                  {.epochs = options.epochs,
                   .batch_size = options.batch_size,
                   .seed = options.seed,
                   .evaluate_training_data = false,
                   .clip_norm = 1});
  const auto train = alphabet.windows(told.text(), 100);
  // One window: the network reads the unread text from its beginning to its end.
  const auto test = alphabet.windows(unread.text(), std::ssize(unread.text()) - 1);
  const Index steps = options.epochs * ((train.size() - 1) / options.batch_size + 1);
  trainer.schedule(OneCycle{.peak = 0.01, .steps = steps});
  if (options.flag) {
    sequence::export_training(options.out, network, train, test, options.epochs, options.batch_size,
                              options.seed);
  }
  show_progress(trainer);
  trainer.fit(train, test);

  const double loss = trainer.history().epochs.back().validation_loss;
  std::printf("perplexity: %.4f, the grammar's: %.4f\n", std::exp(loss), unread.perplexity());
  std::printf("%s", written(network, 400, rng).c_str());
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "A model of characters",
       .epochs = 20,
       .batch_size = 20,
       .seed = 1,
       .flag = examples::Flag{"--export", "Write weights and data for another library, to --out"},
       .makes_its_data = true},
      run);
}
