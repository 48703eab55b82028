#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string_view>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

#include "dlfs/io/file.hpp"
#include "dlfs/io/png.hpp"
#include "support/terminal.hpp"
namespace dlfs::examples {

namespace {

bool is_shown_on_terminal = true;

/// The picture (height, width, 3), at most `width` pixels wide. Each pixel is the mean of a square.
Tensor<std::uint8_t> scaled_down(TensorArg<std::uint8_t> picture, Index width) {
  if (picture.rank() != 3 || picture.extent(2) != 3) {
    throw ShapeError("picture: expected (height, width, 3), got ", picture.shape());
  }
  if (width < 1) throw ValueError("picture: expected columns, got ", width);
  const Index side = std::max<Index>(1, (picture.extent(1) + width - 1) / width);
  Tensor<std::uint8_t> small(
      {(picture.extent(0) + side - 1) / side, (picture.extent(1) + side - 1) / side, 3});
  for (Index row = 0; row < small.extent(0); ++row) {
    for (Index column = 0; column < small.extent(1); ++column) {
      const Index bottom = std::min((row + 1) * side, picture.extent(0));
      const Index right = std::min((column + 1) * side, picture.extent(1));
      for (Index channel = 0; channel < 3; ++channel) {
        Index sum = 0;
        for (Index y = row * side; y < bottom; ++y) {
          for (Index x = column * side; x < right; ++x) sum += picture(y, x, channel);
        }
        const Index count = (bottom - row * side) * (right - column * side);
        small(row, column, channel) = static_cast<std::uint8_t>(sum / count);
      }
    }
  }
  return small;
}

/// Any picture of read_png as red, green and blue on white.
Tensor<std::uint8_t> on_white(TensorArg<std::uint8_t> picture) {
  const Index channels = picture.extent(2);
  const bool has_alpha = channels % 2 == 0;
  Tensor<std::uint8_t> result({picture.extent(0), picture.extent(1), 3});
  for (Index row = 0; row < result.extent(0); ++row) {
    for (Index column = 0; column < result.extent(1); ++column) {
      const int alpha = has_alpha ? picture(row, column, channels - 1) : 255;
      for (Index channel = 0; channel < 3; ++channel) {
        const int value = picture(row, column, channels < 3 ? 0 : channel);
        result(row, column, channel) =
            static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha)) / 255);
      }
    }
  }
  return result;
}

std::string base64(detail::ByteSpan bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t three = 0;
    for (std::size_t j = i; j < i + 3; ++j) three = three << 8 | (j < bytes.size() ? bytes[j] : 0u);
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : digits[three >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

/// A PNG file for kitty, in pieces of at most 4096 letters. `columns` of 0 keep the picture's size.
/// https://sw.kovidgoyal.net/kitty/graphics-protocol/
std::string kitty_text(const std::string& file, Index columns) {
  constexpr std::size_t piece = 4096;
  std::string text;
  for (std::size_t begin = 0; begin < file.size(); begin += piece) {
    text += "\x1b_G";
    if (begin == 0) text += "a=T,f=100,q=2,";
    if (begin == 0 && columns > 0) text += str_cat("c=", columns, ",");
    text += str_cat("m=", begin + piece < file.size() ? 1 : 0, ";", file.substr(begin, piece),
                    "\x1b\\");
  }
  return text + "\n";
}

/// The number of one of the 4096 colours of 4 bits for red, green and blue.
constexpr std::size_t color_count = 4096;

std::size_t color_of(TensorArg<std::uint8_t> picture, Index row, Index column) {
  return static_cast<std::size_t>(picture(row, column, 0) >> 4 << 8 |
                                  picture(row, column, 1) >> 4 << 4 | picture(row, column, 2) >> 4);
}

std::array<int, 3> channels_of(std::size_t color) {
  const int all = static_cast<int>(color);
  return {all >> 8, all >> 4 & 15, all & 15};
}

/// The colours that a picture has most often, and the nearest of them to each of the 4096.
struct Palette {
  std::vector<std::size_t> colors;
  std::vector<std::size_t> nearest;  // an index into colors
};

Palette palette_of(TensorArg<std::uint8_t> picture) {
  constexpr std::size_t registers = 256;  // of the terminal
  std::vector<Index> counts(color_count);
  for (Index row = 0; row < picture.extent(0); ++row) {
    for (Index column = 0; column < picture.extent(1); ++column) {
      ++counts[color_of(picture, row, column)];
    }
  }
  Palette palette{.colors = std::vector<std::size_t>(color_count),
                  .nearest = std::vector<std::size_t>(color_count)};
  std::iota(palette.colors.begin(), palette.colors.end(), 0u);
  std::stable_sort(palette.colors.begin(), palette.colors.end(),
                   [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
  const auto used = std::count_if(counts.begin(), counts.end(), [](Index n) { return n > 0; });
  palette.colors.resize(std::min(registers, static_cast<std::size_t>(used)));
  for (std::size_t color = 0; color < color_count; ++color) {
    const auto distance = [wanted = channels_of(color)](std::size_t other) {
      const auto channels = channels_of(other);
      int sum = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        sum += (channels[i] - wanted[i]) * (channels[i] - wanted[i]);
      }
      return sum;
    };
    const auto nearest =
        std::min_element(palette.colors.begin(), palette.colors.end(),
                         [&](std::size_t a, std::size_t b) { return distance(a) < distance(b); });
    palette.nearest[color] = static_cast<std::size_t>(nearest - palette.colors.begin());
  }
  return palette;
}

}  // namespace

Graphics graphics_of_environment() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value != nullptr ? value : "");
  };
  const std::string_view kind = variable("TERM"), program = variable("TERM_PROGRAM");
  const std::string_view color_term = variable("COLORTERM");
  if (kind.empty() || kind == "dumb") return Graphics::none;
  const bool is_within_another = !variable("TMUX").empty() || !variable("STY").empty();
  if (!is_within_another) {
    if (!variable("KITTY_WINDOW_ID").empty() || kind == "xterm-kitty" || kind == "xterm-ghostty") {
      return Graphics::kitty;
    }
    for (const char* name : {"iTerm.app", "mintty", "WezTerm"}) {
      if (program == name) return Graphics::sixel;
    }
    if (kind.starts_with("foot") || kind.starts_with("mlterm")) return Graphics::sixel;
  }
  return color_term == "truecolor" || color_term == "24bit" ? Graphics::blocks : Graphics::none;
}

