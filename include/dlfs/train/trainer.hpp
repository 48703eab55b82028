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

#include "dlfs/core/option.hpp"
#include "dlfs/core/rounded.hpp"
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
  BatchSampler::Sampling sampling = BatchSampler::Sampling::without_replacement;
  /// How many samples of each dataset, from its beginning, are classified after every epoch; 0
  /// stands for all.
  Index evaluation_samples = 0;
  /// Epochs in a row without a better test accuracy after which the training ends; 0 for never.
  Index patience = 0;
  /// End with the weights of the epoch whose test accuracy was the best, the first of equals.
  bool restore_best = false;
  double clip_norm = 0;  // the gradients' norm is cut down to it; 0 for never

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("trainer", "epochs", epochs, detail::at_least(0));
    detail::expect_option("trainer", "batch_size", batch_size, detail::at_least(1));
    detail::expect_option("trainer", "evaluation_samples", evaluation_samples, detail::at_least(0));
    detail::expect_option("trainer", "patience", patience, detail::at_least(0));
    detail::expect_option("trainer", "clip_norm", clip_norm, detail::at_least(0));
  }
};

namespace detail {

/// What compilers say of a network that is const or a temporary.
struct trainer_changes_a_network_that_outlives_it;

template <class L, class T>
concept LossOf = Loss<L, Labels> && std::same_as<typename L::Scalar, T>;
template <class O, class T>
concept OptimizerOf = Optimizer<O> && std::same_as<typename O::Scalar, T>;

}  // namespace detail

/// Trains a network on mini-batches: the book's Trainer (common/trainer.py).
///
///   Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 3});
///   trainer.on_epoch([](const EpochRecord& epoch) { ... });
///   const History& history = trainer.fit(train, test);
///
/// Refers to the network, which must outlive it; owns the loss and the optimizer, so that a second
/// `fit` goes on where the first ended.
template <std::floating_point T, class LossType, class OptimizerType>
class Trainer {
 public:
  /// @throws ValueError for options that are out of range.
  Trainer(Sequential<T>& network, LossType loss, OptimizerType optimizer,
          const TrainerOptions& options =
              {}) requires(detail::LossOf<LossType, T>&& detail::OptimizerOf<OptimizerType, T>)
      : network_(&network),
        loss_(std::move(loss)),
        optimizer_(std::move(optimizer)),
        options_(detail::checked(options)) {}

  template <class Reason = detail::trainer_changes_a_network_that_outlives_it>
  Trainer(const Sequential<T>&, LossType, OptimizerType, const TrainerOptions& = {}) = delete;
  DLFS_REFUSED(
      "a trainer's loss compares the network's output with Labels, as SoftmaxCrossEntropy<T> "
      "does for elements T of the network; other targets need a loop of one's own. It has Scalar, "
      "T forward(const Tensor<T>& y, const Labels&) and const Tensor<T>& backward()")
  Trainer(Sequential<T>&, LossType, OptimizerType,
          const TrainerOptions& = {}) requires(!detail::LossOf<LossType, T>);
  DLFS_REFUSED(
      "a trainer's optimizer has the element type of the network, as Adam<float> of a float one")
  Trainer(Sequential<T>&, LossType, OptimizerType, const TrainerOptions& = {}) requires(
      detail::LossOf<LossType, T>&& Optimizer<OptimizerType> &&
      !detail::OptimizerOf<OptimizerType, T>);
  DLFS_REFUSED(
      "an optimizer has Scalar, step(std::span<Parameter<Scalar>* const>) and options() with a "
      "double learning_rate")
  Trainer(Sequential<T>&, LossType, OptimizerType,
          const TrainerOptions& = {}) requires(detail::LossOf<LossType, T> &&
                                               !Optimizer<OptimizerType>);

  /// Called after every step, or every epoch, in the order of their adding.
  /// @throws ValueError for an empty function, or from a callback.
  void on_step(std::function<void(const StepRecord&)> callback) {
    expect_not_fitting("on_step");
    if (!callback) throw ValueError("trainer: on_step got an empty function");
    step_callbacks_.push_back(std::move(callback));
  }
  void on_epoch(std::function<void(const EpochRecord&)> callback) {
    expect_not_fitting("on_epoch");
    if (!callback) throw ValueError("trainer: on_epoch got an empty function");
    epoch_callbacks_.push_back(std::move(callback));
  }

