#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "dlfs/io/npy.hpp"
#include "dlfs/io/npz.hpp"
#include "dlfs/io/zip.hpp"
#include "dlfs/train/trainer.hpp"
#include "dlfs/train/trainer_state.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

// The contents of a checkpoint besides the network's tensors: the elements of `state.counts` and
// `state.numbers`, and the columns of `state.epochs`, in order.

template <class State>
auto counts_of(State& state) {
  return std::array{&state.batch_size,      &state.accumulate,       &state.network_steps,
                    &state.optimizer.steps, &state.updates,          &state.epochs_before_fit,
                    &state.progress.steps,  &state.progress.samples, &state.best.epoch};
}

template <class State>
auto numbers_of(State& state) {
  return std::array{&state.progress.loss_sum, &state.progress.seconds, &state.best.value};
}

/// The epochs of a history as a table (E, 4 + 2 M): its number and its three other numbers, then
/// the values of each of the M metrics on the training and on the validation data. A metric that an
/// epoch lacks is NaN.
inline Tensor<double> table_of(const std::vector<EpochRecord>& epochs,
                               const std::vector<std::string>& metrics) {
  Tensor<double> table({std::ssize(epochs), 4 + 2 * std::ssize(metrics)});
  double* cell = table.data();
  for (const EpochRecord& epoch : epochs) {
    *cell++ = static_cast<double>(epoch.epoch);
    *cell++ = epoch.train_loss;
    *cell++ = epoch.validation_loss;
    *cell++ = epoch.seconds;
    for (const std::string& name : metrics) {
      MetricRecord found;
      for (const MetricRecord& metric : epoch.metrics) {
        if (metric.name == name) found = metric;
      }
      *cell++ = found.train;
      *cell++ = found.validation;
    }
  }
  return table;
}

/// The epochs of such a table.
inline std::vector<EpochRecord> epochs_of(const Tensor<double>& table,
                                          const std::vector<std::string>& metrics) {
  std::vector<EpochRecord> epochs;
  const double* cell = table.data();
  for (Index row = 0; row < table.extent(0); ++row) {
    EpochRecord& epoch = epochs.emplace_back();
    epoch.epoch = static_cast<Index>(*cell++);
    epoch.train_loss = *cell++;
    epoch.validation_loss = *cell++;
    epoch.seconds = *cell++;
    for (const std::string& name : metrics) {
      epoch.metrics.push_back({.name = name, .train = cell[0], .validation = cell[1]});
      cell += 2;
    }
  }
  return epochs;
}

inline std::string moment_group(std::size_t moment) { return str_cat("moment", moment, '.'); }

/// The arrays of a checkpoint, by name.
class CheckpointReader {
 public:
  explicit CheckpointReader(const FileBytes& file) : file_(&file), archive_(file) {}

  /// A required array: any number of rows of this shape.
  template <class T>
  Tensor<T> read(const std::string& name, const Shape& row) const {
    const std::string file_name = str_cat(name, npy_ending);
    for (const ZipEntry& entry : archive_.entries()) {
      if (entry.name != file_name) continue;
      auto array = parse<T>(entry);
      const Shape& shape = array.shape();
      if (shape.rank() == 0 || shape.axes(1, shape.rank()) != row) fail_by_shape(name, shape);
      return array;
    }
    file_->fail("there is no array '", name, "'");
  }

  /// An array of n numbers.
  template <class T, std::size_t n>
  void read(const std::string& name, const std::array<T*, n>& values) const {
    const auto array = read<T>(name, Shape{});
    if (array.size() != static_cast<Index>(n)) fail_by_shape(name, array.shape());
    for (std::size_t i = 0; i < n; ++i) *values[i] = array(static_cast<Index>(i));
  }

  /// Calls visit(name, tensor) for the arrays whose names start with `beginning`, in the order of
  /// the file. `name` is the rest of the array's name.
  template <class T, class Visit>
  void for_each(const std::string& beginning, const Visit& visit) const {
    for (const ZipEntry& entry : archive_.entries()) {
      if (!entry.name.starts_with(beginning) || !entry.name.ends_with(npy_ending)) continue;
      const std::size_t length = entry.name.size() - npy_ending.size();
      if (length < beginning.size()) continue;
      visit(entry.name.substr(beginning.size(), length - beginning.size()), parse<T>(entry));
    }
  }

