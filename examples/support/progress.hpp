#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "dlfs/core/shape.hpp"

namespace dlfs::examples {

/// What a Progress counts, and the words that it uses.
struct ProgressOptions {
  std::string label{};         // the work, such as "training"
  int epochs = 0;              // above 0: the label is "epoch 3/20"
  std::string unit = "steps";  // of the rate, such as "images"
  Index units_per_step = 1;
};

/// Where a Progress writes. The default is stderr, because stdout is for results.
struct ProgressDisplay {
  std::FILE* stream;
  int columns;          // of the terminal; 0: not a terminal
  double (*seconds)();  // the time since a fixed moment

  static ProgressDisplay standard_error();
};

/// Shows the progress of long work: its rate, the time left and the loss.
///
/// On a terminal it draws one line with a bar, at most ten times a second. Elsewhere it writes a
/// plain line every five seconds, so that short work writes nothing.
///
///   Progress progress(600 * 20, {.epochs = 20, .unit = "images", .units_per_step = 100});
///   progress.update(step, loss);  // after each step
///   progress.clear();             // before a line is printed
class Progress {
 public:
  /// @throws ValueError unless `steps` is at least 1.
  explicit Progress(Index steps, ProgressOptions options = {},
                    ProgressDisplay display = ProgressDisplay::standard_error());
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// Says that `step` of the steps are done.
  void update(Index step, std::optional<double> loss = {});

  /// Removes the bar from the terminal. The next update draws it again.
  void clear();

 private:
  std::string label(Index step) const;
  std::string figures(Index step, std::optional<double> loss, double elapsed) const;
  std::string bar(Index step) const;

  Index steps_;
  ProgressOptions options_;
  ProgressDisplay display_;
  double start_;
  double last_shown_;
  bool is_on_screen_ = false;
};

}  // namespace dlfs::examples
