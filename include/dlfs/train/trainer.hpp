#pragma once

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/data/batches.hpp"
#include "dlfs/data/dataset.hpp"
#include "dlfs/net/activations.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/loss.hpp"
#include "dlfs/optim/clip_gradients.hpp"
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
  /// Epochs in a row without a better test accuracy after which the training ends; 0 for never.
  Index patience = 0;
  /// End with the weights of the epoch whose test accuracy was the best, the first of equals.
  bool restore_best = false;
  double clip_norm = 0;  // the gradients' norm is cut down to it; 0 for never
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
    if (options.epochs < 0 || options.batch_size < 1 || options.evaluation_samples < 0 ||
        options.patience < 0 || !(options.clip_norm >= 0)) {
      throw ValueError(
          concat("trainer: expected epochs of at least 0, a batch size of at least 1, ",
                 "evaluation samples, patience and clip norm of at least 0, got ", options.epochs,
                 ", ", options.batch_size, ", ", options.evaluation_samples, ", ", options.patience,
                 " and ", options.clip_norm));
    }
  }

  /// Called after every step, or every epoch, in the order of their adding.
  void on_step(std::function<void(const StepRecord&)> callback) {
    step_callbacks_.push_back(std::move(callback));
  }
  void on_epoch(std::function<void(const EpochRecord&)> callback) {
    epoch_callbacks_.push_back(std::move(callback));
  }

  /// Sets the learning rate before every update, by the number of updates so far; see
  /// schedules.hpp.
  void schedule(std::function<double(Index)> learning_rate) {
    learning_rate_ = std::move(learning_rate);
  }

  /// Has every batch changed before the network sees it, in training only: by an Augmentation, or
  /// by any f(images, the numbers of their samples, a generator of the epoch).
  void augment(std::function<void(TensorView<T>, std::span<const Index>, const Rng&)> change) {
    augment_ = std::move(change);
  }

  /// From a callback: ends `fit` after the running step or epoch.
  void stop() { stopped_ = true; }

  /// Trains on `train` for the epochs of the options; the last batch of an epoch may be short.
  /// @throws ShapeError where the data does not fit the network; ValueError for a label out of
  /// range, an empty dataset, or a loss that is no longer finite, naming epoch, step and layer.
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
      note_best(record);
      for (const auto& callback : epoch_callbacks_) callback(record);
      if (options_.patience > 0 && epochs_done_ - best_.epoch >= options_.patience) stop();
    }
    if (options_.restore_best) restore_best();
    return history_;
  }

  /// One update on one batch; returns the loss before it.
  T step(const Dataset<T>& batch) {
    const T loss = forward(batch);
    update();
    return loss;
  }

  const History& history() const { return history_; }

  OptimizerType& optimizer() { return optimizer_; }

 private:
  using Clock = std::chrono::steady_clock;

  T forward(const Dataset<T>& batch) {
    return loss_.forward(network_->forward(batch.inputs), batch.targets);
  }

  void update() {
    network_->backward(loss_.backward());
    if (options_.clip_norm > 0) clip_gradient_norm(network_->parameters(), options_.clip_norm);
    if (learning_rate_) optimizer_.options().learning_rate = learning_rate_(updates_);
    ++updates_;
    optimizer_.step(network_->parameters());
  }

  EpochRecord train_epoch(const Dataset<T>& train, const BatchSampler& sampler) {
    EpochRecord record{.epoch = ++epochs_done_};
    double loss_sum = 0;
    Index samples = 0;
    // Streams of the seed's own generator are the sampler's, by the epoch.
    const Rng rng = Rng(options_.seed)
                        .stream(~std::uint64_t{0})
                        .stream(static_cast<std::uint64_t>(record.epoch));
    const auto begin = Clock::now();
    for (Index i = 0; i < sampler.batch_count() && !stopped_; ++i) {
      gather(train, sampler.batch(i), batch_);
      if (augment_) augment_(batch_.inputs, sampler.batch(i), rng);
      const auto loss = static_cast<double>(forward(batch_));
      if (!std::isfinite(loss)) throw_not_finite(loss, i + 1);
      update();
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

  /// The network's state after its best epoch.
  struct Best {
    Index epoch = 0;
    double accuracy = -1;
    std::vector<Tensor<T>> values;  // of all parameters, then all buffers
  };

  void note_best(const EpochRecord& record) {
    if (!(record.test_accuracy > best_.accuracy)) return;
    best_.epoch = record.epoch;
    best_.accuracy = record.test_accuracy;
    best_.values.clear();
    if (!options_.restore_best) return;
    for (const auto* parameter : network_->parameters()) best_.values.push_back(parameter->value);
    for (const auto* buffer : network_->buffers()) best_.values.push_back(buffer->value);
  }

  void restore_best() {
    if (best_.values.empty()) return;
    auto value = best_.values.begin();
    for (auto* parameter : network_->parameters()) parameter->value = *value++;
    for (auto* buffer : network_->buffers()) buffer->value = *value++;
  }

  [[noreturn]] void throw_not_finite(double loss, Index step) const {
    std::string culprit = "every layer's output was finite";
    for (const NamedTensor<T>& output : activations(*network_, batch_.inputs, Mode::train)) {
      if (as_array(output.value).isFinite().all()) continue;
      culprit = concat("the first layer whose output is not finite is ", output.name);
      break;
    }
    throw ValueError(concat("trainer: the loss is ", loss, " at epoch ", epochs_done_, ", step ",
                            step, "; ", culprit, "; a lower learning rate may help"));
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
  Best best_;
  std::function<double(Index)> learning_rate_;
  std::function<void(TensorView<T>, std::span<const Index>, const Rng&)> augment_;
  Index epochs_done_ = 0;
  Index updates_ = 0;
  bool stopped_ = false;
  Dataset<T> batch_;
};

}  // namespace dlfs
