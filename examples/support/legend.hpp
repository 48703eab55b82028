#pragma once

#include "support/plot.hpp"

namespace dlfs::examples {

/// The size of a pair of axes, in pixels.
struct AxesSize {
  double width;
  double height;
};

/// The place where the legend hides least: the first with the fewest points and pieces of lines
/// below it, in matplotlib's order of places.
Legend free_place(const Plot& plot, const AxesSize& axes);

}  // namespace dlfs::examples
