#pragma once

#include <concepts>
#include <span>
#include <vector>

#include "dlfs/optim/optimizer.hpp"

namespace dlfs {

struct MomentumOptions {
  double learning_rate = 0.01;
  double momentum = 0.9;
};

/// Gradient descent with momentum: v = momentum * v - learning_rate * dw;  w += v.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 6.1.4.
template <std::floating_point T>
class Momentum {
 public:
  using Scalar = T;

  explicit Momentum(const MomentumOptions& options = {}) : options_(options) {}

  /// @throws ShapeError if a parameter has no gradient or is not that of the first step.
  void step(std::span<Parameter<T>* const> parameters) {
    detail::expect_gradients(parameters);
    detail::match_state(velocity_, parameters);
    const T rate = static_cast<T>(options_.learning_rate);
    const T momentum = static_cast<T>(options_.momentum);
    for (std::size_t slot = 0; slot < parameters.size(); ++slot) {
      detail::update(
          [=]<class V>(V& w, const V& dw, V& v) {
            v = momentum * v - rate * dw;
            w += v;
          },
          *parameters[slot], velocity_[slot]);
    }
  }

 private:
  MomentumOptions options_;
  std::vector<Tensor<T>> velocity_;
};

}  // namespace dlfs
