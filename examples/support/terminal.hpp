#pragma once

#include <cstdint>
#include <string>

#include "dlfs/core/tensor.hpp"

namespace dlfs::examples {

/// A picture (height, width, 3) of red, green and blue as text for a terminal. Each character shows
/// two pixels, one above the other. A picture of more than `columns` columns is scaled down.
/// @throws ShapeError for another shape, ValueError for no columns.
std::string picture_text(TensorArg<std::uint8_t> picture, Index columns);

/// Prints the picture where stdout is a terminal, and nothing elsewhere.
void show_on_terminal(TensorArg<std::uint8_t> picture);

}  // namespace dlfs::examples
