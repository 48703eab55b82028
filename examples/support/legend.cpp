#include <algorithm>
#include <cmath>
#include <limits>

#include "support/axes.hpp"
#include "support/legend.hpp"

namespace dlfs::examples {

namespace {

struct Box {
  Point low;
  Point high;
};

// matplotlib's order. `x` and `y` are 0 at the left and at the bottom, 1 at the right and the top.
constexpr struct {
  Legend legend;
  double x;
  double y;
} places[] = {
    {Legend::upper_right, 1, 1},    {Legend::upper_left, 0, 1},     {Legend::lower_left, 0, 0},
    {Legend::lower_right, 1, 0},    {Legend::center_right, 1, 0.5}, {Legend::center_left, 0, 0.5},
    {Legend::lower_center, 0.5, 0}, {Legend::upper_center, 0.5, 1}, {Legend::center, 0.5, 0.5}};

/// The size of the legend in pixels, measured in gnuplot's pictures.
Point legend_size(const Plot& plot) {
  std::size_t rows = 0, letters = 0;
  for (const Series& series : plot.series) {
    if (series.label.empty()) continue;
    ++rows;
    letters = std::max(letters, series.label.size());
  }
  return {60 + 8.5 * static_cast<double>(letters), 5 + 17.5 * static_cast<double>(rows)};
}

/// Whether the line from a to b has a point in the box.
bool meets(Point a, Point b, const Box& box) {
  double first = 0, last = 1;  // the part of the line that is in the box
  for (const auto coordinate : {&Point::x, &Point::y}) {
    const double from = a.*coordinate, step = b.*coordinate - from;
    const double low = box.low.*coordinate, high = box.high.*coordinate;
    if (step == 0) {
      if (from < low || from > high) return false;
      continue;
    }
    const double at_low = (low - from) / step, at_high = (high - from) / step;
    first = std::max(first, std::min(at_low, at_high));
    last = std::min(last, std::max(at_low, at_high));
  }
  return first <= last;
}

}  // namespace

Legend free_place(const Plot& plot, const AxesSize& axes) {
  const Limits x = plot.x_limits.value_or(data_limits({plot}, &Point::x));
  const Limits y = plot.y_limits.value_or(data_limits({plot}, &Point::y));
  const auto in_pixels = [&](Point p) {
    return Point{(p.x - x.low) / (x.high - x.low) * axes.width,
                 (p.y - y.low) / (y.high - y.low) * axes.height};
  };
  const auto hidden_by = [&](const Box& box) {
    std::size_t count = 0;
    for (const Series& series : plot.series) {
      const std::size_t before = series.line == Line::none ? 0 : 1;
      for (std::size_t i = before; i < series.y.size(); ++i) {
        const Point begin = in_pixels(point(series, i - before));
        const Point end = in_pixels(point(series, i));
        if (std::isfinite(begin.y) && std::isfinite(end.y) && meets(begin, end, box)) ++count;
      }
    }
    return count;
  };

  constexpr double margin = 9;  // between legend and axes, in pixels
  const Point size = legend_size(plot);
  Legend best = Legend::upper_right;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const auto& place : places) {
    const Point low{margin + place.x * (axes.width - size.x - 2 * margin),
                    margin + place.y * (axes.height - size.y - 2 * margin)};
    const std::size_t count = hidden_by({low, {low.x + size.x, low.y + size.y}});
    if (count >= fewest) continue;
    best = place.legend;
    fewest = count;
  }
  return best;
}

}  // namespace dlfs::examples
