// Section 6.1.8 by hand: the optimizers of common/ train the same network on the same mini-batches.
// Book:    ch06/optimizer_compare_mnist.py (784-100x4-10, batch 128, 2000 steps)
// Run:     optimizer_compare_mnist_by_hand [--data DIR] [--steps N] [--hidden-size N] [--seed N]
//          [--out DIR]
// Expect:  optimizer_compare_mnist_by_hand.png: SGD learns slowest, AdaGrad and Adam fastest
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ch06/hidden_size.hpp"
#include "common/multi_layer_net.hpp"
#include "common/optimizer.hpp"
#include "common/util.hpp"
#include "dlfs/io/progress.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using namespace dlfs;

/// One of the optimizers, with the network that it trains.
struct Contestant {
  std::string name;
  std::unique_ptr<common::Optimizer> optimizer;
  examples::Marker marker;
  std::unique_ptr<common::MultiLayerNet> network;
  std::vector<double> train_loss{};
};

static Contestant contestant(std::string name, std::unique_ptr<common::Optimizer> optimizer,
                             examples::Marker marker, const examples::Options& options) {
  Rng rng(options.seed);
  const common::MultiLayerNetOptions sizes{.hidden_size_list = ch06::hidden_sizes(4, options)};
  return {std::move(name), std::move(optimizer), marker,
          std::make_unique<common::MultiLayerNet>(sizes, rng)};
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.1.8 by hand: optimizers compared on MNIST",
       .steps = 2000,
       .batch_size = 128,
       .whole = {ch06::hidden_size}},
      [](const examples::Options& options) {
        const auto train = examples::load_digits<double>(options).train;
        using examples::Marker;
        Contestant contestants[] = {
            contestant("SGD", std::make_unique<common::SGD>(), Marker::circle, options),
            contestant("Momentum", std::make_unique<common::Momentum>(), Marker::cross, options),
            contestant("AdaGrad", std::make_unique<common::AdaGrad>(), Marker::square, options),
            contestant("Adam", std::make_unique<common::Adam>(), Marker::diamond, options)};

        Rng rng = Rng(options.seed).stream(1);
        Progress progress(options.steps, {.label = "training"});
        for (int i = 0; i < options.steps; ++i) {
          const auto batch_mask =
              random_integers<Index>({options.batch_size}, rng, 0, train.size());
          const auto x_batch = take(train.inputs, batch_mask, 0);
          const auto t_batch = take(train.targets, batch_mask, 0);
          for (auto& [name, optimizer, marker, network, train_loss] : contestants) {
            optimizer->update(network->params, network->gradient(x_batch, t_batch));
            train_loss.push_back(network->loss(x_batch, t_batch));
          }
          progress.update(i + 1);
          if (i % 100 != 0) continue;
          progress.clear();
          std::printf("===========iteration:%d===========\n", i);
          for (const Contestant& one : contestants) {
            std::printf("%s:%.4f\n", one.name.c_str(), one.train_loss.back());
          }
        }

        examples::Plot plot{
            .x_label = "iterations", .y_label = "loss", .y_limits = examples::Limits{0, 1}};
        for (const Contestant& one : contestants) {
          plot.series.push_back({.label = one.name,
                                 .y = common::smooth_curve(one.train_loss),
                                 .marker = one.marker,
                                 .marker_every = 100});
        }
        examples::show(plot, options.out, "optimizer_compare_mnist_by_hand");
      });
}
