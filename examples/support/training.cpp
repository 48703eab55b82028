#include <cstdio>
#include <utility>

#include "support/training.hpp"

namespace dlfs::examples {

void TrainingDisplay::show(const StepRecord& step) {
  if (verbose_) std::printf("train loss:%s\n", str_cat(step.loss).c_str());
  if (!progress_) {
    progress_.emplace(
        epochs_ * step.steps_per_epoch,
        ProgressOptions{.epochs = epochs_, .unit = "images", .units_per_step = step.samples});
  }
  progress_->update((step.epoch - 1) * step.steps_per_epoch + step.step, step.loss);
}

void TrainingDisplay::show(const EpochRecord& epoch) {
  if (progress_) progress_->clear();
  if (verbose_) {
    std::printf("=== epoch:%td, train acc:%s, test acc:%s ===\n", epoch.epoch + 1,
                str_cat(epoch.train("accuracy")).c_str(),
                str_cat(epoch.validation("accuracy")).c_str());
    return;
  }
  std::printf("epoch %2td  train loss %.4f  train accuracy %.4f  test accuracy %.4f  %.2f s\n",
              epoch.epoch, epoch.train_loss, epoch.train("accuracy"), epoch.validation("accuracy"),
              epoch.seconds);
  std::fflush(stdout);
}

void print_final_accuracy(double test_accuracy) {
  std::printf("=============== Final Test Accuracy ===============\ntest acc:%s\n",
              str_cat(test_accuracy).c_str());
}

void plot_accuracy(Values train, Values test, Index marker_every,
                   const std::filesystem::path& folder, std::string_view name) {
  show({.x_label = "epochs",
        .y_label = "accuracy",
        .y_limits = Limits{0, 1},
        .legend = Legend::lower_right,
        .series = {{.label = "train",
                    .y = std::move(train),
                    .marker = Marker::circle,
                    .marker_every = marker_every},
                   {.label = "test",
                    .y = std::move(test),
                    .marker = Marker::square,
                    .marker_every = marker_every}}},
       folder, name);
}

void plot_accuracy(const History& history, const std::filesystem::path& folder,
                   Index marker_every) {
  Values train, test;
  for (const EpochRecord& epoch : history.epochs) {
    train.push_back(epoch.train("accuracy"));
    test.push_back(epoch.validation("accuracy"));
  }
  plot_accuracy(std::move(train), std::move(test), marker_every, folder, "accuracy");
}

}  // namespace dlfs::examples
