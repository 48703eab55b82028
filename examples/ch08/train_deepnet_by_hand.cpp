// Section 8.1.1 by hand: train the deep convolutional network on MNIST.
// Book:    ch08/train_deepnet.py (Adam 0.001, batch 100, 20 epochs, 1000 images for accuracy)
// Run:     train_deepnet_by_hand [--hidden-size N] [--dropout-ratio X] [--verbose] [--data DIR]
//          [--epochs N] [--weights FILE] [--out DIR]; to test weights: train_deepnet_by_hand
//          --weights FILE --epochs 0
// Expect:  about 0.993 test accuracy after 20 epochs on MNIST; deep_convnet_params.npz
#include <cstdio>

#include "ch08/deep_convnet_by_hand.hpp"
#include "common/optimizer.hpp"
#include "common/params.hpp"
#include "common/trainer.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.1.1 by hand: train the deep convolutional network on MNIST",
       .epochs = 20,
       .batch_size = 100,
       .learning_rate = 0.001,
       .weights = "",
       .whole = {{.name = "--hidden-size", .help = "Units of the hidden layer", .value = 50}},
       .real = {{.name = "--dropout-ratio",
                 .help = "Ratio of units that are left out",
                 .value = 0.5,
                 .most = 0.99}},
       .has_python_lines = true},
      [](const examples::Options& options) {
        auto [name, train, test] = examples::load_digits<double>(options);
        if (options.quick) train = slice(train, 0, 300);
        Rng rng(options.seed);
        ch08::DeepConvNet network(rng, options.real.at("--dropout-ratio"),
                                  options.whole.at("--hidden-size"));
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

        common::save_params(options.out / "deep_convnet_params.npz", network.params);
        std::printf("Saved Network Parameters!\n");
        std::printf("test accuracy: %.4f\n", test_acc);
      });
}
