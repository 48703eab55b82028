// Several labels of one picture: is the digit even, prime, at least 5, and does it have a loop?
// Run:     multi_label [--data DIR] [--epochs N] [--batch-size N] [--seed N]
// Expect:  the fraction of the four answers to each of MNIST's test images that is right
#include <cstdio>

#include "support/digits.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>
#include <dlfs/io/progress.hpp>

using namespace dlfs;

/// Digits with their four answers, 0 or 1, as targets.
static Dataset<float, Tensor<float>> with_answers(const Dataset<float>& digits) {
  const auto answers = array<float>({{1, 0, 1, 0, 1, 0, 1, 0, 1, 0},    // even
                                     {0, 0, 1, 1, 0, 1, 0, 1, 0, 0},    // prime
                                     {0, 0, 0, 0, 0, 1, 1, 1, 1, 1},    // at least 5
                                     {1, 0, 0, 0, 0, 0, 1, 0, 1, 1}});  // has a loop
  return {digits.inputs, take(copy(answers.transpose()), digits.targets, 0)};
}

static void run(const examples::Options& options) {
  const auto digits = examples::load_digits<float>(options);
  Rng rng(options.seed);
  Sequential<float> network{{"affine1", Affine<float>({.in = 784, .out = 200}, He{}, rng)},
                            {"relu1", Relu<float>()},
                            {"affine2", Affine<float>({.in = 200, .out = 4}, Xavier{}, rng)}};
  Trainer trainer(network, BinaryCrossEntropy<float>(), Adam<float>(),
                  {.epochs = options.epochs, .batch_size = options.batch_size});
  trainer.metric("accuracy", binary_accuracy<float>);
  show_progress(trainer);
  const auto& epochs = trainer.fit(with_answers(digits.train), with_answers(digits.test)).epochs;
  std::printf("test accuracy: %.4f\n", epochs.back().validation("accuracy"));
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Four yes-or-no answers for each digit", .epochs = 10, .batch_size = 100},
      run);
}
