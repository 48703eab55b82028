#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/data/batches.hpp"
#include "dlfs/data/dataset.hpp"
#include "dlfs/data/loader.hpp"
#include "dlfs/data/source.hpp"
#include "dlfs/net/activations.hpp"
#include "dlfs/net/neural_network.hpp"
#include "dlfs/nn/loss.hpp"
#include "dlfs/optim/clip_gradients.hpp"
#include "dlfs/optim/optimizer.hpp"
#include "dlfs/optim/schedules.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/train/evaluation.hpp"
#include "dlfs/train/history.hpp"
#include "dlfs/train/metrics.hpp"
#include "dlfs/train/trainer_state.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Trainer.
struct TrainerOptions {
  Index epochs = 20;       ///< how many epochs a call of `fit` trains
  Index batch_size = 100;  ///< samples in a batch
  std::uint64_t seed = 1;  ///< seed of the order of the samples
  /// How batches are drawn.
  BatchSampler::Sampling sampling = BatchSampler::Sampling::without_replacement;
  bool drop_last = false;  ///< leaves out the samples that would make a smaller last batch
  /// For each sample, a number to which its chance is proportional; see BatchSamplerOptions.
  Tensor<double> sampling_weights{};
  Index accumulate = 1;      ///< batches whose gradients make one update, as if they were one batch
  Index loader_threads = 0;  ///< threads that prepare the next batches; see LoaderOptions
  /// The number of samples of each dataset, from its start, that are evaluated after every epoch; 0
  /// means all.
  Index evaluation_samples = 0;
  bool evaluate_training_data = true;  ///< whether metrics are computed on the training data, too
  /// Evaluates also after the very first update: as epoch 0 in the history.
  bool evaluate_first_step = false;
  /// What patience, restore_best and a schedule of values watch: "loss" or a metric's name, on the
  /// validation data if there are any, else on the training data. Empty: accuracy for labels, loss
  /// for other targets.
  std::string monitor{};
  /// Number of consecutive epochs without a better value that ends the training; 0: never.
  Index patience = 0;
  /// At the end, restores the weights of the first epoch with the best value.
  bool restore_best = false;
  double clip_norm = 0;  ///< maximum norm of the gradients; 0 for no clipping

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("trainer", "epochs", epochs, detail::at_least(0));
    detail::expect_option("trainer", "batch_size", batch_size, detail::at_least(1));
    detail::expect_option("trainer", "accumulate", accumulate, detail::at_least(1));
    detail::expect_option("trainer", "loader_threads", loader_threads, detail::between(0, 1024));
    detail::expect_option("trainer", "evaluation_samples", evaluation_samples, detail::at_least(0));
    detail::expect_option("trainer", "patience", patience, detail::at_least(0));
    detail::expect_option("trainer", "clip_norm", clip_norm, detail::at_least(0));
  }
};

namespace detail {

/// What compilers say of a network that is const or a temporary.
struct trainer_changes_a_network_that_outlives_it;

template <class L, class T>
auto targets_of() {
  if constexpr (requires { typename L::Targets; }) {
    return std::type_identity<typename L::Targets>();
  } else if constexpr (Loss<L, Labels>) {
    return std::type_identity<Labels>();
  } else {
    return std::type_identity<Tensor<T>>();
  }
}

/// The targets of a loss: `Targets` if it has such a type, else Labels if it takes them, else
/// Tensor<T>.
template <class L, class T>
using TargetsOf = typename decltype(targets_of<L, T>())::type;

template <class L, class T>
concept LossOf = Loss<L, TargetsOf<L, T>> && std::same_as<typename L::Scalar, T>;
template <class O, class T>
concept OptimizerOf = Optimizer<O> && std::same_as<typename O::Scalar, T>;

}  // namespace detail

/// Trains a network on mini-batches: the book's Trainer (common/trainer.py).
///
///   Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 3});
///   trainer.on_epoch([](const EpochRecord& epoch) { ... });
///   const History& history = trainer.fit(train, validation);
///
/// The loss decides the type of the targets: Labels for SoftmaxCrossEntropy, Tensor<T> for
/// MeanSquaredError. Data come from a Dataset or any other source; see data/source.hpp.
///
/// Refers to the network, which must outlive it. Owns the loss and the optimizer, so a second `fit`
/// continues where the first ended.
template <std::floating_point T, class LossType, class OptimizerType>
class Trainer {
 public:
  using Targets = detail::TargetsOf<LossType, T>;  ///< what the loss compares outputs with
  using Batch = Dataset<T, Targets>;               ///< some samples

