#include <algorithm>
#include <cmath>
#include <limits>

#include "support/axes.hpp"

namespace dlfs::examples {

namespace {

/// The smallest part of an axis that data take and are still seen to rise or fall.
constexpr double least_part = 0.1;

/// The most points of a series that all have a marker.
constexpr std::size_t most_markers = 25;

/// Shorter axes have ticks between whole numbers.
constexpr double whole_ticks_from = 10;

std::optional<Limits> Plot::*limits_of(Coordinate coordinate) {
  return coordinate == &Point::x ? &Plot::x_limits : &Plot::y_limits;
}

/// The smallest and the largest number; low > high where there is none.
Limits range_of(const Plot& plot, Coordinate coordinate) {
  Limits range{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  const auto add = [&](double value) {
    if (!std::isfinite(value)) return;
    range = {std::min(range.low, value), std::max(range.high, value)};
  };
  for (const Series& series : plot.series) {
    for (std::size_t i = 0; i < series.y.size(); ++i) add(point(series, i).*coordinate);
    if (series.line == Line::bars && coordinate == &Point::y) add(0);
  }
  for (const Arrows& arrows : plot.arrows) {
    for (std::size_t i = 0; i < arrows.x.size(); ++i)
      add(Point{arrows.x[i], arrows.y[i]}.*coordinate);
  }
  return range;
}

bool hide(const Limits& limits, const Plot& plot, Coordinate coordinate) {
  const auto [low, high] = range_of(plot, coordinate);
  const double shown = std::min(high, limits.high) - std::max(low, limits.low);
  if (low < high && shown < least_part * (limits.high - limits.low)) return true;
  return std::any_of(plot.series.begin(), plot.series.end(), [&](const Series& series) {
    const std::size_t before = series.line == Line::none || series.y.size() == 1 ? 0 : 1;
    std::size_t inside = 0, outside = 0;  // points, or pieces of a line
    for (std::size_t i = before; i < series.y.size(); ++i) {
      const auto [least, most] =
          std::minmax({point(series, i - before).*coordinate, point(series, i).*coordinate});
      if (!std::isfinite(least) || !std::isfinite(most)) continue;
      ++(most < limits.low || least > limits.high ? outside : inside);
    }
    return outside > inside;
  });
}

}  // namespace

Point point(const Series& series, std::size_t i) {
  return {series.x.empty() ? static_cast<double>(i) : series.x[i], series.y[i]};
}

Limits data_limits(const std::vector<Plot>& panels, Coordinate coordinate) {
  Limits all = range_of(panels.front(), coordinate);
  for (const Plot& plot : panels) {
    const auto [low, high] = range_of(plot, coordinate);
    all = {std::min(all.low, low), std::max(all.high, high)};
  }
  if (all.low > all.high) all = {0, 0};
  if (all.low == all.high) return {all.low - 1, all.high + 1};
  const double margin = axes_margin * (all.high - all.low);
  return {all.low - margin, all.high + margin};
}

std::vector<Plot> with_readable_limits(std::vector<Plot> panels) {
  for (const Coordinate coordinate : {&Point::x, &Point::y}) {
    const auto limits = limits_of(coordinate);
    const bool are_hidden = std::all_of(panels.begin(), panels.end(), [&](const Plot& plot) {
      return plot.*limits && hide(*(plot.*limits), plot, coordinate);
    });
    if (!are_hidden) continue;
    const Limits wider_or_closer = data_limits(panels, coordinate);
    for (Plot& plot : panels) {
      plot.*limits = wider_or_closer;
      plot.legend = Legend::best;
    }
  }
  return panels;
}

bool has_whole_ticks(const Plot& plot) {
  for (const Series& series : plot.series) {
    for (const double x : series.x) {
      if (x != std::floor(x)) return false;
    }
  }
  const Limits limits = plot.x_limits.value_or(data_limits({plot}, &Point::x));
  return !plot.series.empty() && limits.high - limits.low < whole_ticks_from;
}

Index marker_distance(const Series& series) {
  return series.y.size() > most_markers ? series.marker_every : 1;
}

}  // namespace dlfs::examples
