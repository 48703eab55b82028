// Section 6.1.8 by hand: the optimizers of common/ train the same network on the same mini-batches.
// Book:    ch06/optimizer_compare_mnist.py (784-100x4-10, batch 128, 2000 steps)
// Run:     optimizer_compare_mnist_by_hand [--data DIR] [--steps N] [--seed N] [--out DIR]
// Expect:  optimizer_compare_mnist_by_hand.png: SGD learns slowest, AdaGrad and Adam fastest
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/multi_layer_net.hpp"
#include "common/optimizer.hpp"
#include "common/util.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.1.8 by hand: optimizers compared on MNIST",
       .steps = 2000,
       .batch_size = 128},
      [](const examples::Options& options) {
        const auto train = examples::load_digits<double>(options).train;

        std::map<std::string, std::unique_ptr<common::Optimizer>> optimizers;
        optimizers["SGD"] = std::make_unique<common::SGD>();
        optimizers["Momentum"] = std::make_unique<common::Momentum>();
        optimizers["AdaGrad"] = std::make_unique<common::AdaGrad>();
        optimizers["Adam"] = std::make_unique<common::Adam>();
        std::map<std::string, std::unique_ptr<common::MultiLayerNet>> networks;
        for (const auto& [key, optimizer] : optimizers) {
          Rng rng(options.seed);
          networks[key] = std::make_unique<common::MultiLayerNet>(
              common::MultiLayerNetOptions{.hidden_size_list = {100, 100, 100, 100}}, rng);
        }

        std::map<std::string, std::vector<double>> train_loss;
        Rng choice = Rng(options.seed).stream(1);
        examples::Progress progress(options.steps, {.label = "training"});
        for (int i = 0; i < options.steps; ++i) {
          const auto batch_mask =
              random_integers<Index>({options.batch_size}, choice, 0, train.size());
          const auto x_batch = take(train.inputs, batch_mask, 0);
          const auto t_batch = take(train.targets, batch_mask, 0);
          for (const auto& [key, optimizer] : optimizers) {
            const auto grads = networks[key]->gradient(x_batch, t_batch);
            optimizer->update(networks[key]->params, grads);
            train_loss[key].push_back(networks[key]->loss(x_batch, t_batch));
          }
          progress.update(i + 1);
          if (i % 100 != 0) continue;
          progress.clear();
          std::printf("===========iteration:%d===========\n", i);
          for (const auto& [key, losses] : train_loss) {
            std::printf("%s:%.4f\n", key.c_str(), losses.back());
          }
        }

        const std::map<std::string, examples::Marker> markers = {
            {"SGD", examples::Marker::circle},
            {"Momentum", examples::Marker::cross},
            {"AdaGrad", examples::Marker::square},
            {"Adam", examples::Marker::diamond}};
        examples::Plot plot{
            .x_label = "iterations", .y_label = "loss", .y_limits = examples::Limits{0, 1}};
        for (const auto& [key, losses] : train_loss) {
          plot.series.push_back({.label = key,
                                 .y = common::smooth_curve(losses),
                                 .marker = markers.at(key),
                                 .marker_every = 100});
        }
        examples::show(plot, options.out, "optimizer_compare_mnist_by_hand");
      });
}
