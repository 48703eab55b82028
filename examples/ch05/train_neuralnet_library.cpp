// Section 5.7.4 with the layers of the library: train the two-layer network.
// Book:    ch05/train_neuralnet.py (784-50-10, rate 0.1, batch 100, 10,000 steps)
// Run:     train_neuralnet_library [--hidden-size N] [--weight-init-std X] [--data DIR] [--steps N]
// Expect:  about 0.97 test accuracy on MNIST
#include <cstdio>

#include "ch05/two_layer_net_library.hpp"
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
        const auto digits = examples::load_digits<float>(options);
        const Rng rng(options.seed);
        auto rng_of_weights = rng.stream(0);
        auto network =
            ch05::two_layer_net<float>(784, options.whole.at("--hidden-size"), 10, rng_of_weights,
                                       options.real.at("--weight-init-std"));
        SoftmaxCrossEntropy<float> loss;
        Sgd<float> optimizer({.learning_rate = options.learning_rate});

        BatchSampler sampler(digits.train.size(), options.batch_size, rng.stream(1),
                             {.sampling = BatchSampler::Sampling::with_replacement});
        Dataset<float> batch;
        Progress progress(options.steps, {.label = "training"});
        for (int step = 0; step < options.steps; ++step) {
          const Index step_of_epoch = step % sampler.batch_count();
          if (step_of_epoch == 0) sampler.begin_epoch(step / sampler.batch_count());
          digits.train.take(sampler.batch(step_of_epoch), batch);

          const float value = loss.forward(network.forward(batch.inputs), batch.targets);
          network.backward(loss.backward());
          optimizer.step(network.parameters());
          progress.update(step + 1, value);

          if (step_of_epoch == 0) {
            progress.clear();
            std::printf("%.4f %.4f\n", accuracy(network, digits.train),
                        accuracy(network, digits.test));
          }
        }
        progress.clear();
        std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
      });
}
