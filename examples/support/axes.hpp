#pragma once

#include <vector>

#include "support/plot.hpp"

namespace dlfs::examples {

struct Point {
  double x;
  double y;
};

/// An axis: &Point::x or &Point::y.
using Coordinate = double Point::*;

/// The i-th point of a series.
Point point(const Series& series, std::size_t i);

/// The limits of all numbers of the panels, with the margin of the axes.
Limits data_limits(const std::vector<Plot>& panels, Coordinate coordinate);

/// Replaces given limits that hide the data, in all panels or in none, since panels are compared.
/// They hide a plot whose data rise or fall by less than a tenth of the axis, or a series of which
/// more than half lies outside. The legend of such a plot takes the free place.
std::vector<Plot> with_readable_limits(std::vector<Plot> panels);

/// Whether the ticks of x are whole numbers: all x are, and gnuplot would put ticks between them.
bool has_whole_ticks(const Plot& plot);

/// The distance of two markers, in points: each point has one while there is room.
Index marker_distance(const Series& series);

}  // namespace dlfs::examples
