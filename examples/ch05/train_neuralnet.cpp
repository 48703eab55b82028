// Section 5.7.4: train the two-layer network by backpropagation.
// Book:    ch05/train_neuralnet.py (784-50-10, rate 0.1, batch 100, 10,000 steps)
// Run:     train_neuralnet [--hidden-size N] [--weight-init-std X] [--data DIR] [--steps N]
// Expect:  about 0.97 test accuracy on MNIST
#include <algorithm>
#include <cstdio>

#include "ch05/two_layer_net.hpp"
#include "dlfs/io/progress.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 5.7.4: train the two-layer network by backpropagation",
       .steps = 10000,
       .batch_size = 100,
       .learning_rate = 0.1,
       .whole = {{.name = "--hidden-size", .help = "Units of the hidden layer", .value = 50}},
       .real = {{.name = "--weight-init-std",
                 .help = "Standard deviation of the initial weights",
                 .value = 0.01}}},
      [](const examples::Options& options) {
        const auto [name, train, test] = examples::load_digits<double>(options);
        Rng rng(options.seed);
        ch05::TwoLayerNet network(784, options.whole.at("--hidden-size"), 10, rng,
                                  options.real.at("--weight-init-std"));

        const Index iter_per_epoch = std::max<Index>(train.size() / options.batch_size, 1);
        Progress progress(options.steps, {.label = "training"});
        for (int i = 0; i < options.steps; ++i) {
          const auto batch_mask =
              random_integers<Index>({options.batch_size}, rng, 0, train.size());
          const auto x_batch = take(train.inputs, batch_mask, 0);
          const auto t_batch = take(train.targets, batch_mask, 0);

          const auto grad = network.gradient(x_batch, t_batch);
          for (auto& [key, param] : network.params) param -= options.learning_rate * grad.at(key);
          progress.update(i + 1, network.loss(x_batch, t_batch));

          if (i % iter_per_epoch == 0) {
            progress.clear();
            std::printf("%.4f %.4f\n", network.accuracy(train.inputs, train.targets),
                        network.accuracy(test.inputs, test.targets));
          }
        }
        progress.clear();
        std::printf("test accuracy: %.4f\n", network.accuracy(test.inputs, test.targets));
      });
}