  /// @throws ValueError for options that are out of range.
  Trainer(NeuralNetwork<T>& network, LossType loss, OptimizerType optimizer,
          const TrainerOptions& options =
              {}) requires(detail::LossOf<LossType, T>&& detail::OptimizerOf<OptimizerType, T>)
      : network_(&network),
        loss_(std::move(loss)),
        optimizer_(std::move(optimizer)),
        options_(detail::checked(options)) {
    if constexpr (std::same_as<Targets, Labels>) {
      metric("accuracy",
             [](const Tensor<T>& y, const Labels& labels) { return accuracy(y, labels); });
    }
  }

  /// Does not compile; the message says what to write instead.
  template <class Reason = detail::trainer_changes_a_network_that_outlives_it>
  Trainer(const NeuralNetwork<T>&, LossType, OptimizerType, const TrainerOptions& = {}) = delete;
  /// Does not compile; the message says what to write instead.
  DLFS_REFUSED(
      "a trainer's loss has the network's element type as Scalar, "
      "T forward(const Tensor<T>& y, const Targets& targets) for targets that are Labels or "
      "Tensor<T>, and const Tensor<T>& backward()")
  Trainer(NeuralNetwork<T>&, LossType, OptimizerType,
          const TrainerOptions& = {}) requires(!detail::LossOf<LossType, T>);
  /// Does not compile; the message says what to write instead.
  DLFS_REFUSED(
      "a trainer's optimizer has the element type of the network, as Adam<float> of a float one")
  Trainer(NeuralNetwork<T>&, LossType, OptimizerType, const TrainerOptions& = {}) requires(
      detail::LossOf<LossType, T>&& Optimizer<OptimizerType> &&
      !detail::OptimizerOf<OptimizerType, T>);
  /// Does not compile; the message says what to write instead.
  DLFS_REFUSED(
      "an optimizer has Scalar, step(std::span<Parameter<Scalar>* const>) and options() with a "
      "double learning_rate")
  Trainer(NeuralNetwork<T>&, LossType, OptimizerType,
          const TrainerOptions& = {}) requires(detail::LossOf<LossType, T> &&
                                               !Optimizer<OptimizerType>);

  /// Adds a metric, which is computed after every epoch on the outputs of all evaluated samples and
  /// their targets. It is part of the history by its name. See metrics.hpp.
  ///
  ///   trainer.metric("r2", r2_score<float>);
  ///   trainer.metric("top 5", [](const Tensor<float>& y, const Labels& labels) {
  ///     return top_k_accuracy(y, labels, 5);
  ///   });
  ///
  /// @throws ValueError for an empty function, a name that is empty or used twice, or a call from a
  /// callback.
  void metric(std::string name, std::function<double(const Tensor<T>&, const Targets&)> value,
              Better better = Better::higher) {
    expect_not_fitting("metric");
    if (!value) throw ValueError("trainer: metric ", name, " is an empty function");
    if (name.empty() || name == "loss") {
      throw ValueError("trainer: a metric has a name other than 'loss', got '", name, "'");
    }
    for (const auto& other : metrics_) {
      if (other.name == name) throw ValueError("trainer: two metrics have the name '", name, "'");
    }
    metrics_.push_back({std::move(name), std::move(value), better});
  }

  /// Adds a function that is called when `fit` begins, after every step or epoch, or when it ends
  /// without an exception; in the order of adding.
  /// @throws ValueError for an empty function, or when called from a callback.
  void on_begin(std::function<void(const FitRecord&)> callback) {
    add_callback("on_begin", begin_callbacks_, std::move(callback));
  }
  /// The same after each step.
  void on_step(std::function<void(const StepRecord&)> callback) {
    add_callback("on_step", step_callbacks_, std::move(callback));
  }
  /// The same after each epoch.
  void on_epoch(std::function<void(const EpochRecord&)> callback) {
    add_callback("on_epoch", epoch_callbacks_, std::move(callback));
  }
  /// The same at the end.
  void on_end(std::function<void(const History&)> callback) {
    add_callback("on_end", end_callbacks_, std::move(callback));
  }

