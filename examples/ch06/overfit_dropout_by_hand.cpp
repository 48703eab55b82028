// Section 6.4.3 by hand: dropout against overfitting.
// Book:    ch06/overfit_dropout.py (300 images, 784-100x6-10, dropout 0.2, 301 epochs, SGD 0.01)
// Run:     overfit_dropout_by_hand [--dropout-ratio X] [--hidden-size N] [--verbose] [--data DIR]
//          [--epochs N] [--seed N] [--out DIR]
// Expect:  overfit_dropout_by_hand.png: both accuracies near each other
#include <cstdio>

#include "ch06/hidden_size.hpp"
#include "common/multi_layer_net_extend.hpp"
#include "common/optimizer.hpp"
#include "common/trainer.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.4.3 by hand: dropout against overfitting",
       .epochs = 301,
       .batch_size = 100,
       .learning_rate = 0.01,
       .whole = {ch06::hidden_size},
       .real = {{.name = "--dropout-ratio",
                 .help = "Ratio of units that are left out",
                 .value = 0.2,
                 .most = 0.99}},
       .has_python_lines = true},
      [](const examples::Options& options) {
        const auto [name, all_train, test] = examples::load_digits<double>(options);
        const auto train = slice(all_train, 0, 300);
        Rng rng(options.seed);
        common::MultiLayerNetExtend network({.hidden_size_list = ch06::hidden_sizes(6, options),
                                             .use_dropout = true,
                                             .dropout_ration = options.real.at("--dropout-ratio")},
                                            rng);
        common::SGD optimizer(options.learning_rate);
        common::Trainer trainer(network, train, test, optimizer,
                                {.epochs = options.epochs,
                                 .mini_batch_size = options.batch_size,
                                 .seed = options.seed,
                                 .verbose = options.verbose});
        const double test_acc = trainer.train();

        examples::plot_accuracy(trainer.train_acc_list, trainer.test_acc_list, 10, options.out,
                                "overfit_dropout_by_hand");
        std::printf("test accuracy: %.4f\n", test_acc);
      });
}
