#pragma once

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "dlfs/data/batches.hpp"
#include "dlfs/data/dataset.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/loss.hpp"
#include "dlfs/optim/optimizer.hpp"
#include "dlfs/train/history.hpp"
#include "dlfs/train/metrics.hpp"

namespace dlfs {

struct TrainerOptions {
  Index epochs = 20;
  Index batch_size = 100;
  std::uint64_t seed = 1;  // of the order of the samples
  Sampling sampling = Sampling::without_replacement;
  /// How many samples of each dataset, from its beginning, are classified after every epoch; 0
  /// stands for all.
  Index evaluation_samples = 0;
};

/// Trains a network on mini-batches: the book's Trainer (common/trainer.py).
///
///   Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 3});
///   trainer.on_epoch([](const EpochRecord& epoch) { ... });
///   const History& history = trainer.fit(train, test);
///
/// Refers to the network, which must outlive it; owns the loss and the optimizer, so that a second
/// `fit` goes on where the first ended.
template <std::floating_point T, class LossType, Optimizer OptimizerType>
  requires Loss<LossType, Labels>
class Trainer {
 public:
  /// @throws ValueError for options that are out of range.
  Trainer(Sequential<T>& network, LossType loss, OptimizerType optimizer,
          const TrainerOptions& options = {})
      : network_(&network),
        loss_(std::move(loss)),
        optimizer_(std::move(optimizer)),
        options_(options) {
    if (options.epochs < 0 || options.batch_size < 1 || options.evaluation_samples < 0) {
      throw ValueError(concat("trainer: expected epochs of at least 0, a batch size of at least 1 ",
                              "and evaluation samples of at least 0, got ", options.epochs, ", ",
                              options.batch_size, " and ", options.evaluation_samples));
    }
  }

  /// Called after every step, or every epoch, in the order of their adding.
  void on_step(std::function<void(const StepRecord&)> callback) {
    step_callbacks_.push_back(std::move(callback));
  }
  void on_epoch(std::function<void(const EpochRecord&)> callback) {
    epoch_callbacks_.push_back(std::move(callback));
  }

  /// From a callback: ends `fit` after the running step or epoch.
  void stop() { stopped_ = true; }

  /// Trains on `train` for the epochs of the options; the last batch of an epoch may be short.
  /// @throws ShapeError where the data does not fit the network; ValueError for a label out of
  /// range, an empty dataset, or a loss that is no longer finite, naming epoch and step.
  const History& fit(const Dataset<T>& train, const Dataset<T>& test) {
    train.check("trainer: training data");
    test.check("trainer: test data");
    BatchSampler sampler(train.size(), options_.batch_size, Rng(options_.seed), options_.sampling);
    stopped_ = false;
    const Index last_epoch = epochs_done_ + options_.epochs;
    while (epochs_done_ < last_epoch && !stopped_) {
      sampler.begin_epoch(epochs_done_);
      EpochRecord record = train_epoch(train, sampler);
      record.train_accuracy = accuracy(*network_, train, evaluation_samples(train));
      record.test_accuracy = accuracy(*network_, test, evaluation_samples(test));
      history_.epochs.push_back(record);
      for (const auto& callback : epoch_callbacks_) callback(record);
    }
    return history_;
  }

  /// One update on one batch; returns the loss before it.
  T step(const Dataset<T>& batch) {
    const T loss = loss_.forward(network_->forward(batch.inputs), batch.targets);
    network_->backward(loss_.backward());
    optimizer_.step(network_->parameters());
    return loss;
  }

  const History& history() const { return history_; }

 private:
  using Clock = std::chrono::steady_clock;

  EpochRecord train_epoch(const Dataset<T>& train, const BatchSampler& sampler) {
    EpochRecord record{.epoch = ++epochs_done_};
    double loss_sum = 0;
    Index samples = 0;
    const auto begin = Clock::now();
    for (Index i = 0; i < sampler.batch_count() && !stopped_; ++i) {
      gather(train, sampler.batch(i), batch_);
      const auto loss = static_cast<double>(step(batch_));
      if (!std::isfinite(loss)) {
        throw ValueError(concat("trainer: the loss is ", loss, " at epoch ", epochs_done_,
                                ", step ", i + 1, "; a lower learning rate may help"));
      }
      history_.step_losses.push_back(loss);
      loss_sum += loss * static_cast<double>(batch_.size());
      samples += batch_.size();
      const StepRecord done{epochs_done_, i + 1, sampler.batch_count(), batch_.size(), loss};
      for (const auto& callback : step_callbacks_) callback(done);
    }
    record.train_loss = loss_sum / static_cast<double>(samples);
    record.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return record;
  }

  Index evaluation_samples(const Dataset<T>& dataset) const {
    const Index wanted = options_.evaluation_samples;
    return wanted == 0 ? dataset.size() : std::min(wanted, dataset.size());
  }

  Sequential<T>* network_;
  LossType loss_;
  OptimizerType optimizer_;
  TrainerOptions options_;
  std::vector<std::function<void(const StepRecord&)>> step_callbacks_;
  std::vector<std::function<void(const EpochRecord&)>> epoch_callbacks_;
  History history_;
  Index epochs_done_ = 0;
  bool stopped_ = false;
  Dataset<T> batch_;
};

}  // namespace dlfs
