#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "dlfs/core/option.hpp"
#include "dlfs/train/trainer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// What a Progress counts, and the words that it uses.
struct ProgressOptions {
  std::string label{};         ///< the work, such as "training"
  Index epochs = 0;            ///< above 0: the label is "epoch 3/20"
  std::string unit = "steps";  ///< of the rate, such as "images"
  Index units_per_step = 1;    ///< such as the samples of a batch

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("Progress", "epochs", epochs, detail::at_least(0));
    detail::expect_option("Progress", "units_per_step", units_per_step, detail::at_least(1));
  }
};

/// Where a Progress writes. The default is stderr, because stdout is for results.
struct ProgressDisplay {
  std::FILE* stream;    ///< the terminal or file
  int columns;          ///< of the terminal; 0: not a terminal
  double (*seconds)();  ///< the time since a fixed moment

  /// stderr, and the width of its terminal.
  static ProgressDisplay standard_error() {
    return {stderr, columns_of_standard_error(), [] {
              const auto now = std::chrono::steady_clock::now().time_since_epoch();
              return std::chrono::duration<double>(now).count();
            }};
  }

 private:
  /// 0 if there is no terminal that can redraw a line.
  static int columns_of_standard_error() {
    const char* kind = std::getenv("TERM");
    if (isatty(STDERR_FILENO) == 0 || kind == nullptr || std::string_view(kind) == "dumb") return 0;
    winsize size{};
    const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : 80;
  }
};

