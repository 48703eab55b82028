#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "support/progress.hpp"

namespace dlfs::examples {

namespace {

constexpr double seconds_between_bars = 0.1;
constexpr double seconds_between_lines = 5;
constexpr std::size_t bar_cells = 16;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The width of the terminal on stderr; 0 if there is no terminal that can redraw a line.
int columns_of_standard_error() {
  const char* kind = std::getenv("TERM");
  if (isatty(STDERR_FILENO) == 0 || kind == nullptr || std::string_view(kind) == "dumb") return 0;
  winsize size{};
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : 80;
}

std::string formatted(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string rate_text(double rate) {
  return formatted(rate >= 100 ? "%.0f" : rate >= 1 ? "%.1f" : "%.3f", rate);
}

/// "0:07", "12:34" or "1:02:03".
std::string duration_text(double seconds) {
  const auto total = std::lround(std::min(seconds, 1e9));
  const auto two_digits = [](long n) { return str_cat(n < 10 ? "0" : "", n); };
  const std::string minutes_and_seconds =
      str_cat(total < 3600 ? str_cat(total / 60) : two_digits(total / 60 % 60), ":",
              two_digits(total % 60));
  return total < 3600 ? minutes_and_seconds : str_cat(total / 3600, ":", minutes_and_seconds);
}

}  // namespace

ProgressDisplay ProgressDisplay::standard_error() {
  return {stderr, columns_of_standard_error(), steady_seconds};
}

Progress::Progress(Index steps, ProgressOptions options, ProgressDisplay display)
    : steps_(steps),
      options_(std::move(options)),
      display_(display),
      start_(display.seconds()),
      last_shown_(start_) {
  if (steps < 1) throw ValueError("Progress: expected at least 1 step, got ", steps);
}

void Progress::update(Index step, std::optional<double> loss) {
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

void Progress::clear() {
  if (!is_on_screen_) return;
  std::fputs("\r\x1b[K", display_.stream);
  std::fflush(display_.stream);
  is_on_screen_ = false;
}

std::string Progress::label(Index step) const {
  if (options_.epochs < 1) return options_.label;
  const Index epoch = (std::max<Index>(step, 1) - 1) * options_.epochs / steps_ + 1;
  return str_cat("epoch ", epoch, "/", options_.epochs);
}

std::string Progress::bar(Index step) const {
  const auto done = static_cast<std::size_t>(step * static_cast<Index>(bar_cells) / steps_);
  std::string cells(bar_cells, ' ');
  std::fill_n(cells.begin(), done, '=');
  if (done > 0 && step < steps_) cells[done - 1] = '>';
  return str_cat(" [", cells, "]");
}

std::string Progress::figures(Index step, std::optional<double> loss, double elapsed) const {
  const double per_second = static_cast<double>(step) / elapsed;
  std::string text = str_cat("  ", step * 100 / steps_, "%");
  if (step > 0) {
    const auto units = static_cast<double>(options_.units_per_step);
    text += str_cat("  ", rate_text(per_second * units), " ", options_.unit, "/s  ",
                    duration_text(static_cast<double>(steps_ - step) / per_second), " left");
  }
  if (loss) text += str_cat("  loss ", formatted("%.4f", *loss));
  return text;
}

}  // namespace dlfs::examples
