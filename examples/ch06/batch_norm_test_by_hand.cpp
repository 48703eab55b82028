// Section 6.3.2 by hand: training accuracy with and without batch normalisation.
// Book:    ch06/batch_norm_test.py (first 1000 images, 784-100x5-10, SGD 0.01, batch 100, 20
//          epochs, weights of standard deviation 0.0858)
// Run:     batch_norm_test_by_hand [--weight-init-std X] [--hidden-size N] [--data DIR]
//          [--epochs N] [--seed N] [--out DIR]
// Expect:  batch_norm_test_by_hand.png: with batch normalisation accuracy rises much sooner
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "ch06/hidden_size.hpp"
#include "common/multi_layer_net_extend.hpp"
#include "common/optimizer.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.3.2 by hand: with and without batch normalisation",
       .epochs = 20,
       .batch_size = 100,
       .learning_rate = 0.01,
       .whole = {ch06::hidden_size},
       .real = {{.name = "--weight-init-std",
                 .help = "Standard deviation of the initial weights",
                 .value = std::pow(10, -4.0 * 4 / 15)}}},
      [](const examples::Options& options) {
        const auto train = slice(examples::load_digits<double>(options).train, 0, 1000);
        common::MultiLayerNetExtendOptions net_options{
            .hidden_size_list = ch06::hidden_sizes(5, options),
            .weight_init_std = options.real.at("--weight-init-std")};
        Rng rng(options.seed), same_rng(options.seed);
        common::MultiLayerNetExtend network(net_options, rng);
        net_options.use_batchnorm = true;
        common::MultiLayerNetExtend bn_network(net_options, same_rng);
        common::SGD optimizer(options.learning_rate);

        examples::Series bn_train_accs{.label = "Batch Normalization"};
        examples::Series train_accs{.label = "Normal(without BatchNorm)",
                                    .line = examples::Line::dashed};
        const Index iter_per_epoch = std::max<Index>(train.size() / options.batch_size, 1);
        for (Index i = 0; i < options.epochs * iter_per_epoch; ++i) {
          const auto batch_mask =
              random_integers<Index>({options.batch_size}, rng, 0, train.size());
          const auto x_batch = take(train.inputs, batch_mask, 0);
          const auto t_batch = take(train.targets, batch_mask, 0);
          for (auto* net : {&bn_network, &network}) {
            optimizer.update(net->params, net->gradient(x_batch, t_batch));
          }
          if (i % iter_per_epoch != 0) continue;
          train_accs.y.push_back(network.accuracy(train.inputs, train.targets));
          bn_train_accs.y.push_back(bn_network.accuracy(train.inputs, train.targets));
          std::printf("epoch:%td | %.3f - %.3f\n", i / iter_per_epoch, train_accs.y.back(),
                      bn_train_accs.y.back());
        }
        examples::show({.title = "Training Accuracy",
                        .x_label = "epochs",
                        .y_label = "accuracy",
                        .x_limits = examples::Limits{0, static_cast<double>(options.epochs)},
                        .y_limits = examples::Limits{0, 1},
                        .legend = examples::Legend::lower_right,
                        .series = {bn_train_accs, train_accs}},
                       options.out, "batch_norm_test_by_hand");
      });
}