  /// Sets the learning rate before every update, by the number of updates so far; see
  /// schedules.hpp. @throws ValueError for one of these whose options are out of their range.
  template <class Schedule = std::function<double(Index)>>
    requires(std::convertible_to<Schedule, std::function<double(Index)>>)
  void schedule(Schedule learning_rate) {
    if constexpr (requires { learning_rate.check(); }) learning_rate.check();
    learning_rate_ = std::move(learning_rate);
  }
  template <class Other>
    requires(!std::convertible_to<Other, std::function<double(Index)>>)
  DLFS_REFUSED("a schedule maps the updates so far to a rate: [](Index updates) { return 0.1; }")
  void schedule(const Other&);

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
  /// range, an empty dataset, other data than those of an epoch that is not done, a call from a
  /// callback, or a loss that is no longer finite, naming epoch, step and what is not finite.
  const History& fit(const Dataset<T>& train, const Dataset<T>& test) & {
    expect_not_fitting("fit");
    train.check("trainer: training data");
    test.check("trainer: test data");
    BatchSampler sampler(train.size(), options_.batch_size, Rng(options_.seed), options_.sampling);
    expect_classes("training data", train);
    expect_classes("test data", test);
    if (progress_.steps > sampler.batch_count()) {
      throw ValueError("trainer: the running epoch has done ", progress_.steps,
                       " steps, but these training data make ", sampler.batch_count());
    }
    const Fitting fitting(*this);
    stopped_ = false;
    const Index last_epoch = detail::checked_sum("trainer: epochs", epochs_done(), options_.epochs);
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
    const Fitting fitting(*this);
    const T loss = forward(batch);
    update();
    return loss;
  }

  const History& history() const& { return history_; }
  const History& history() const&& = delete;

