#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/core/tensor.hpp"

namespace dlfs::examples {

enum class Line { none, solid, dashed, bars };
enum class Marker { none, circle, square, diamond, cross, plus };
enum class Legend { upper_left, upper_right, lower_left, lower_right };

/// Numbers to draw: written out, collected, or the elements of a tensor of any shape.
struct Values : std::vector<double> {
  using std::vector<double>::vector;
  Values(std::vector<double> values) : std::vector<double>(std::move(values)) {}
  Values(const Tensor<double>& tensor) : std::vector<double>(tensor.begin(), tensor.end()) {}
};

/// Points (x, y) joined by a line, or marked, or both; or bars from 0 to y, as wide as the steps
/// of x. A NaN interrupts the line.
struct Series {
  std::string label{};  // its name in the legend; empty: not in the legend
  Values x{};           // empty: 0, 1, 2, ...
  Values y{};
  Line line = Line::solid;
  Marker marker = Marker::none;
  Index marker_every = 1;  // distance of two marks, in points
  std::string color{};     // "#1f77b4" or a name of gnuplot; empty: one of its own
};

/// Arrows from (x, y) to (x + dx, y + dy).
struct Arrows {
  Values x{};
  Values y{};
  Values dx{};
  Values dy{};
  std::string color = "#666666";
};

/// The ends of an axis.
struct Limits {
  double low;
  double high;
};

/// What is drawn in one pair of axes. Texts are printed as they are.
struct Plot {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
  std::optional<Limits> x_limits{};  // nothing: as the data demand
  std::optional<Limits> y_limits{};
  Legend legend = Legend::upper_right;
  std::vector<Series> series{};
  std::vector<Arrows> arrows{};
  /// Rows of grey levels (height, width), the smallest black and the largest white. It lies beneath
  /// all else, each pixel a square, and takes the place of limits, ticks and frame.
  std::optional<Tensor<double>> image{};
};

/// What became of a plot, with a line for the reader that says so.
struct PlotReport {
  bool has_picture = false;
  std::string message{};
};

/// Writes `name`.dat and `name`.gp into the folder, which is created, and has gnuplot draw
/// `name`.png from them. Without a working gnuplot the first two remain, and the report says so.
/// @throws IoError that names the folder or file that cannot be written; ValueError for a name
///   other than letters, digits, '_' and '-', nothing to draw, a series without points, or with
///   neither line nor marker; ShapeError where x and y differ in number, or an image is not (H, W).
PlotReport write_plot(const Plot& plot, const std::filesystem::path& folder, std::string_view name);

/// The same for several panels, `columns` of them in a row.
PlotReport write_plot(const std::vector<Plot>& panels, std::size_t columns,
                      const std::filesystem::path& folder, std::string_view name);

/// As write_plot; says on stdout what became of it.
void show(const Plot& plot, const std::filesystem::path& folder, std::string_view name);
void show(const std::vector<Plot>& panels, std::size_t columns, const std::filesystem::path& folder,
          std::string_view name);

}  // namespace dlfs::examples
