// An autoencoder: 784 pixels pass through 32 numbers and come back.
// Run:     autoencoder [--data DIR] [--epochs N] [--batch-size N] [--seed N] [--out DIR]
// Expect:  the mean squared error of MNIST's test images, and autoencoder.png, whose second row
//          repeats the first
//
// Source: Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks"
// (2006).
#include <cstdio>
#include <vector>

#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>
#include <dlfs/io/progress.hpp>

using namespace dlfs;

/// The pixels of digits as inputs and as targets.
static Dataset<float, Tensor<float>> pixels(const Dataset<float>& digits) {
  const auto x = digits.inputs.reshape({digits.size(), 784});
  return {copy(x), copy(x)};
}

static void run(const examples::Options& options) {
  const auto digits = examples::load_digits<float>(options);
  const auto train = pixels(digits.train), test = pixels(digits.test);
  Rng rng(options.seed);
  Sequential<float> network{{"affine1", Affine<float>({.in = 784, .out = 256}, He{}, rng)},
                            {"relu1", Relu<float>()},
                            {"code", Affine<float>({.in = 256, .out = 32}, Xavier{}, rng)},
                            {"affine2", Affine<float>({.in = 32, .out = 256}, He{}, rng)},
                            {"relu2", Relu<float>()},
                            {"pixels", Affine<float>({.in = 256, .out = 784}, Xavier{}, rng)}};
  Trainer trainer(network, BinaryCrossEntropy<float>(), Adam<float>(),
                  {.epochs = options.epochs, .batch_size = options.batch_size});
  show_progress(trainer);
  trainer.fit(train, test);

  const auto output = sigmoid(network.predict(test.inputs));
  std::vector<examples::Plot> tiles;
  for (const auto& pictures : {test.inputs.view(), output.view()}) {
    for (Index n = 0; n < 10; ++n) {
      tiles.push_back({.image = -cast<double>(pictures[n].reshape({28, 28}))});
    }
  }
  examples::show(tiles, 10, options.out, "autoencoder");
  std::printf("mean squared error: %.4f\n", mean(square(output - test.targets)));
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "An autoencoder of 32 numbers for 784 pixels",
                                .epochs = 20,
                                .batch_size = 100},
                               run);
}