 private:
  [[noreturn]] void fail_by_shape(std::string_view name, const Shape& shape) const {
    file_->fail("array '", name, "' is of the shape ", shape, ", which is none of a checkpoint");
  }

  template <class T>
  Tensor<T> parse(const ZipEntry& entry) const {
    return parse_npy<T>(*archive_.open(entry));
  }

  const FileBytes* file_;
  ZipReader archive_;
};

}  // namespace detail

/// Writes the state that a Trainer needs to continue later, as an archive that numpy.load also
/// reads. The new file replaces an old one of the same name only when it is complete, so a complete
/// file exists at any time.
///
///   trainer.on_epoch([&](const EpochRecord&) { save_checkpoint(path, trainer.state()); });
///
/// @throws IoError if the file cannot be written.
template <std::floating_point T>
void save_checkpoint(const std::filesystem::path& path, const TrainerState<T>& state) {
  detail::FileWriter file(path);
  detail::ZipWriter archive(file);
  const auto add = [&](const std::string& name, const auto& array) {
    detail::add_to_archive(archive, NamedArray(name, array), NpzCompression::stored);
  };
  const auto add_all = [&]<class U, std::size_t n>(const std::string& name,
                                                   const std::array<const U*, n>& values) {
    Tensor<U> array({static_cast<Index>(n)});
    for (std::size_t i = 0; i < n; ++i) array(static_cast<Index>(i)) = *values[i];
    add(name, array);
  };
  add_all("state.seed", std::array{&state.seed});
  add_all("state.counts", detail::counts_of(state));
  add_all("state.numbers", detail::numbers_of(state));
  const auto add_text = [&](const std::string& name, const std::string& text) {
    Tensor<std::uint8_t> bytes({std::ssize(text)});
    std::copy(text.begin(), text.end(), bytes.begin());
    add(name, bytes);
  };
  add_text("state.optimizer_kind", state.optimizer_kind);
  add_text("state.loss_kind", state.loss_kind);
  const auto& losses = state.history.step_losses;
  add("state.step_losses", Tensor<double>({std::ssize(losses)}, std::span(losses)));
  const std::vector<std::string> metrics = detail::metric_names(state.history);
  std::string names;
  for (const std::string& name : metrics) names += name + '\0';
  add_text("state.metrics", names);
  add("state.epochs", detail::table_of(state.history.epochs, metrics));

  const auto add_group = [&](const std::string& group, const std::vector<Tensor<T>>& tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      add(str_cat(group, state.values[i].name), tensors[i]);
    }
  };
  for (const auto& tensor : state.values) add(str_cat("network.", tensor.name), tensor.value);
  for (std::size_t i = 0; i < state.optimizer.moments.size(); ++i) {
    add_group(detail::moment_group(i), state.optimizer.moments[i]);
  }
  add_group("best.", state.best.values);
  archive.finish();
  file.commit();
}

