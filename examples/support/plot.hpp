#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dlfs/core/shape.hpp"

namespace dlfs::examples {

enum class Line { none, solid, dashed };
enum class Marker { none, circle, square, diamond, cross, plus };
enum class Legend { upper_left, upper_right, lower_left, lower_right };

/// Points (x, y) joined by a line, or marked, or both. A NaN interrupts the line.
struct Series {
  std::string label{};      // its name in the legend; empty: not in the legend
  std::vector<double> x{};  // empty: 0, 1, 2, ...
  std::vector<double> y{};
  Line line = Line::solid;
  Marker marker = Marker::none;
  Index marker_every = 1;  // marks every so many points
  std::string color{};     // "#1f77b4" or a name of gnuplot; empty: one of its own
};

/// The ends of an axis.
struct Limits {
  double low;
  double high;
};

/// Series in one pair of axes. Texts are printed as they are.
struct Plot {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
  std::optional<Limits> x_limits{};  // nothing: as the data demand
  std::optional<Limits> y_limits{};
  Legend legend = Legend::upper_right;
  std::vector<Series> series{};
};

/// What became of a plot, with a line for the reader that says so.
struct PlotReport {
  bool has_picture = false;
  std::string message{};
};

/// Writes `name`.dat and `name`.gp into the folder, which is created, and has gnuplot draw
/// `name`.png from them. Without a working gnuplot the first two remain, and the report says so.
/// @throws IoError that names the folder or file that cannot be written; ValueError for a name
///   other than letters, digits, '_' and '-', or a series without points, or with neither line nor
///   marker; ShapeError where x and y differ in number.
PlotReport write_plot(const Plot& plot, const std::filesystem::path& folder, std::string_view name);

}  // namespace dlfs::examples
