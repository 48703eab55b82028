// Section 7.5 by hand: train the simple convolutional network on MNIST.
// Book:    ch07/train_convnet.py (Adam 0.001, batch 100, 20 epochs, 1000 images for accuracy)
// Run:     train_convnet_by_hand [--filter-num N] [--filter-size N] [--pad N] [--stride N]
//          [--hidden-size N] [--weight-init-std X] [--verbose] [--data DIR] [--epochs N]
//          [--weights FILE] [--out DIR]; to test weights: train_convnet_by_hand --weights FILE
//          --epochs 0
// Expect:  about 0.989 test accuracy after 20 epochs on MNIST; params.npz and
//          accuracy_by_hand.png
#include <cstdio>

#include "ch07/simple_convnet_by_hand.hpp"
#include "common/optimizer.hpp"
#include "common/params.hpp"
#include "common/trainer.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 7.5 by hand: train the simple convolutional network on MNIST",
       .epochs = 20,
       .batch_size = 100,
       .learning_rate = 0.001,
       .weights = "",
       .whole = {{.name = "--filter-num", .help = "Filters", .value = 30},
                 {.name = "--filter-size", .help = "Height and width of a filter", .value = 5},
                 {.name = "--pad", .help = "Zeros around an image", .value = 0, .least = 0},
                 {.name = "--stride", .help = "Distance of two windows", .value = 1},
                 {.name = "--hidden-size", .help = "Units of the hidden layer", .value = 100}},
       .real = {{.name = "--weight-init-std",
                 .help = "Standard deviation of the initial weights",
                 .value = 0.01}},
       .has_python_lines = true},
      [](const examples::Options& options) {
        const auto [name, train, test] = examples::load_digits<double>(options);
        Rng rng(options.seed);
        ch07::SimpleConvNet network({.filter_num = options.whole.at("--filter-num"),
                                     .filter_size = options.whole.at("--filter-size"),
                                     .pad = options.whole.at("--pad"),
                                     .stride = options.whole.at("--stride"),
                                     .hidden_size = options.whole.at("--hidden-size"),
                                     .weight_init_std = options.real.at("--weight-init-std")},
                                    rng);
        if (!options.weights.empty()) common::load_params(options.weights, network.params);

        if (options.epochs == 0) {
          std::printf("test accuracy: %.4f\n", network.accuracy(test.inputs, test.targets));
          return;
        }

        common::Adam optimizer(options.learning_rate);
        common::Trainer trainer(network, train, test, optimizer,
                                {.epochs = options.epochs,
                                 .mini_batch_size = options.batch_size,
                                 .evaluate_sample_num_per_epoch = 1000,
                                 .seed = options.seed,
                                 .verbose = options.verbose});
        const double test_acc = trainer.train();

        common::save_params(options.out / "params.npz", network.params);
        std::printf("Saved Network Parameters!\n");
        examples::plot_accuracy(trainer.train_acc_list, trainer.test_acc_list, 2, options.out,
                                "accuracy_by_hand");
        std::printf("test accuracy: %.4f\n", test_acc);
      });
}
