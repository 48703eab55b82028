#pragma once

#include <functional>

#include "common/functions.hpp"

// Numerical differentiation, section 4.4. Book: common/gradient.py, whose three functions for
// different numbers of axes are one here.

namespace common {

/// (f(x + h) - f(x - h)) / 2h for one element of x after the other. x itself is changed meanwhile,
/// so f may read it elsewhere, as a network reads its weights.
inline Array numerical_gradient(const std::function<double(const Array&)>& f, Array& x) {
  const double h = 1e-4;
  Array grad(x.shape());
  for (Index i = 0; i < x.size(); ++i) {
    double& element = x.data()[i];
    const double value = element;
    element = value + h;
    const double fxh1 = f(x);
    element = value - h;
    const double fxh2 = f(x);
    grad.data()[i] = (fxh1 - fxh2) / (2 * h);
    element = value;
  }
  return grad;
}

}  // namespace common