namespace detail {

/// A number with so many digits behind the point.
inline std::string decimal(double value, int digits) {
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

/// "0:07", "12:34" or "1:02:03".
inline std::string duration_text(double seconds) {
  const auto total = std::lround(std::min(seconds, 1e9));
  const auto two_digits = [](long n) { return str_cat(n < 10 ? "0" : "", n); };
  const std::string minutes_and_seconds =
      str_cat(total < 3600 ? str_cat(total / 60) : two_digits(total / 60 % 60), ":",
              two_digits(total % 60));
  return total < 3600 ? minutes_and_seconds : str_cat(total / 3600, ":", minutes_and_seconds);
}

/// "epoch  3  train loss 0.1234  validation loss 0.2345  accuracy 0.9876 / 0.9765  1.23 s"
inline std::string epoch_line(const EpochRecord& epoch) {
  std::string line = str_cat("epoch ", epoch.epoch < 10 ? " " : "", epoch.epoch, "  train loss ",
                             decimal(epoch.train_loss, 4));
  const auto is_known = [](double value) { return value == value; };
  if (is_known(epoch.validation_loss)) {
    line += "  validation loss " + decimal(epoch.validation_loss, 4);
  }
  for (const MetricRecord& metric : epoch.metrics) {
    line += "  " + metric.name;
    if (is_known(metric.train)) line += " " + decimal(metric.train, 4);
    if (is_known(metric.train) && is_known(metric.validation)) line += " /";
    if (is_known(metric.validation)) line += " " + decimal(metric.validation, 4);
  }
  return line + "  " + decimal(epoch.seconds, 2) + " s";
}

}  // namespace detail

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
  /// @throws ValueError unless `steps` is at least 1, and for options that are out of range.
  explicit Progress(Index steps, ProgressOptions options = {},
                    ProgressDisplay display = ProgressDisplay::standard_error())
      : steps_(steps),
        options_(std::move(options)),
        display_(display),
        start_(display.seconds()),
        last_shown_(start_) {
    if (steps < 1) throw ValueError("Progress: expected at least 1 step, got ", steps);
    options_.check();
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// Says that `step` of the steps are done.
  void update(Index step, std::optional<double> loss = {}) {
    step = std::clamp<Index>(step, 0, steps_);
    const double now = display_.seconds();
    const bool is_terminal = display_.columns > 0;
    if (now - last_shown_ < (is_terminal ? seconds_between_bars : seconds_between_lines)) return;
    last_shown_ = now;

    std::string line = label(step);
    const std::string numbers = figures(step, loss, now - start_);
    if (is_terminal) {
      const auto columns = static_cast<std::size_t>(display_.columns);
      const std::string cells = bar(step);
      if (line.size() + cells.size() + numbers.size() < columns) line += cells;
      line = (line + numbers).substr(0, columns - 1);
      std::fprintf(display_.stream, "\r%s\x1b[K", line.c_str());
    } else {
      std::fprintf(display_.stream, "%s%s\n", line.c_str(), numbers.c_str());
    }
    std::fflush(display_.stream);
    is_on_screen_ = is_terminal;
  }

  /// Removes the bar from the terminal. The next update draws it again.
  void clear() {
    if (!is_on_screen_) return;
    std::fputs("\r\x1b[K", display_.stream);
    std::fflush(display_.stream);
    is_on_screen_ = false;
  }

 private:
  static constexpr double seconds_between_bars = 0.1;
  static constexpr double seconds_between_lines = 5;
  static constexpr std::size_t bar_cells = 16;

  std::string label(Index step) const {
    if (options_.epochs < 1) return options_.label;
    const Index before = part(std::max<Index>(step, 1) - 1, options_.epochs);
    return str_cat("epoch ", std::min(before, options_.epochs - 1) + 1, "/", options_.epochs);
  }

  /// whole * step / steps, rounded down. The product may be more than an Index holds.
  Index part(Index step, Index whole) const {
    const auto numbers = static_cast<double>(whole);
    const double done = numbers * static_cast<double>(step) / static_cast<double>(steps_);
    return done < numbers ? static_cast<Index>(done) : whole;
  }

  std::string bar(Index step) const {
    const auto done = static_cast<std::size_t>(part(step, static_cast<Index>(bar_cells)));
    std::string cells(bar_cells, ' ');
    std::fill_n(cells.begin(), done, '=');
    if (done > 0 && step < steps_) cells[done - 1] = '>';
    return str_cat(" [", cells, "]");
  }

  std::string figures(Index step, std::optional<double> loss, double elapsed) const {
    const double per_second = static_cast<double>(step) / elapsed;
    std::string text = str_cat("  ", part(step, 100), "%");
    if (step > 0) {
      const double rate = per_second * static_cast<double>(options_.units_per_step);
      const int digits = rate >= 100 ? 0 : rate >= 1 ? 1 : 3;
      text +=
          str_cat("  ", detail::decimal(rate, digits), " ", options_.unit, "/s  ",
                  detail::duration_text(static_cast<double>(steps_ - step) / per_second), " left");
    }
    if (loss) text += str_cat("  loss ", detail::decimal(*loss, 4));
    return text;
  }

  Index steps_;
  ProgressOptions options_;
  ProgressDisplay display_;
  double start_;
  double last_shown_;
  bool is_on_screen_ = false;
};

/// Shows the training of every later `fit` on the terminal: a bar while an epoch runs, and a line
/// with losses and metrics after it. Where stderr is no terminal, it shows nothing.
template <std::floating_point T, class Loss, class Optimizer>
void show_progress(Trainer<T, Loss, Optimizer>& trainer,
                   ProgressDisplay display = ProgressDisplay::standard_error()) {
  if (display.columns == 0) return;
  const auto fit = std::make_shared<FitRecord>();
  const auto progress = std::make_shared<std::optional<Progress>>();
  trainer.on_begin([=](const FitRecord& record) {
    *fit = record;
    progress->reset();
  });
  trainer.on_step([=](const StepRecord& step) {
    if (!*progress) {
      // Whoever trains until a key is pressed gives a number of epochs without an end.
      const Index epochs =
          std::min(fit->last_epoch, std::numeric_limits<Index>::max() / step.steps_per_epoch);
      progress->emplace(
          epochs * step.steps_per_epoch,
          ProgressOptions{.epochs = epochs, .unit = "samples", .units_per_step = step.samples},
          display);
    }
    (*progress)->update((step.epoch - 1) * step.steps_per_epoch + step.step, step.loss);
  });
  trainer.on_epoch([=](const EpochRecord& epoch) {
    if (*progress) (*progress)->clear();
    std::fprintf(display.stream, "%s\n", detail::epoch_line(epoch).c_str());
    std::fflush(display.stream);
  });
  trainer.on_end([=](const History&) { progress->reset(); });
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
