#pragma once

#include <algorithm>
#include <concepts>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "dlfs/io/progress.hpp"
#include "dlfs/nn/losses/softmax_cross_entropy.hpp"
#include "dlfs/optim/adam.hpp"
#include "dlfs/train/history.hpp"
#include "dlfs/train/trainer.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

namespace dlfs::examples {

/// Shows a training on the terminal: a bar while it runs, and a line on stdout for each epoch. With
/// `verbose` the lines are those of the book's Trainer: one for each step, and one for each epoch.
class TrainingDisplay {
 public:
  explicit TrainingDisplay(Index epochs, bool verbose = false)
      : epochs_(epochs), verbose_(verbose) {}
  void show(const StepRecord& step);
  void show(const EpochRecord& epoch);

 private:
  Index epochs_;
  bool verbose_;
  std::optional<Progress> progress_;
};

/// Shows the progress of a Trainer over `epochs` epochs.
template <class Trainer>
void show_progress(Trainer& trainer, Index epochs, bool verbose = false) {
  const auto display = std::make_shared<TrainingDisplay>(epochs, verbose);
  trainer.on_step([display](const StepRecord& step) { display->show(step); });
  trainer.on_epoch([display](const EpochRecord& epoch) { display->show(epoch); });
}

/// Trains a network as the book trains its convolutional networks: by Adam, with epochs, batch
/// size, rate and seed of the options. Shows the progress. 1000 images measure the accuracy after
/// the first step and after each epoch.
template <std::floating_point T, class Samples>
History train_on_digits(Sequential<T>& network, const DigitsOf<Samples>& digits,
                        const Options& options) {
  Trainer trainer(network, SoftmaxCrossEntropy<T>(),
                  Adam<T>({.learning_rate = options.learning_rate}),
                  {.epochs = options.epochs,
                   .batch_size = options.batch_size,
                   .seed = options.seed,
                   .evaluation_samples = std::min<Index>(1000, digits.test.size()),
                   .evaluate_first_step = true});
  show_progress(trainer, options.epochs, options.verbose);
  return trainer.fit(digits.train, digits.test);
}

/// Prints the last lines of the book's Trainer.
void print_final_accuracy(double test_accuracy);

/// Writes the book's plot of a training, accuracy over epochs from 0, the first step,
/// with a marker every `marker_every` epochs, as `name`.png into the folder. Prints what was
/// written.
void plot_accuracy(Values train, Values test, Index marker_every,
                   const std::filesystem::path& folder, std::string_view name);

/// The same for the accuracies of a history, as accuracy.png.
void plot_accuracy(const History& history, const std::filesystem::path& folder, Index marker_every);

}  // namespace dlfs::examples
