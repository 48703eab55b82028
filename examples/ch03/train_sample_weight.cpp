// Section 3.6.2: trains the weights that the book ships for its first network.
// Book:    ch03/sample_weight.pkl (0.9352 test accuracy)
// Run:     train_sample_weight [--data DIR] [--epochs N] [--out DIR]; for the committed weights,
//          on MNIST: train_sample_weight --out examples/ch03
// Expect:  sample_weight.npz, about 0.96 test accuracy
#include <cstdio>

#include "ch03/sample_network.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 3.6.2: train the sample weights",
       .epochs = 5,
       .batch_size = 100,
       .learning_rate = 0.001},
      [](const examples::Options& options) {
        const auto digits = examples::load_digits<float>(options);
        auto network = ch03::sample_network(options.seed);
        Trainer trainer(
            network, SoftmaxCrossEntropy<float>(),
            Adam<float>({.learning_rate = options.learning_rate}),
            {.epochs = options.epochs, .batch_size = options.batch_size, .seed = options.seed});
        examples::show_progress(trainer, options.epochs);
        trainer.fit(digits.train, digits.test);

        const auto file = options.out / "sample_weight.npz";
        save_weights(file, network);
        std::printf("wrote %s\n", file.c_str());
        std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
      });
}
