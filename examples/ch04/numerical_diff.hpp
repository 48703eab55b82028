#pragma once

namespace ch04 {

/// The derivative of f at x by a central difference, (f(x + h) - f(x - h)) / 2h: section 4.3.1.
template <class F>
double numerical_diff(F f, double x) {
  const double h = 1e-4;
  return (f(x + h) - f(x - h)) / (2 * h);
}

}  // namespace ch04
