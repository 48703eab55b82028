#pragma once

#include <cstdint>
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

/// The place of a legend. `best` is matplotlib's default: where it hides least.
enum class Legend {
  best,
  upper_right,
  upper_left,
  lower_left,
  lower_right,
  center_right,
  center_left,
  lower_center,
  upper_center,
  center
};

/// The free space at each side of the data, in lengths of the axis, as in matplotlib. Given limits
/// have none.
constexpr double axes_margin = 0.05;

/// Numbers to draw: a list, a vector, or the elements of a tensor of any shape.
struct Values : std::vector<double> {
  using std::vector<double>::vector;
  Values(std::vector<double> values) : std::vector<double>(std::move(values)) {}
  Values(const Tensor<double>& tensor) : std::vector<double>(tensor.begin(), tensor.end()) {}
};

/// Points (x, y) with a line, with markers or with both; or bars from 0 to y, as wide as the steps
/// of x. A NaN interrupts the line.
struct Series {
  std::string label{};  // in the legend; empty: not in the legend
  Values x{};           // empty: 0, 1, 2, ...
  Values y{};
  Line line = Line::solid;
  Marker marker = Marker::none;
  Index marker_every = 1;  // distance of two markers, in points; 1 where there are few points
  std::string color{};     // "#1f77b4" or a name of gnuplot; empty: the next of matplotlib's
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

/// The contents of one pair of axes. Texts are printed verbatim.
struct Plot {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
  std::optional<Limits> x_limits{};  // from the data if empty, or if they would hide the data
  std::optional<Limits> y_limits{};
  bool x_ticks = true;
  bool y_ticks = true;
  bool grid = false;
  Legend legend = Legend::best;
  std::vector<Series> series{};
  std::vector<Arrows> arrows{};
  /// Grey levels (height, width), the smallest black and the largest white, with square pixels. The
  /// image lies below the series. The plot then has no limits, ticks and frame.
  std::optional<Tensor<double>> image{};
};

/// The result of drawing a plot, and a line for the reader that says it.
struct PlotReport {
  bool has_picture = false;
  std::string message{};
};

/// Writes `name`.dat and `name`.gp into the folder, and lets gnuplot draw `name`.png from them. The
/// folder is created. Without a working gnuplot the first two files remain; the report says so.
/// @throws IoError that names the folder or file that cannot be written; ValueError for a name
///   with other than letters, digits, '_' and '-', for nothing to draw, and for a series without
///   points or without line and marker; ShapeError where x and y differ in number, or an image is
///   not (H, W).
PlotReport write_plot(const Plot& plot, const std::filesystem::path& folder, std::string_view name);

/// Writes a plot of several panels, `columns` of them in a row.
PlotReport write_plot(const std::vector<Plot>& panels, std::size_t columns,
                      const std::filesystem::path& folder, std::string_view name);

/// Calls write_plot, prints the line of its report, and shows the picture on the terminal.
void show(const Plot& plot, const std::filesystem::path& folder, std::string_view name);
void show(const std::vector<Plot>& panels, std::size_t columns, const std::filesystem::path& folder,
          std::string_view name);

/// Writes pixels (height, width, channels) as `name`.png into the folder, which is created, prints
/// a line that says so, and shows the picture on the terminal.
void show(TensorArg<std::uint8_t> pixels, const std::filesystem::path& folder,
          std::string_view name);

}  // namespace dlfs::examples