Terminal terminal_on_stdout() {
  Terminal terminal;
  if (isatty(STDOUT_FILENO) == 0) return terminal;
  terminal.graphics = graphics_of_environment();
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return terminal;
  if (size.ws_col > 0) terminal.columns = size.ws_col;
  terminal.width = size.ws_xpixel > 0 ? size.ws_xpixel : 8 * terminal.columns;
  return terminal;
}

std::string blocks_text(TensorArg<std::uint8_t> picture, Index columns) {
  const auto small = scaled_down(picture, columns);
  const auto color = [&](Index row, Index column) {
    return str_cat(int{small(row, column, 0)}, ";", int{small(row, column, 1)}, ";",
                   int{small(row, column, 2)}, "m");
  };
  std::string text;
  for (Index row = 0; row < small.extent(0); row += 2) {
    for (Index column = 0; column < small.extent(1); ++column) {
      text += str_cat("\x1b[38;2;", color(row, column));
      if (row + 1 < small.extent(0)) text += str_cat("\x1b[48;2;", color(row + 1, column));
      text += "\u2580";
    }
    text += "\x1b[0m\n";
  }
  return text;
}

std::string sixel_text(TensorArg<std::uint8_t> picture, Index width) {
  constexpr Index rows_of_band = 6;
  const auto small = scaled_down(picture, width);
  const Palette palette = palette_of(small);
  std::string text = str_cat("\x1bP0;1;0q\"1;1;", small.extent(1), ";", small.extent(0));
  for (std::size_t i = 0; i < palette.colors.size(); ++i) {
    const auto [red, green, blue] = channels_of(palette.colors[i]);
    text += str_cat("#", i, ";2;", red * 100 / 15, ";", green * 100 / 15, ";", blue * 100 / 15);
  }
  for (Index top = 0; top < small.extent(0); top += rows_of_band) {
    // For each colour of the band, a row of characters whose 6 bits are the pixels of that colour.
    std::vector<std::string> lines(palette.colors.size());
    for (Index row = top; row < std::min(top + rows_of_band, small.extent(0)); ++row) {
      for (Index column = 0; column < small.extent(1); ++column) {
        std::string& line = lines[palette.nearest[color_of(small, row, column)]];
        line.resize(static_cast<std::size_t>(small.extent(1)), '?');
        char& bits = line[static_cast<std::size_t>(column)];
        bits = static_cast<char>(bits + (1 << (row - top)));
      }
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].empty()) continue;
      text += str_cat("#", i);
      for (std::size_t begin = 0, end = 0; begin < lines[i].size(); begin = end) {
        end = std::min(lines[i].find_first_not_of(lines[i][begin], begin), lines[i].size());
        text += str_cat("!", end - begin, std::string(1, lines[i][begin]));
      }
      text += "$";
    }
    text += "-";
  }
  return text + "\x1b\\\n";
}

std::string terminal_text(const std::filesystem::path& png, const Terminal& terminal) {
  if (terminal.graphics == Graphics::none) return "";
  const auto picture = read_png(png);
  switch (terminal.graphics) {
    case Graphics::blocks:
      return blocks_text(on_white(picture), terminal.columns);
    case Graphics::sixel:
      return sixel_text(on_white(picture), terminal.width);
    case Graphics::kitty:
      return kitty_text(base64(detail::read_file(png)),
                        picture.extent(1) > terminal.width ? terminal.columns : 0);
    case Graphics::none:
      break;
  }
  return "";
}

void set_shown_on_terminal(bool is_shown) { is_shown_on_terminal = is_shown; }

void show_on_terminal(const std::filesystem::path& png) {
  if (is_shown_on_terminal) std::fputs(terminal_text(png, terminal_on_stdout()).c_str(), stdout);
}

}  // namespace dlfs::examples
