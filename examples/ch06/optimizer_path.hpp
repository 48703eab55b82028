#pragma once

#include <cmath>
#include <numbers>
#include <string>

#include "support/plot.hpp"
#include <dlfs/dlfs.hpp>

// Section 6.1: how an optimizer finds its way down f(x, y) = x^2 / 20 + y^2 from (-7, 2).

namespace ch06 {

/// The first 30 points of the path, in red.
inline dlfs::examples::Series path_of(dlfs::Optimizer auto optimizer) {
  using namespace dlfs;
  Parameter<double> position("(x, y)", array<double>({-7, 2}));
  Parameter<double>* const parameters[] = {&position};
  examples::Series path{.marker = examples::Marker::circle, .color = "red"};
  for (int i = 0; i < 30; ++i) {
    const double x = position.value(0), y = position.value(1);
    path.x.push_back(x);
    path.y.push_back(y);
    position.gradient = array<double>({x / 10, 2 * y});
    optimizer.step(parameters);
  }
  return path;
}

/// The contour of f at `height`, an ellipse, in the color of matplotlib's map for heights up to 7.
inline dlfs::examples::Series contour(int height) {
  constexpr const char* colors[] = {"#440154", "#46327e", "#365c8d", "#277f8e",
                                    "#1fa187", "#4ac16d", "#a0da39", "#fde725"};
  dlfs::examples::Series line{.color = colors[height]};
  for (int i = 0; i <= 100; ++i) {
    const double angle = 2 * std::numbers::pi * i / 100;
    line.x.push_back(std::sqrt(20 * height) * std::cos(angle));
    line.y.push_back(std::sqrt(height) * std::sin(angle));
  }
  return line;
}

/// The path and the contours of f up to 7. A cross marks the minimum.
inline dlfs::examples::Plot path_plot(const std::string& title, dlfs::Optimizer auto optimizer) {
  using namespace dlfs::examples;
  Plot plot{.title = title,
            .x_label = "x",
            .y_label = "y",
            .x_limits = Limits{-10, 10},
            .y_limits = Limits{-10, 10}};
  plot.series.push_back(path_of(std::move(optimizer)));
  for (int height = 1; height <= 7; ++height) plot.series.push_back(contour(height));
  plot.series.push_back({.x = {0}, .y = {0}, .line = Line::none, .marker = Marker::plus});
  return plot;
}

}  // namespace ch06
