#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

#include "support/terminal.hpp"

namespace dlfs::examples {

namespace {

/// The width of the terminal on stdout; 0 if there is no terminal with colours.
Index columns_of_standard_output() {
  const char* kind = std::getenv("TERM");
  if (isatty(STDOUT_FILENO) == 0 || kind == nullptr || std::string_view(kind) == "dumb") return 0;
  winsize size{};
  const bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : 80;
}

/// The mean colour of rows [top, bottom) and columns [left, right), "red;green;blue".
std::string mean_color(TensorArg<std::uint8_t> picture, Index top, Index bottom, Index left,
                       Index right) {
  std::array<Index, 3> sums{};
  for (Index row = top; row < bottom; ++row) {
    for (Index column = left; column < right; ++column) {
      for (Index channel = 0; channel < 3; ++channel) {
        sums[static_cast<std::size_t>(channel)] += picture(row, column, channel);
      }
    }
  }
  const Index count = (bottom - top) * (right - left);
  return str_cat(sums[0] / count, ";", sums[1] / count, ";", sums[2] / count);
}

}  // namespace

std::string picture_text(TensorArg<std::uint8_t> picture, Index columns) {
  if (picture.rank() != 3 || picture.extent(2) != 3) {
    throw ShapeError("picture: expected (height, width, 3), got ", picture.shape());
  }
  if (columns < 1) throw ValueError("picture: expected columns, got ", columns);
  const Index height = picture.extent(0);
  const Index width = picture.extent(1);
  const Index cell = std::max<Index>(1, (width + columns - 1) / columns);  // side length, in pixels
  std::string text;
  for (Index top = 0; top < height; top += 2 * cell) {
    const Index middle = std::min(top + cell, height);
    const Index bottom = std::min(middle + cell, height);
    for (Index left = 0; left < width; left += cell) {
      const Index right = std::min(left + cell, width);
      text += str_cat("\x1b[38;2;", mean_color(picture, top, middle, left, right), "m");
      if (middle < bottom) {
        text += str_cat("\x1b[48;2;", mean_color(picture, middle, bottom, left, right), "m");
      }
      text += "\u2580";
    }
    text += "\x1b[0m\n";
  }
  return text;
}

void show_on_terminal(TensorArg<std::uint8_t> picture) {
  const Index columns = columns_of_standard_output();
  if (columns > 0) std::fputs(picture_text(picture, columns).c_str(), stdout);
}

}  // namespace dlfs::examples
