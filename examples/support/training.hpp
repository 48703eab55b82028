#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "dlfs/train/history.hpp"
#include "support/plot.hpp"
#include "support/progress.hpp"

namespace dlfs::examples {

/// Shows a training on the terminal: a bar while it runs, and a line on stdout for each epoch.
class TrainingDisplay {
 public:
  explicit TrainingDisplay(Index epochs) : epochs_(epochs) {}
  void show(const StepRecord& step);
  void show(const EpochRecord& epoch);

 private:
  Index epochs_;
  std::optional<Progress> progress_;
};

/// Lets a TrainingDisplay follow a Trainer for so many epochs.
template <class Trainer>
void show_progress(Trainer& trainer, Index epochs) {
  const auto display = std::make_shared<TrainingDisplay>(epochs);
  trainer.on_step([display](const StepRecord& step) { display->show(step); });
  trainer.on_epoch([display](const EpochRecord& epoch) { display->show(epoch); });
}

/// The book's plot of a training, accuracy against epochs, with a mark every so many epochs:
/// accuracy.png in the folder. Says on stdout what was written.
void plot_accuracy(const History& history, const std::filesystem::path& folder, Index marker_every);

}  // namespace dlfs::examples