  /// What to keep of the training so far, for `restore`; see io/checkpoint.hpp. To be asked in a
  /// callback: `fit` may end with the best weights instead of the last ones.
  TrainerState<T> state() {
    TrainerState<T> state{.seed = options_.seed,
                          .batch_size = options_.batch_size,
                          .optimizer_kind = std::string(kind_of<OptimizerType>()),
                          .loss_kind = std::string(kind_of<LossType>()),
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
  /// @throws ValueError for another seed or batch size, a count that cannot be, or a call from a
  /// callback; ShapeError for another network, optimizer or loss.
  void restore(TrainerState<T> state) {
    expect_not_fitting("restore");
    if (state.seed != options_.seed || state.batch_size != options_.batch_size) {
      throw ValueError("trainer: expected a training with seed ", options_.seed, " and batch size ",
                       options_.batch_size, " to go on with, got ", state.seed, " and ",
                       state.batch_size);
    }
    expect_fitting(state);
    auto value = state.values.begin();
    for (auto* tensor : tensors()) tensor->value = std::move(value++->value);
    network_->set_step(state.network_steps);
    restore_optimizer(std::move(state.optimizer));
    updates_ = state.updates;
    progress_ = state.progress;
    history_ = std::move(state.history);
    best_ = std::move(state.best);
  }

  OptimizerType& optimizer() & { return optimizer_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// While a network is trained. Its last batch may not live any longer.
  struct Fitting {
    explicit Fitting(Trainer& trainer_)
        : trainer(trainer_), was_fitting(std::exchange(trainer_.is_fitting_, true)) {}
    Fitting(const Fitting&) = delete;
    Fitting& operator=(const Fitting&) = delete;
    ~Fitting() {
      trainer.is_fitting_ = was_fitting;
      trainer.network_->forget();
    }
    Trainer& trainer;
    bool was_fitting;
  };

  void expect_not_fitting(std::string_view function) const {
    if (is_fitting_) throw ValueError("trainer: ", function, " from a callback: fit is running");
  }

  /// What an optimizer or a loss calls itself.
  template <class Part>
  static constexpr std::string_view kind_of() {
    if constexpr (requires { std::string_view(Part::kind); }) {
      return Part::kind;
    } else {
      return "";
    }
  }

  /// Before an epoch is trained, since `accuracy` needs it after that.
  /// @throws ShapeError unless the network gives (N, C); ValueError without a sample, or for a
  /// label outside [0, C).
  void expect_classes(std::string_view what, const Dataset<T>& data) const {
    const Shape scores = network_->output_shape(data.inputs.shape());
    if (scores.rank() != 2 || data.targets.rank() != 1) {
      throw ShapeError("trainer: ", what, ": expected scores (N, C) and labels (N), got ", scores,
                       " and ", data.targets.shape());
    }
    if (data.size() == 0) throw ValueError("trainer: ", what, ": there is no sample");
    for (Index n = 0; n < data.size(); ++n) {
      const std::int32_t label = data.targets.data()[n];
      if (label >= 0 && label < scores[1]) continue;
      throw ValueError("trainer: ", what, ": label ", label, " of sample ", n, " is not in 0..",
                       scores[1] - 1);
    }
  }

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
      if (!detail::is_finite(loss)) throw_not_finite(loss, i + 1, train, sampler.batch(i));
      update();
      history_.step_losses.push_back(loss);
      progress_.steps = i + 1;
      progress_.samples += batch_.size();
      progress_.loss_sum += detail::rounded(loss * static_cast<double>(batch_.size()));
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
    expect_tensors("best weights", best_.values, tensors().size());
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
    const auto expected = tensors();
    for (std::size_t i = 0; i < everything; ++i) {
      if (state.values[i].name == expected[i]->name) continue;
      throw ShapeError("trainer: expected the weights of ", expected[i]->name,
                       " to go on with, got those of ", state.values[i].name);
    }
    for (const Index count : {state.network_steps, state.optimizer.steps, state.updates,
                              state.progress.steps, state.progress.samples}) {
      if (count < 0) throw ValueError("trainer: a count of ", count, " to go on with");
    }
    if (state.best.epoch < 0 || state.best.epoch > state.epochs_done()) {
      throw ValueError("trainer: the best epoch to go on with is ", state.best.epoch, " of ",
                       state.epochs_done());
    }
    const bool has_moments = state.optimizer.steps > 0;
    if (has_moments && state.optimizer.moments.size() != optimizer_.state().moments.size()) {
      throw ShapeError("trainer: the training to go on with had another optimizer");
    }
    for (const auto& moment : state.optimizer.moments) {
      if (has_moments) expect_tensors("optimizer's moments", moment, parameters);
    }
    expect_kind("optimizer", state.optimizer_kind, kind_of<OptimizerType>());
    expect_kind("loss", state.loss_kind, kind_of<LossType>());
  }

  /// Those that do not say what they are fit all.
  static void expect_kind(std::string_view what, std::string_view of_state, std::string_view own) {
    if (of_state.empty() || own.empty() || of_state == own) return;
    throw ShapeError("trainer: the training to go on with had another ", what, ": ", of_state,
                     " in the place of ", own);
  }

  /// Without a step, it begins its moments with the next one.
  void restore_optimizer(OptimizerState<T> state) {
    optimizer_.state().steps = state.steps;
    if (state.steps == 0) return;
    optimizer_.state().moments = std::move(state.moments);
    optimizer_.state().names.clear();
    for (const auto* parameter : network_->parameters()) {
      optimizer_.state().names.push_back(parameter->name);
    }
  }

  /// The first number of a batch that is not finite, in words; empty if all are.
  std::string describe_input(const Dataset<T>& train, std::span<const Index> samples) const {
    const Index row = batch_.inputs.size() / std::max<Index>(batch_.size(), 1);
    for (Index i = 0; i < batch_.inputs.size(); ++i) {
      if (detail::is_finite(batch_.inputs.data()[i])) continue;
      const Index sample = samples[static_cast<std::size_t>(i / row)];
      const bool is_in_data = !detail::is_finite(train.inputs.data()[sample * row + i % row]);
      return concat("number ", i % row, " of sample ", sample, " of the training data is ",
                    batch_.inputs.data()[i], is_in_data ? "" : " after the augmentation");
    }
    return {};
  }

  [[noreturn]] void throw_not_finite(double loss, Index step, const Dataset<T>& train,
                                     std::span<const Index> samples) const {
    if (const std::string input = describe_input(train, samples); !input.empty()) {
      throw ValueError("trainer: the loss is ", loss, " at epoch ", epochs_done() + 1, ", step ",
                       step, "; ", input);
    }
    std::string culprit = "every layer's output was finite";
    bool is_found = false;
    const auto look = [&](const std::string& name, const Tensor<T>& y) {
      bool is_finite = true;
      for (T element : y) is_finite &= detail::is_finite(element);
      if (is_found || is_finite) return;
      culprit = concat("the first layer whose output is not finite is ", name);
      is_found = true;
    };
    for_each_activation(*network_, batch_.inputs, PassMode::train, look);
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
  bool is_fitting_ = false;
  Dataset<T> batch_;
};

// clang 14 does not see which of the constructors the arguments satisfy.
template <std::floating_point T, class LossType, class OptimizerType>
Trainer(Sequential<T>&, LossType, OptimizerType, const TrainerOptions& = {})
    -> Trainer<T, LossType, OptimizerType>;

}  // namespace dlfs
DLFS_STRICT_MATH_END