  /// Sets the learning rate before every update. A function of a whole number gets the number of
  /// updates so far. A function of a floating-point number, or a ReduceOnPlateau, gets the watched
  /// value of each epoch; see TrainerOptions::monitor. See schedules.hpp.
  /// @throws ValueError for a schedule of that header whose options are out of range.
  template <detail::ScheduleOfUpdates Schedule = std::function<double(Index)>>
  void schedule(Schedule learning_rate) {
    if constexpr (requires { learning_rate.check(); }) learning_rate.check();
    rate_of_update_ = std::move(learning_rate);
    rate_of_value_ = {};
  }
  /// The same for a function of the watched value.
  template <detail::ScheduleOfValues Schedule>
  void schedule(Schedule learning_rate) {
    rate_of_update_ = {};
    rate_of_value_ = {};
    if constexpr (requires {
                    { learning_rate.rate() } -> std::convertible_to<double>;
                  }) {
      rate_of_value_.first = learning_rate.rate();
    }
    if constexpr (std::invocable<Schedule&, double, Better>) {
      rate_of_value_.fresh = std::move(learning_rate);
    } else {
      rate_of_value_.fresh = [of = std::move(learning_rate)](double value, Better) mutable {
        return of(value);
      };
    }
    rate_of_value_.begin_again();
  }
  /// Does not compile; the message says what to write instead.
  template <class Other>
    requires(!detail::ScheduleOfUpdates<Other> && !detail::ScheduleOfValues<Other>)
  DLFS_REFUSED(
      "a schedule maps the updates so far to a rate, [](Index updates) { return 0.1; }, or the "
      "watched value of an epoch, [](double value) { return 0.1; }")
  void schedule(const Other&);

  /// Changes every training batch before the network sees it: by an Augmentation, or by any
  /// f(images, indices of their samples, generator of the epoch). With several `loader_threads`,
  /// several threads call it at once.
  void augment(std::function<void(TensorView<T>, std::span<const Index>, const Rng&)> change) {
    augment_ = std::move(change);
  }

  /// For use in a callback: ends `fit` after the running step or epoch. The next `fit` continues an
  /// unfinished epoch.
  void stop() { stopped_ = true; }

  /// Trains on `train` for the number of epochs in the options, and evaluates each on the
  /// validation data. The last batch of an epoch may be smaller.
  /// @throws ShapeError if the data does not fit the network; ValueError for a label out of range,
  /// an empty dataset, a batch of one sample where a layer needs more, data that differs from that
  /// of the unfinished epoch, an unknown monitor, a call from a callback, or a loss that is not
  /// finite, naming the epoch, the step and the cause. The network is then as after the last step.
  template <DataSource<T, Targets> Train = Batch, DataSource<T, Targets> Validation = Batch>
  const History& fit(const Train& train, const Validation& validation) & {
    const Source of_validation(validation);
    return fit_to(train, &of_validation);
  }
  /// The same without validation data.
  template <DataSource<T, Targets> Train = Batch>
  const History& fit(const Train& train) & {
    return fit_to(train, nullptr);
  }
  /// Does not compile; the message says what to write instead.
  template <class Train, class Validation = Batch>
    requires(!DataSource<Train, T, Targets> || !DataSource<Validation, T, Targets>)
  DLFS_REFUSED(
      "fit takes sources whose targets are those of the loss: Dataset<T> for a loss of Labels, "
      "Dataset<T, Tensor<T>> for one of numbers such as MeanSquaredError, T as the network")
  void fit(const Train&, const Validation& = {}) &;

  /// The loss and the metrics of the network as it is, on a source.
  /// @throws ShapeError or ValueError if the data does not fit the network or is empty.
  template <DataSource<T, Targets> S>
  Evaluation evaluate(const S& source) {
    expect_fit("data", source);
    return detail::evaluate(*network_, loss_, metrics_, Source(source), source.size(),
                            options_.batch_size);
  }

  /// One update on one batch; returns the loss before the update.
  /// @throws ShapeError or ValueError like `fit`. The network is then as before.
  T step(const Batch& batch);

  /// The course of the training so far.
  const History& history() const& { return history_; }
  const History& history() const&& = delete;

  /// The state of the training, for `restore`; see io/checkpoint.hpp. Call it in a callback,
  /// because `fit` may end with the best weights instead of the last ones.
  TrainerState<T> state();

  /// The next `fit` continues from this state, as if there had been no interruption: it ends with
  /// the epoch with which the interrupted one would have ended. The network, the optimizer's kind,
  /// the data and the options except `epochs` must be the same as before.
  /// @throws ValueError for another seed or batch size, an impossible count, or a call from a
  /// callback; ShapeError for another network, optimizer or loss.
  void restore(TrainerState<T> state);

