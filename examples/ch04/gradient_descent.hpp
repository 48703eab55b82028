#pragma once

#include <vector>

#include <dlfs/dlfs.hpp>

namespace ch04 {

/// Gradient descent, x -= rate * gradient of f, starting at `x`: section 4.4.1.
/// Returns steps + 1 points: `x`, and the point after each step.
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
