#pragma once

#include <vector>

#include <dlfs/dlfs.hpp>

namespace ch04 {

/// Gradient descent, x -= rate * gradient of f, from `x` on: section 4.4.1.
/// Returns every point from the first to the one after so many steps.
template <class F>
std::vector<dlfs::Tensor<double>> gradient_descent(F f, dlfs::Tensor<double> x, double rate,
                                                   int steps) {
  std::vector<dlfs::Tensor<double>> points{x};
  for (int step = 0; step < steps; ++step) {
    x -= rate * dlfs::numerical_gradient(f, x);
    points.push_back(x);
  }
  return points;
}

}  // namespace ch04