  /// The optimizer, which the trainer owns.
  OptimizerType& optimizer() & { return optimizer_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Source = detail::SourceRef<T, Targets>;

  /// Exists during training. Afterwards the network forgets its last batch, which may end.
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

  /// A schedule of the watched value, and how many epochs it has seen.
  struct RateOfValue {
    std::function<double(double, Better)> fresh;  // has seen no epoch
    std::function<double(double, Better)> rate_after;
    std::optional<double> first;  // the rate before the first epoch's end; none: the optimizer's
    std::optional<double> rate;
    std::size_t epochs_seen = 0;

    void begin_again() {
      rate_after = fresh;
      rate = first;
      epochs_seen = 0;
    }
  };

  /// What a step has trained on.
  struct Trained {
    double loss_sum = 0;  // of the samples
    Index samples = 0;

    double mean() const { return loss_sum / static_cast<double>(samples); }
  };

  void expect_not_fitting(std::string_view function) const {
    if (is_fitting_) throw ValueError("trainer: ", function, " from a callback: fit is running");
  }

  template <class Record>
  void add_callback(std::string_view function,
                    std::vector<std::function<void(const Record&)>>& callbacks,
                    std::function<void(const Record&)> callback) {
    expect_not_fitting(function);
    if (!callback) throw ValueError("trainer: ", function, " got an empty function");
    callbacks.push_back(std::move(callback));
  }

  /// The name that an optimizer or a loss gives itself; empty if it has none.
  template <class Part>
  static constexpr std::string_view kind_of() {
    if constexpr (requires { std::string_view(Part::kind); }) {
      return Part::kind;
    } else {
      return "";
    }
  }

  const History& fit_to(Source train, const Source* validation);

  /// Tries what a training step does with data before there is one. All targets of a dataset in
  /// memory are checked, and the first sample of another source.
  /// @throws ShapeError or ValueError, naming the data, if they do not fit network and loss.
  void expect_fit(std::string_view what, const Source& data);

  /// @throws ValueError with the advice if an epoch has a batch of one sample, and the network does
  /// not train on one.
  void expect_batches_of_several(const Source& train) const;

  /// Asks the loss whether targets fit outputs of shape y. Own losses need not know.
  void check_targets(const Shape& y, const Targets& targets, std::span<const Index> samples = {}) {
    if constexpr (requires { loss_.check(y, targets, samples); }) {
      loss_.check(y, targets, samples);
    }
  }

  /// One update from the gradients of `batches` batches, each from `next()`. `fail(loss)` throws.
  /// The network is as before if anything throws.
  template <class Next, class Fail>
  Trained train_on(Index batches, const Next& next, const Fail& fail);

  /// Adds the gradients, times `factor`, to their sums.
  void add_gradients(T factor, bool is_first);

  void set_learning_rate();

  /// The option `monitor`, or its default.
  std::string_view monitor() const {
    if (!options_.monitor.empty()) return options_.monitor;
    return std::same_as<Targets, Labels> ? "accuracy" : "loss";
  }
  Better direction() const;
  double watched(const EpochRecord& record) const;

  Index epochs_done() const { return history_.epochs_done(); }

  /// Trains the remaining steps of the running epoch, or all steps of the next epoch.
  void train_epoch(Loader<T, Targets>& loader, const Source& train, const Source* validation);

  /// Evaluates the network, notes the result and calls the callbacks.
  void end_epoch(EpochRecord record, const Source& train, const Source* validation);

  Index step_count(const Loader<T, Targets>& loader) const {
    return (loader.batch_count() - 1) / options_.accumulate + 1;
  }

  /// The state of the network: parameters, then buffers.
  std::vector<NamedTensor<T>*> tensors();

  void note_best(const EpochRecord& record);

  void restore_best();
  /// @throws ShapeError unless `values` match exactly the first `count` tensors of the network.
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

  void expect_fitting(const TrainerState<T>& state);

  /// An empty kind matches every other.
  static void expect_kind(std::string_view what, std::string_view of_state, std::string_view own) {
    if (of_state.empty() || own.empty() || of_state == own) return;
    throw ShapeError("trainer: the training to go on with had another ", what, ": ", of_state,
                     " in the place of ", own);
  }

  /// If the state has no step, the next step creates the moments.
  void restore_optimizer(OptimizerState<T> state);

  /// Describes the first number of a batch that is not finite, of its inputs or else of its
  /// targets; empty if all are finite. `samples` are their numbers in `train`, if they are known.
  std::string describe_data(const Batch& batch, std::span<const Index> samples,
                            const Source* train) const;

  [[noreturn]] void throw_not_finite(double loss, const std::string& where, const Batch& batch,
                                     const std::string& data) const;

  Index evaluation_samples(const Source& data) const {
    const Index wanted = options_.evaluation_samples;
    return wanted == 0 ? data.size() : std::min(wanted, data.size());
  }

  NeuralNetwork<T>* network_;
  LossType loss_;
  OptimizerType optimizer_;
  TrainerOptions options_;
  std::vector<Metric<T, Targets>> metrics_;
  std::vector<std::function<void(const FitRecord&)>> begin_callbacks_;
  std::vector<std::function<void(const StepRecord&)>> step_callbacks_;
  std::vector<std::function<void(const EpochRecord&)>> epoch_callbacks_;
  std::vector<std::function<void(const History&)>> end_callbacks_;
  History history_;
  EpochProgress progress_;
  BestEpoch<T> best_;
  std::function<double(Index)> rate_of_update_;
  RateOfValue rate_of_value_;
  std::function<void(TensorView<T>, std::span<const Index>, const Rng&)> augment_;
  Index updates_ = 0;
  Index epochs_before_fit_ = 0;
  bool continues_fit_ = false;  // the next fit is the rest of a restored one
  bool stopped_ = false;
  bool is_fitting_ = false;
  std::vector<Tensor<T>> buffers_before_;  // of the running step
  std::vector<Tensor<T>> gradient_sums_;   // of the step's batches so far
};

template <std::floating_point T, class LossType, class OptimizerType>
const History& Trainer<T, LossType, OptimizerType>::fit_to(Source train, const Source* validation) {
  expect_not_fitting("fit");
  direction();
  if (validation == nullptr && monitor() != "loss" && !options_.evaluate_training_data) {
    throw ValueError("trainer: the monitor ", monitor(),
                     " needs validation data or evaluate_training_data");
  }
  expect_fit("training data", train);
  if (validation != nullptr) expect_fit("validation data", *validation);
  Loader<T, Targets> loader(train, Rng(options_.seed),
                            {.batch_size = options_.batch_size,
                             .sampling = {.sampling = options_.sampling,
                                          .drop_last = options_.drop_last,
                                          .weights = options_.sampling_weights},
                             .threads = options_.loader_threads},
                            augment_);
  expect_batches_of_several(train);
  if (progress_.steps > step_count(loader)) {
    throw ValueError("trainer: the running epoch has done ", progress_.steps,
                     " steps, but these training data make ", step_count(loader));
  }
  const Fitting fitting(*this);
  stopped_ = false;
  const bool continues = std::exchange(continues_fit_, false);
  if (!continues) epochs_before_fit_ = epochs_done();
  const Index last_epoch =
      detail::checked_sum("trainer: epochs", epochs_before_fit_, options_.epochs);
  const FitRecord fit{epochs_done() + 1, last_epoch, step_count(loader), train.size()};
  for (const auto& callback : begin_callbacks_) callback(fit);
  const auto has_patience = [this] {
    return options_.patience == 0 || epochs_done() - best_.epoch < options_.patience;
  };
  if (continues && !has_patience()) stop();
  while (epochs_done() < last_epoch && !stopped_) {
    train_epoch(loader, train, validation);
    if (progress_.steps < step_count(loader)) break;
    EpochRecord record{.epoch = epochs_done() + 1,
                       .train_loss = progress_.loss_sum / static_cast<double>(progress_.samples),
                       .seconds = progress_.seconds};
    progress_ = {};
    end_epoch(std::move(record), train, validation);
    if (!has_patience()) stop();
  }
  if (options_.restore_best) restore_best();
  for (const auto& callback : end_callbacks_) callback(history_);
  return history_;
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::end_epoch(EpochRecord record, const Source& train,
                                                    const Source* validation) {
  for (const auto& metric : metrics_) record.metrics.push_back({.name = metric.name});
  const auto evaluate = [&](const Source& data) {
    return detail::evaluate(*network_, loss_, metrics_, data, evaluation_samples(data),
                            options_.batch_size);
  };
  if (options_.evaluate_training_data && !metrics_.empty()) {
    const Evaluation of_training = evaluate(train);
    for (std::size_t i = 0; i < metrics_.size(); ++i) {
      record.metrics[i].train = of_training.metrics[i];
    }
  }
  if (validation != nullptr) {
    const Evaluation of_validation = evaluate(*validation);
    record.validation_loss = of_validation.loss;
    for (std::size_t i = 0; i < metrics_.size(); ++i) {
      record.metrics[i].validation = of_validation.metrics[i];
    }
  }
  history_.epochs.push_back(std::move(record));
  const EpochRecord& done = history_.epochs.back();
  if (done.epoch > 0) note_best(done);
  for (const auto& callback : epoch_callbacks_) callback(done);
}

template <std::floating_point T, class LossType, class OptimizerType>
T Trainer<T, LossType, OptimizerType>::step(const Batch& batch) {
  batch.check("trainer: batch");
  const Fitting fitting(*this);
  const Trained trained = train_on(
      1, [&]() -> const Batch& { return batch; },
      [&](double loss, const Batch&) {
        throw_not_finite(loss, "", batch, describe_data(batch, {}, nullptr));
      });
  return static_cast<T>(trained.mean());
}

template <std::floating_point T, class LossType, class OptimizerType>
TrainerState<T> Trainer<T, LossType, OptimizerType>::state() {
  TrainerState<T> state{.seed = options_.seed,
                        .batch_size = options_.batch_size,
                        .accumulate = options_.accumulate,
                        .optimizer_kind = std::string(kind_of<OptimizerType>()),
                        .loss_kind = std::string(kind_of<LossType>()),
                        .values = {},
                        .network_steps = network_->step(),
                        .optimizer = optimizer_.state(),
                        .updates = updates_,
                        .epochs_before_fit = epochs_before_fit_,
                        .progress = progress_,
                        .history = history_,
                        .best = best_};
  for (const auto* tensor : tensors()) state.values.push_back(*tensor);
  return state;
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::restore(TrainerState<T> state) {
  expect_not_fitting("restore");
  if (state.seed != options_.seed || state.batch_size != options_.batch_size ||
      state.accumulate != options_.accumulate) {
    throw ValueError("trainer: expected a training with seed ", options_.seed, " and batch size ",
                     options_.batch_size, " x ", options_.accumulate, " to go on with, got ",
                     state.seed, " and ", state.batch_size, " x ", state.accumulate);
  }
  expect_fitting(state);
  auto value = state.values.begin();
  for (auto* tensor : tensors()) tensor->value = std::move(value++->value);
  network_->set_step(state.network_steps);
  restore_optimizer(std::move(state.optimizer));
  updates_ = state.updates;
  epochs_before_fit_ = state.epochs_before_fit;
  continues_fit_ = true;
  progress_ = state.progress;
  history_ = std::move(state.history);
  best_ = std::move(state.best);
  rate_of_value_.begin_again();
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::expect_fit(std::string_view what, const Source& data) {
  if (data.size() == 0) throw ValueError("trainer: ", what, ": there is no sample");
  const Batch* const in_memory = data.in_memory();
  if (in_memory != nullptr) in_memory->check(str_cat("trainer: ", what));
  Batch first;
  data.take(std::array<Index, 1>{0}, first);
  try {
    if (in_memory != nullptr) {
      check_targets(network_->output_shape(in_memory->inputs.shape()), in_memory->targets);
    } else {
      check_targets(network_->output_shape(first.inputs.shape()), first.targets,
                    std::array<Index, 1>{0});
    }
    detail::loss_of(loss_, network_->predict(first.inputs), first.targets, first.weights);
  } catch (const ShapeError& error) {
    throw ShapeError("trainer: ", what, ": ", error.what());
  } catch (const ValueError& error) {
    throw ValueError("trainer: ", what, ": ", error.what());
  }
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::expect_batches_of_several(const Source& train) const {
  const bool has_rest =
      options_.sampling != BatchSampler::Sampling::with_replacement && !options_.drop_last;
  const Index rest = has_rest ? train.size() % options_.batch_size : 0;
  if (options_.batch_size > 1 && rest != 1) return;
  Batch batch;
  train.take(std::array<Index, 1>{0}, batch);
  try {
    NeuralNetwork<T> copy = *network_;
    copy.forward(batch.inputs);
  } catch (const ValueError& error) {
    throw ValueError("trainer: ", train.size(), " samples in batches of ", options_.batch_size,
                     " make a batch of one sample: ", error.what(),
                     options_.batch_size > 1 ? "; drop_last leaves it out" : "");
  }
}

template <std::floating_point T, class LossType, class OptimizerType>
template <class Next, class Fail>
typename Trainer<T, LossType, OptimizerType>::Trained Trainer<T, LossType, OptimizerType>::train_on(
    Index batches, const Next& next, const Fail& fail) {
  const auto buffers = network_->buffers();
  buffers_before_.resize(buffers.size());
  for (std::size_t i = 0; i < buffers.size(); ++i) buffers_before_[i] = buffers[i]->value;
  const Index step_before = network_->step();
  Trained trained;
  try {
    for (Index i = 0; i < batches; ++i) {
      const Batch& batch = next();
      const auto loss = static_cast<double>(
          detail::loss_of(loss_, network_->forward(batch.inputs), batch.targets, batch.weights));
      if (!detail::is_finite(loss)) fail(loss, batch);
      network_->backward(loss_.backward());
      if (batches > 1) add_gradients(static_cast<T>(batch.size()), i == 0);
      trained.loss_sum += detail::rounded(loss * static_cast<double>(batch.size()));
      trained.samples += batch.size();
    }
  } catch (...) {
    for (std::size_t i = 0; i < buffers.size(); ++i) buffers[i]->value = buffers_before_[i];
    network_->set_step(step_before);
    throw;
  }
  if (batches > 1) {
    const T share = 1 / static_cast<T>(trained.samples);
    auto sum = gradient_sums_.begin();
    for (Parameter<T>* parameter : network_->parameters()) {
      simd::map([share]<class V>(const V& of_all, V& dw) { dw = share * of_all; }, sum->size(),
                sum->data(), parameter->gradient.data());
      ++sum;
    }
  }
  if (options_.clip_norm > 0) clip_gradient_norm(network_->parameters(), options_.clip_norm);
  set_learning_rate();
  ++updates_;
  optimizer_.step(network_->parameters());
  return trained;
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::add_gradients(T factor, bool is_first) {
  gradient_sums_.resize(network_->parameters().size());
  auto sum = gradient_sums_.begin();
  for (const Parameter<T>* parameter : network_->parameters()) {
    sum->resize(parameter->gradient.shape());
    if (is_first) sum->fill(T(0));
    simd::map([factor]<class V>(const V& dw,
                                V& of_all) { simd::multiply_add<V>(dw, factor, of_all, of_all); },
              sum->size(), parameter->gradient.data(), sum->data());
    ++sum;
  }
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::set_learning_rate() {
  if (rate_of_update_) optimizer_.options().learning_rate = rate_of_update_(updates_);
  if (!rate_of_value_.fresh) return;
  for (; rate_of_value_.epochs_seen < history_.epochs.size(); ++rate_of_value_.epochs_seen) {
    const EpochRecord& record = history_.epochs[rate_of_value_.epochs_seen];
    if (record.epoch == 0) continue;
    rate_of_value_.rate = rate_of_value_.rate_after(watched(record), direction());
  }
  if (rate_of_value_.rate) optimizer_.options().learning_rate = *rate_of_value_.rate;
}

template <std::floating_point T, class LossType, class OptimizerType>
Better Trainer<T, LossType, OptimizerType>::direction() const {
  if (monitor() == "loss") return Better::lower;
  std::string names = "loss";
  for (const auto& metric : metrics_) {
    if (metric.name == monitor()) return metric.better;
    names += str_cat(", ", metric.name);
  }
  throw ValueError("trainer: expected the option monitor to be one of ", names, "; got '",
                   monitor(), "'");
}

template <std::floating_point T, class LossType, class OptimizerType>
double Trainer<T, LossType, OptimizerType>::watched(const EpochRecord& record) const {
  const bool is_loss = monitor() == "loss";
  const double validation = is_loss ? record.validation_loss : record.validation(monitor());
  if (validation == validation) return validation;
  return is_loss ? record.train_loss : record.train(monitor());
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::train_epoch(Loader<T, Targets>& loader,
                                                      const Source& train,
                                                      const Source* validation) {
  const Index epoch = epochs_done() + 1;
  const Index steps = step_count(loader);
  loader.begin_epoch(epoch - 1, progress_.steps * options_.accumulate);
  const double seconds_before = progress_.seconds;
  const auto begin = Clock::now();
  for (Index i = progress_.steps; i < steps && !stopped_; ++i) {
    const Index batches =
        std::min(options_.accumulate, loader.batch_count() - i * options_.accumulate);
    const auto next = [&]() -> const Batch& {
      const Batch& batch = loader.next();
      if (train.in_memory() == nullptr) {
        check_targets(network_->output_shape(batch.inputs.shape()), batch.targets,
                      loader.samples());
      }
      return batch;
    };
    const Trained trained = train_on(batches, next, [&](double loss, const Batch& batch) {
      throw_not_finite(loss, str_cat(" at epoch ", epoch, ", step ", i + 1), batch,
                       describe_data(batch, loader.samples(), &train));
    });
    history_.step_losses.push_back(trained.mean());
    progress_.steps = i + 1;
    progress_.samples += trained.samples;
    progress_.loss_sum += trained.loss_sum;
    const std::chrono::duration<double> time = Clock::now() - begin;
    progress_.seconds = seconds_before + time.count();
    const StepRecord done{epoch, i + 1, steps, trained.samples, trained.mean()};
    for (const auto& callback : step_callbacks_) callback(done);
    if (options_.evaluate_first_step && history_.step_losses.size() == 1) {
      end_epoch({.epoch = 0, .train_loss = trained.mean(), .seconds = progress_.seconds}, train,
                validation);
    }
  }
}

template <std::floating_point T, class LossType, class OptimizerType>
std::vector<NamedTensor<T>*> Trainer<T, LossType, OptimizerType>::tensors() {
  std::vector<NamedTensor<T>*> tensors;
  for (NamedTensor<T>* parameter : network_->parameters()) tensors.push_back(parameter);
  for (NamedTensor<T>* buffer : network_->buffers()) tensors.push_back(buffer);
  return tensors;
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::note_best(const EpochRecord& record) {
  const double value = watched(record);
  const bool is_better = best_.epoch == 0                ? value == value
                         : direction() == Better::higher ? value > best_.value
                                                         : value < best_.value;
  if (!is_better) return;
  best_ = {record.epoch, value, {}};
  if (!options_.restore_best) return;
  for (const auto* tensor : tensors()) best_.values.push_back(tensor->value);
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::restore_best() {
  if (best_.values.empty()) return;
  expect_tensors("best weights", best_.values, tensors().size());
  auto value = best_.values.begin();
  for (auto* tensor : tensors()) tensor->value = *value++;
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::expect_fitting(const TrainerState<T>& state) {
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

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::restore_optimizer(OptimizerState<T> state) {
  optimizer_.state().steps = state.steps;
  if (state.steps == 0) return;
  optimizer_.state().moments = std::move(state.moments);
  optimizer_.state().names.clear();
  for (const auto* parameter : network_->parameters()) {
    optimizer_.state().names.push_back(parameter->name);
  }
}

template <std::floating_point T, class LossType, class OptimizerType>
std::string Trainer<T, LossType, OptimizerType>::describe_data(const Batch& batch,
                                                               std::span<const Index> samples,
                                                               const Source* train) const {
  const auto first_not_finite = [](const auto& numbers) {
    Index i = 0;
    while (i < numbers.size() && detail::is_finite(static_cast<double>(numbers.data()[i]))) ++i;
    return i;
  };
  const auto describe = [&](std::string_view what, const auto& numbers, const auto& of_source) {
    const Index i = first_not_finite(numbers);
    if (i == numbers.size()) return std::string();
    const Index row = numbers.size() / batch.size();
    const std::string number = str_cat("number ", i % row, what, " of sample ");
    const auto value = static_cast<double>(numbers.data()[i]);
    if (train == nullptr) return str_cat(number, i / row, " of the batch is ", value);
    const Index sample = samples[static_cast<std::size_t>(i / row)];
    Batch alone;
    train->take(std::array<Index, 1>{sample}, alone);
    const auto& source = of_source(alone);
    const bool is_in_data = first_not_finite(source) < source.size();
    return str_cat(number, sample, " of the training data is ", value,
                   is_in_data ? "" : " after the augmentation");
  };
  std::string inputs = describe(
      "", batch.inputs, [](const Batch& alone) -> const auto& { return alone.inputs; });
  if (!inputs.empty()) return inputs;
  return describe(
      " of the target", batch.targets,
      [](const Batch& alone) -> const auto& { return alone.targets; });
}

template <std::floating_point T, class LossType, class OptimizerType>
void Trainer<T, LossType, OptimizerType>::throw_not_finite(double loss, const std::string& where,
                                                           const Batch& batch,
                                                           const std::string& data) const {
  if (loss != loss) loss = std::numeric_limits<double>::quiet_NaN();  // without a sign
  if (!data.empty()) throw ValueError("trainer: the loss is ", loss, where, "; ", data);
  std::string culprit = "every layer's output was finite";
  bool is_found = false;
  const auto look = [&](const std::string& name, const Tensor<T>& y) {
    bool is_finite = true;
    for (T element : y) is_finite &= detail::is_finite(element);
    if (is_found || is_finite) return;
    culprit = str_cat("the first layer whose output is not finite is ", name);
    is_found = true;
  };
  for_each_activation(*network_, batch.inputs, PassMode::train, look);
  throw ValueError("trainer: the loss is ", loss, where, "; ", culprit,
                   "; a lower learning rate may help");
}

// A deduction guide, because clang 14 does not find the constructor whose constraints are
// satisfied.
/// Deduces the types of network, loss and optimizer.
template <std::floating_point T, class LossType, class OptimizerType>
Trainer(NeuralNetwork<T>&, LossType, OptimizerType, const TrainerOptions& = {})
    -> Trainer<T, LossType, OptimizerType>;

}  // namespace dlfs
DLFS_STRICT_MATH_END
