#pragma once

#include <cmath>
#include <map>
#include <string>

#include <dlfs/dlfs.hpp>

// The functions of chapters 3 and 4. Book: common/functions.py.

namespace common {

using namespace dlfs;

/// Real numbers are double here, as in the book's programs.
using Array = Tensor<double>;

/// The parameters of a network, or their gradients, by name: W1, b1, W2, b2, ...
using Arrays = std::map<std::string, Array>;

inline Array identity_function(const Array& x) { return x; }

inline Array step_function(const Array& x) { return cast<double>(x > 0); }

inline Array sigmoid(const Array& x) { return 1 / (1 + exp(-x)); }

inline Array sigmoid_grad(const Array& x) {
  const Array y = common::sigmoid(x);
  return (1.0 - y) * y;
}

inline Array relu(const Array& x) { return maximum(0, x); }

inline Array relu_grad(const Array& x) { return cast<double>(x >= 0); }

/// Along the last axis.
inline Array softmax(const Array& x) {
  const Array exp_x = exp(x - max(x, -1, KeepDims::yes));  // without overflow
  return exp_x / sum(exp_x, -1, KeepDims::yes);
}

inline double sum_squared_error(const Array& y, const Array& t) { return 0.5 * sum(square(y - t)); }

/// The mean over a batch y (N, C), or the error of one sample y (C). t is one-hot. 1e-7 keeps the
/// logarithm of 0 finite.
inline double cross_entropy_error(const Array& y, const Array& t) {
  const double batch_size = y.rank() == 1 ? 1 : static_cast<double>(y.extent(0));
  return -sum(t * log(y + 1e-7)) / batch_size;
}

/// The same for labels t (N).
inline double cross_entropy_error(const Array& y, const Labels& t) {
  double total = 0;
  for (Index n = 0; n < t.size(); ++n) total -= std::log(y(n, t(n)) + 1e-7);
  return total / static_cast<double>(t.size());
}

inline double softmax_loss(const Array& x, const Labels& t) {
  return cross_entropy_error(common::softmax(x), t);
}

}  // namespace common