/// Reads a file of save_checkpoint, for Trainer::restore.
/// @throws FormatError for another file or a damaged one, IoError if the file cannot be read.
template <std::floating_point T>
TrainerState<T> load_checkpoint(const std::filesystem::path& path) {
  const detail::FileBytes file(path, "load_checkpoint");
  const detail::CheckpointReader checkpoint(file);

  TrainerState<T> state;
  checkpoint.read("state.seed", std::array{&state.seed});
  checkpoint.read("state.counts", detail::counts_of(state));
  // With this limit, a training that continues from here cannot overflow a count.
  constexpr Index largest_count = Index{1} << 53;
  for (const Index* count : detail::counts_of(state)) {
    if (*count < 0 || *count > largest_count) file.fail("a count of ", *count);
  }
  checkpoint.read("state.numbers", detail::numbers_of(state));
  const auto losses = checkpoint.read<double>("state.step_losses", {});
  state.history.step_losses.assign(losses.begin(), losses.end());
  const auto letters = checkpoint.read<std::uint8_t>("state.metrics", {});
  std::vector<std::string> metrics;
  for (auto begin = letters.begin(); begin != letters.end();) {
    const auto end = std::find(begin, letters.end(), 0);
    if (end == letters.end()) file.fail("the name of the last metric does not end");
    metrics.emplace_back(begin, end);
    begin = end + 1;
  }
  const Shape row{4 + 2 * std::ssize(metrics)};
  state.history.epochs = detail::epochs_of(checkpoint.read<double>("state.epochs", row), metrics);
  for (std::size_t i = 0; i < state.history.epochs.size(); ++i) {
    const Index number = state.history.epochs[i].epoch;
    const Index before = i == 0 ? 0 : state.history.epochs[i - 1].epoch;
    const bool is_next = number == before + 1 || (i == 0 && number == 0);
    if (!is_next) file.fail("epoch ", number, " stands after epoch ", before);
  }

  checkpoint.for_each<T>("network.", [&](std::string name, Tensor<T> value) {
    state.values.emplace_back(std::move(name), std::move(value));
  });
  // The tensors of a group belong to the network's first tensors, in order and by name.
  const auto read_group = [&](const std::string& group) {
    std::vector<Tensor<T>> tensors;
    checkpoint.for_each<T>(group, [&](const std::string& name, Tensor<T> value) {
      const std::size_t i = tensors.size();
      if (i >= state.values.size() || state.values[i].name != name) {
        file.fail("array '", group, name, "' stands where there is none of the network");
      }
      tensors.push_back(std::move(value));
    });
    return tensors;
  };
  // Checkpoints of earlier versions do not have these texts.
  const auto read_text = [&](const std::string& name, std::string& text) {
    checkpoint.for_each<std::uint8_t>(name,
                                      [&](const std::string&, Tensor<std::uint8_t> characters) {
                                        text.assign(characters.begin(), characters.end());
                                      });
  };
  read_text("state.optimizer_kind", state.optimizer_kind);
  read_text("state.loss_kind", state.loss_kind);
  auto& moments = state.optimizer.moments;
  for (auto moment = read_group(detail::moment_group(0)); !moment.empty();
       moment = read_group(detail::moment_group(moments.size()))) {
    moments.push_back(std::move(moment));
  }
  state.best.values = read_group("best.");
  return state;
}

/// Makes a training survive a power cut or a kill: goes on from the file if there is one, and
/// writes it again whenever `interval` has passed since the last time, and when a `fit` has trained
/// its last epoch. A program that starts again then ends with the same weights, bit by bit, as one
/// that was never interrupted.
///
///   keep_checkpoint(trainer, "training.npz");
///   trainer.fit(train, validation);
///
/// Call it after the schedule and the metrics are set. It refers to the trainer, which must stay
/// where it is.
/// @throws FormatError or IoError for a file that cannot be read, or like Trainer::restore;
/// ValueError unless the interval is at least 0. `fit` throws IoError if the file cannot be
/// written.
template <std::floating_point T, class Loss, class Optimizer>
void keep_checkpoint(Trainer<T, Loss, Optimizer>& trainer, const std::filesystem::path& path,
                     std::chrono::duration<double> interval = std::chrono::minutes(1)) {
  using Clock = std::chrono::steady_clock;
  if (!(interval.count() >= 0)) {
    throw ValueError("keep_checkpoint: expected an interval of at least 0 seconds, got ",
                     interval.count());
  }
  std::error_code unknown;  // whoever opens the file says what it is
  if (std::filesystem::status(path, unknown).type() != std::filesystem::file_type::not_found) {
    trainer.restore(load_checkpoint<T>(path));
  }
  const auto last_time = std::make_shared<Clock::time_point>(Clock::now());
  const auto last_epoch = std::make_shared<Index>(0);
  const auto save = [=, &trainer] {
    save_checkpoint(path, trainer.state());
    *last_time = Clock::now();
  };
  trainer.on_begin([=](const FitRecord& fit) { *last_epoch = fit.last_epoch; });
  trainer.on_step([=](const StepRecord&) {
    if (Clock::now() - *last_time >= interval) save();
  });
  trainer.on_epoch([=](const EpochRecord& epoch) {
    if (epoch.epoch == *last_epoch) save();
  });
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
