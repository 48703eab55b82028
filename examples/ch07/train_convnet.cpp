// Section 7.5: train the simple convolutional network on MNIST.
// Book:    ch07/train_convnet.py (Adam 0.001, batch 100, 20 epochs; 1000 images judge each epoch)
// Run:     train_convnet [--data DIR] [--epochs N] [--out DIR]
// Expect:  about 0.989 test accuracy after 20 epochs on MNIST, 0.985 after 3
#include <cstdio>

#include "ch07/simple_convnet.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 7.5: train the simple convolutional network on MNIST",
       .epochs = 20,
       .batch_size = 100,
       .learning_rate = 0.001},
      [](const examples::Options& options) {
        const auto digits = examples::load_digits<float>(options);
        Rng rng(options.seed);
        auto network = simple_convnet<float>(rng);

        Trainer trainer(network, SoftmaxCrossEntropy<float>(),
                        Adam<float>({.learning_rate = options.learning_rate}),
                        {.epochs = options.epochs,
                         .batch_size = options.batch_size,
                         .seed = options.seed,
                         .evaluation_samples = 1000});
        examples::show_progress(trainer, options.epochs);
        const History& history = trainer.fit(digits.train, digits.test);

        examples::plot_accuracy(history, options.out, 2);
        std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
      });
}
