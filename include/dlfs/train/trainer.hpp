#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
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
#include "dlfs/train/trainer_state.hpp"

DLFS_STRICT_MATH_BEGIN
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
      throw ValueError("trainer: expected epochs of at least 0, a batch size of at least 1, ",
                       "evaluation samples, patience and clip norm of at least 0, got ",
                       options.epochs, ", ", options.batch_size, ", ", options.evaluation_samples,
                       ", ", options.patience, " and ", options.clip_norm);
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

  /// From a callback: ends `fit` after the running step or epoch. An epoch whose steps are not all
  /// done goes on with the next `fit`.
  void stop() { stopped_ = true; }

  /// Trains on `train` for the epochs of the options; the last batch of an epoch may be short.
  /// @throws ShapeError where the data does not fit the network; ValueError for a label out of
  /// range, an empty dataset, or a loss that is no longer finite, naming epoch, step and layer.
  const History& fit(const Dataset<T>& train, const Dataset<T>& test) {
    train.check("trainer: training data");
    test.check("trainer: test data");
    BatchSampler sampler(train.size(), options_.batch_size, Rng(options_.seed), options_.sampling);
    stopped_ = false;
    const Index last_epoch = epochs_done() + options_.epochs;
    while (epochs_done() < last_epoch && !stopped_) {
      train_epoch(train, sampler);
      if (progress_.steps < sampler.batch_count()) break;
      EpochRecord record{.epoch = epochs_done() + 1,
                         .train_loss = progress_.loss_sum / static_cast<double>(progress_.samples),
                         .seconds = progress_.seconds};
      progress_ = {};
      record.train_accuracy = accuracy(*network_, train, evaluation_samples(train));
      record.test_accuracy = accuracy(*network_, test, evaluation_samples(test));
      history_.epochs.push_back(record);
      note_best(record);
      for (const auto& callback : epoch_callbacks_) callback(record);
      if (options_.patience > 0 && epochs_done() - best_.epoch >= options_.patience) stop();
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

  /// What to keep of the training so far, for `restore`; see io/checkpoint.hpp. To be asked in a
  /// callback: `fit` may end with the best weights instead of the last ones.
  TrainerState<T> state() {
    TrainerState<T> state{.seed = options_.seed,
                          .batch_size = options_.batch_size,
                          .values = {},
                          .network_steps = network_->step(),
                          .optimizer = optimizer_.state(),
                          .updates = updates_,
                          .progress = progress_,
                          .history = history_,
                          .best = best_};
    for (const auto* tensor : tensors()) state.values.push_back(*tensor);
    return state;
  }

  /// Goes on from there with the next `fit`, as if there had been no interruption: the network, the
  /// optimizer's kind, the data and the options but `epochs` must be those of then.
  /// @throws ValueError for another seed or batch size, ShapeError for another network.
  void restore(TrainerState<T> state) {
    if (state.seed != options_.seed || state.batch_size != options_.batch_size) {
      throw ValueError("trainer: expected a training with seed ", options_.seed, " and batch size ",
                       options_.batch_size, " to go on with, got ", state.seed, " and ",
                       state.batch_size);
    }
    expect_fitting(state);
    auto value = state.values.begin();
    for (auto* tensor : tensors()) tensor->value = std::move(value++->value);
    network_->set_step(state.network_steps);
    if (state.optimizer.steps > 0) optimizer_.state() = std::move(state.optimizer);
    updates_ = state.updates;
    progress_ = state.progress;
    history_ = std::move(state.history);
    best_ = std::move(state.best);
  }

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

  Index epochs_done() const { return std::ssize(history_.epochs); }

  /// What is left of the running epoch's steps, or all of the next one's.
  void train_epoch(const Dataset<T>& train, BatchSampler& sampler) {
    const Index epoch = epochs_done() + 1;
    sampler.begin_epoch(epoch - 1);
    // Streams of the seed's own generator are the sampler's.
    const Rng rng =
        Rng(options_.seed).stream(~std::uint64_t{0}).stream(static_cast<std::uint64_t>(epoch));
    const double seconds_before = progress_.seconds;
    const auto begin = Clock::now();
    for (Index i = progress_.steps; i < sampler.batch_count() && !stopped_; ++i) {
      gather(train, sampler.batch(i), batch_);
      if (augment_) augment_(batch_.inputs, sampler.batch(i), rng);
      const auto loss = static_cast<double>(forward(batch_));
      if (!detail::is_finite(loss)) throw_not_finite(loss, i + 1);
      update();
      history_.step_losses.push_back(loss);
      progress_.steps = i + 1;
      progress_.samples += batch_.size();
      progress_.loss_sum += loss * static_cast<double>(batch_.size());
      const std::chrono::duration<double> time = Clock::now() - begin;
      progress_.seconds = seconds_before + time.count();
      const StepRecord done{epoch, i + 1, sampler.batch_count(), batch_.size(), loss};
      for (const auto& callback : step_callbacks_) callback(done);
    }
  }

  /// What the network has learned and collected: parameters, then buffers.
  std::vector<NamedTensor<T>*> tensors() {
    std::vector<NamedTensor<T>*> tensors;
    for (NamedTensor<T>* parameter : network_->parameters()) tensors.push_back(parameter);
    for (NamedTensor<T>* buffer : network_->buffers()) tensors.push_back(buffer);
    return tensors;
  }

  void note_best(const EpochRecord& record) {
    if (!(record.test_accuracy > best_.test_accuracy)) return;
    best_ = {record.epoch, record.test_accuracy, {}};
    if (!options_.restore_best) return;
    for (const auto* tensor : tensors()) best_.values.push_back(tensor->value);
  }

  void restore_best() {
    if (best_.values.empty()) return;
    auto value = best_.values.begin();
    for (auto* tensor : tensors()) tensor->value = *value++;
  }

  /// @throws ShapeError unless the first `count` tensors of the network, and no more, are there.
  template <class Tensors>
  void expect_tensors(std::string_view what, const Tensors& values, std::size_t count) {
    const auto expected = tensors();
    bool are_there = values.size() == count;
    for (std::size_t i = 0; are_there && i < count; ++i) {
      are_there = shape_of(values[i]) == expected[i]->value.shape();
    }
    if (are_there) return;
    throw ShapeError("trainer: the ", what, " to go on with are of another network");
  }
  static const Shape& shape_of(const Tensor<T>& tensor) { return tensor.shape(); }
  static const Shape& shape_of(const NamedTensor<T>& tensor) { return tensor.value.shape(); }

  void expect_fitting(const TrainerState<T>& state) {
    const std::size_t parameters = network_->parameters().size();
    const std::size_t everything = parameters + network_->buffers().size();
    expect_tensors("weights", state.values, everything);
    expect_tensors("best weights", state.best.values, state.best.values.empty() ? 0 : everything);
    if (state.optimizer.steps == 0) return;
    if (state.optimizer.moments.size() != optimizer_.state().moments.size()) {
      throw ShapeError("trainer: the training to go on with had another optimizer");
    }
    for (const auto& moment : state.optimizer.moments) {
      expect_tensors("optimizer's moments", moment, parameters);
    }
  }

  [[noreturn]] void throw_not_finite(double loss, Index step) const {
    std::string culprit = "every layer's output was finite";
    bool is_found = false;
    const auto look = [&](const std::string& name, const Tensor<T>& y) {
      bool is_finite = true;
      for (T element : y) is_finite &= detail::is_finite(element);
      if (is_found || is_finite) return;
      culprit = concat("the first layer whose output is not finite is ", name);
      is_found = true;
    };
    for_each_activation(*network_, batch_.inputs, Mode::train, look);
    throw ValueError("trainer: the loss is ", loss, " at epoch ", epochs_done() + 1, ", step ",
                     step, "; ", culprit, "; a lower learning rate may help");
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
  EpochProgress progress_;
  BestEpoch<T> best_;
  std::function<double(Index)> learning_rate_;
  std::function<void(TensorView<T>, std::span<const Index>, const Rng&)> augment_;
  Index updates_ = 0;
  bool stopped_ = false;
  Dataset<T> batch_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
