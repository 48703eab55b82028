// Section 4.5: train a two-layer network on mini-batches by gradient descent.
// Book:    ch04/train_neuralnet.py, train_neuralnet_2.py (784-50-10, rate 0.1, batch 100, 10,000
//          steps; an epoch is 600 steps)
// Run:     train_neuralnet [--hidden-size N] [--weight-init-std X] [--data DIR] [--steps N]
//          [--numerical-gradient] [--out DIR]
// Expect:  about 0.947 test accuracy on MNIST; loss.png and accuracy.png. A step takes 1.2 ms, with
//          the numerical gradient 20 s, which makes 55 hours for 10,000 steps
#include <algorithm>
#include <cstdio>

#include "ch04/two_layer_net.hpp"
#include "dlfs/io/progress.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using namespace dlfs;

static Dataset<double> flattened(Dataset<double> digits) {
  return {std::move(digits.inputs).reshape({-1, 784}), std::move(digits.targets)};
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 4.5: train a two-layer network",
       .steps = 10000,
       .batch_size = 100,
       .learning_rate = 0.1,
       .flag = examples::Flag{"--numerical-gradient",
                              "Central differences: about 17,000 times as slow"},
       .whole = {{.name = "--hidden-size", .help = "Units of the hidden layer", .value = 50}},
       .real = {{.name = "--weight-init-std",
                 .help = "Standard deviation of the initial weights",
                 .value = 0.01}}},
      [](const examples::Options& options) {
        auto [name, digits_train, digits_test] = examples::load_digits<double>(options);
        const auto train = flattened(std::move(digits_train));
        const auto test = flattened(std::move(digits_test));
        const Rng rng(options.seed);
        auto rng_of_weights = rng.stream(0);
        ch04::TwoLayerNet network(784, options.whole.at("--hidden-size"), 10, rng_of_weights,
                                  options.real.at("--weight-init-std"));

        BatchSampler sampler(train.size(), options.batch_size, rng.stream(1),
                             {.sampling = BatchSampler::Sampling::with_replacement});
        Dataset<double> batch;
        examples::Series losses;
        examples::Series train_accuracies{.label = "train acc"};
        examples::Series test_accuracies{.label = "test acc", .line = examples::Line::dashed};
        Progress progress(options.steps, {.label = "training"});
        for (int step = 0; step < options.steps; ++step) {
          const Index step_of_epoch = step % sampler.batch_count();
          if (step_of_epoch == 0) sampler.begin_epoch(step / sampler.batch_count());
          train.take(sampler.batch(step_of_epoch), batch);

          const auto gradient = options.flag
                                    ? network.numerical_gradient(batch.inputs, batch.targets)
                                    : network.gradient(batch.inputs, batch.targets);
          for (auto& [key, param] : network.params) {
            param -= options.learning_rate * gradient.at(key);
          }
          losses.y.push_back(network.loss(batch.inputs, batch.targets));
          progress.update(step + 1, losses.y.back());

          if (step_of_epoch == 0) {
            progress.clear();
            train_accuracies.y.push_back(network.accuracy(train.inputs, train.targets));
            test_accuracies.y.push_back(network.accuracy(test.inputs, test.targets));
            std::printf("train acc, test acc | %s, %s\n",
                        str_cat(train_accuracies.y.back()).c_str(),
                        str_cat(test_accuracies.y.back()).c_str());
          }
        }
        progress.clear();

        examples::show({.x_label = "iteration",
                        .y_label = "loss",
                        .x_limits = examples::Limits{0, static_cast<double>(options.steps)},
                        .y_limits = examples::Limits{0, 9},
                        .series = {losses}},
                       options.out, "loss");
        examples::show({.x_label = "epochs",
                        .y_label = "accuracy",
                        .x_limits = examples::Limits{0, 16},
                        .y_limits = examples::Limits{0, 1},
                        .legend = examples::Legend::lower_right,
                        .series = {train_accuracies, test_accuracies}},
                       options.out, "accuracy");
        std::printf("test accuracy: %.4f\n", network.accuracy(test.inputs, test.targets));
      });
}
