#pragma once

#include <concepts>
#include <span>

#include "dlfs/optim/optimizer.hpp"

namespace dlfs {

struct SgdOptions {
  double learning_rate = 0.01;
};

/// Stochastic gradient descent: w -= learning_rate * dw.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 6.1.2.
template <std::floating_point T>
class Sgd {
 public:
  using Scalar = T;

  explicit Sgd(const SgdOptions& options = {}) : options_(options) {}

  /// @throws ShapeError if a parameter has no gradient.
  void step(std::span<Parameter<T>* const> parameters) {
    detail::expect_gradients(parameters);
    const T rate = static_cast<T>(options_.learning_rate);
    for (Parameter<T>* parameter : parameters) {
      detail::update([=]<class V>(V& w, const V& dw) { w -= rate * dw; }, *parameter);
    }
  }

 private:
  SgdOptions options_;
};

}  // namespace dlfs
