#pragma once

#include <algorithm>
#include <cstdio>
#include <vector>

#include "common/network.hpp"
#include "common/optimizer.hpp"

// Book: common/trainer.py.

namespace common {

struct TrainerOptions {
  int epochs = 20;
  Index mini_batch_size = 100;
  Index evaluate_sample_num_per_epoch = 0;  // 0: all
  std::uint64_t seed = 0;                   // of the choice of samples
  bool verbose = true;                      // prints the loss of every step
};

/// Trains a network on random mini-batches. Network, data and optimizer must outlive it.
class Trainer {
 public:
  Trainer(Network& network, const Dataset<double>& train, const Dataset<double>& test,
          Optimizer& optimizer, const TrainerOptions& options)
      : network_(network),
        train_(train),
        test_(test),
        optimizer_(optimizer),
        options_(options),
        rng_(options.seed),
        iter_per_epoch_(std::max<Index>(train.size() / options.mini_batch_size, 1)) {}

  void train_step() {
    const auto batch_mask =
        random_integers<Index>({options_.mini_batch_size}, rng_, 0, train_.size());
    const Array x_batch = take(train_.inputs, batch_mask, 0);
    const Labels t_batch = take(train_.targets, batch_mask, 0);

    optimizer_.update(network_.params, network_.gradient(x_batch, t_batch));

    train_loss_list.push_back(network_.loss(x_batch, t_batch));
    if (options_.verbose) std::printf("train loss:%g\n", train_loss_list.back());
    if (current_iter_ % iter_per_epoch_ == 0) {
      train_acc_list.push_back(accuracy(train_));
      test_acc_list.push_back(accuracy(test_));
      std::printf("=== epoch:%zu, train acc:%g, test acc:%g ===\n", train_acc_list.size(),
                  train_acc_list.back(), test_acc_list.back());
    }
    ++current_iter_;
  }

  /// Returns the accuracy on all test samples.
  double train() {
    for (Index i = 0; i < options_.epochs * iter_per_epoch_; ++i) train_step();
    const double test_acc = network_.accuracy(test_.inputs, test_.targets);
    std::printf("=============== Final Test Accuracy ===============\ntest acc:%g\n", test_acc);
    return test_acc;
  }

  std::vector<double> train_loss_list, train_acc_list, test_acc_list;

 private:
  double accuracy(const Dataset<double>& dataset) {
    const Index all_samples = dataset.size(), some = options_.evaluate_sample_num_per_epoch;
    if (some == 0 || some >= all_samples) return network_.accuracy(dataset.inputs, dataset.targets);
    return network_.accuracy(copy(dataset.inputs.rows(0, some)),
                             copy(dataset.targets.rows(0, some)));
  }

  Network& network_;
  const Dataset<double>& train_;
  const Dataset<double>& test_;
  Optimizer& optimizer_;
  TrainerOptions options_;
  Rng rng_;
  Index iter_per_epoch_;
  Index current_iter_ = 0;
};

}  // namespace common
