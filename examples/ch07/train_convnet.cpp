// Section 7.5: train the simple convolutional network on MNIST.
// Book:    ch07/train_convnet.py (Adam 0.001, batch 100, 20 epochs, 1000 images for accuracy)
// Run:     train_convnet [--init he|book] [--data DIR] [--epochs N] [--weights FILE] [--out DIR];
//          for the committed weights: train_convnet --init book --out examples/ch07; to test
//          weights: train_convnet --weights FILE --epochs 0
// Expect:  about 0.989 test accuracy after 20 epochs on MNIST, 0.985 after 3; params.npz
#include <cstdio>

#include "ch07/simple_convnet.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 7.5: train the simple convolutional network on MNIST",
       .epochs = 20,
       .batch_size = 100,
       .learning_rate = 0.001,
       .weights = "",
       .choices = {{"--init", "Initial weights: He's, or the book's (std 0.01)", {"he", "book"}}}},
      [](const examples::Options& options) {
        const auto digits = examples::load_digits<float>(options);
        Rng rng(options.seed);
        auto network = options.choices.at("--init") == "he"
                           ? simple_convnet<float>(rng)
                           : simple_convnet<float>(rng, {}, Normal{0.01});
        if (!options.weights.empty()) load_weights(options.weights, network);

        if (options.epochs > 0) {
          const History history = examples::train_on_digits(network, digits, options);
          examples::plot_accuracy(history, options.out, 2);

          const auto file = options.out / "params.npz";
          save_weights(file, network);
          std::printf("wrote %s\n", file.c_str());
        }
        std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
      });
}
