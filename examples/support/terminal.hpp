#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "dlfs/core/tensor.hpp"

namespace dlfs::examples {

/// How a terminal shows a picture: not at all, by characters of two pixels, or by a protocol.
enum class Graphics { none, blocks, sixel, kitty };

/// What the environment says of the terminal. Kitty and Ghostty show PNG files; foot, iTerm2,
/// mintty, mlterm and WezTerm show sixels; others, and all within tmux and screen, have 24-bit
/// colours where COLORTERM says so.
Graphics graphics_of_environment();

/// A terminal that shows pictures.
struct Terminal {
  Graphics graphics = Graphics::none;
  Index columns = 80;  // of characters
  Index width = 640;   // in pixels
};

/// The terminal on stdout. It has no graphics where stdout is no terminal.
Terminal terminal_on_stdout();

/// A picture (height, width, 3) of red, green and blue as lines of characters. Each character shows
/// two pixels, one above the other. A picture of more than `columns` columns is scaled down.
/// @throws ShapeError for another shape, ValueError for no columns.
std::string blocks_text(TensorArg<std::uint8_t> picture, Index columns);

/// The same picture in 256 of 4096 colours as sixels, the graphics of DEC's terminals. A picture of
/// more than `width` pixels is scaled down.
std::string sixel_text(TensorArg<std::uint8_t> picture, Index width);

/// The text that shows a PNG file; empty for a terminal without graphics.
std::string terminal_text(const std::filesystem::path& png, const Terminal& terminal);

/// Whether show_on_terminal does anything. At first it does.
void set_shown_on_terminal(bool is_shown);

/// Shows a PNG file where stdout is a terminal with graphics.
void show_on_terminal(const std::filesystem::path& png);

}  // namespace dlfs::examples
