// Section 7.5: train the simple convolutional network on MNIST.
// Book:    ch07/train_convnet.py (Adam 0.001, batch 100, 20 epochs, 1000 images for accuracy)
// Run:     train_convnet [--init he|book] [--filter-num N] [--filter-size N] [--pad N] [--stride N]
//          [--hidden-size N] [--data DIR] [--epochs N] [--weights FILE] [--out DIR]; for the
//          committed weights: train_convnet --init book --out examples/ch07; to test weights:
//          train_convnet --weights FILE --epochs 0
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
       .choices = {{"--init", "Initial weights: He's, or the book's", {"he", "book"}}},
       .whole = {{.name = "--filter-num", .help = "Filters", .value = 30},
                 {.name = "--filter-size", .help = "Height and width of a filter", .value = 5},
                 {.name = "--pad", .help = "Zeros around an image", .value = 0, .least = 0},
                 {.name = "--stride", .help = "Distance of two windows", .value = 1},
                 {.name = "--hidden-size", .help = "Units of the hidden layer", .value = 100}},
       .real = {{.name = "--weight-init-std",
                 .help = "Standard deviation of --init book",
                 .value = 0.01}},
       .has_python_lines = true},
      [](const examples::Options& options) {
        const auto digits = examples::load_digit_bytes(options);
        Rng rng(options.seed);
        const SimpleConvNetOptions sizes{.filters = options.whole.at("--filter-num"),
                                         .kernel = options.whole.at("--filter-size"),
                                         .padding = options.whole.at("--pad"),
                                         .stride = options.whole.at("--stride"),
                                         .hidden = options.whole.at("--hidden-size")};
        auto network =
            options.choices.at("--init") == "he"
                ? simple_convnet<float>(rng, sizes)
                : simple_convnet<float>(rng, sizes, Normal{options.real.at("--weight-init-std")});
        if (!options.weights.empty()) load_weights(options.weights, network);

        if (options.epochs > 0) {
          const History history = examples::train_on_digits(network, digits, options);
          if (options.verbose) examples::print_final_accuracy(accuracy(network, digits.test));
          examples::plot_accuracy(history, options.out, 2);

          const auto file = options.out / "params.npz";
          save_weights(file, network);
          if (options.verbose) std::puts("Saved Network Parameters!");
          std::printf("wrote %s\n", file.c_str());
        }
        std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
      });
}
