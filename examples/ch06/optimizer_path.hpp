#pragma once

#include <cmath>
#include <numbers>
#include <string>

#include "common/optimizer.hpp"
#include "support/plot.hpp"

// Section 6.1: how an optimizer finds its way down f(x, y) = x^2 / 20 + y^2 from (-7, 2).

namespace ch06 {

/// The first 30 points of the path, in red.
inline dlfs::examples::Series path_of(common::Optimizer&& optimizer) {
  using namespace dlfs;
  common::Arrays params{{"x", array<double>({-7})}, {"y", array<double>({2})}};
  examples::Series path{.marker = examples::Marker::circle, .color = "red"};
  for (int i = 0; i < 30; ++i) {
    path.x.push_back(params["x"](0));
    path.y.push_back(params["y"](0));
    const common::Arrays grads{{"x", params["x"] / 10.0}, {"y", 2.0 * params["y"]}};
    optimizer.update(params, grads);
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
inline dlfs::examples::Plot path_plot(const std::string& title, common::Optimizer&& optimizer) {
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
