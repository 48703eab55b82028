#pragma once

#include <cmath>
#include <concepts>
#include <span>
#include <vector>

#include "dlfs/math/simd/vector_math.hpp"
#include "dlfs/optim/optimizer.hpp"

namespace dlfs {

struct AdamOptions {
  double learning_rate = 0.001;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-7;
};

/// Adam, in the order of computation that its authors recommend:
///
///   m += (1 - beta1) (dw - m)        rate_t = learning_rate sqrt(1 - beta2^t) / (1 - beta1^t)
///   v += (1 - beta2) (dw^2 - v)      w -= rate_t m / (sqrt(v) + epsilon)
///
/// Epsilon here is the paper's "epsilon hat", as in the book; the other form divides it by
/// sqrt(1 - beta2^t).
/// Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), section 2; Saitoh,
/// "Deep Learning from Scratch" vol. 1, section 6.1.6.
template <std::floating_point T>
class Adam {
 public:
  using Scalar = T;

  explicit Adam(const AdamOptions& options = {}) : options_(options) {}

  /// @throws ShapeError if a parameter has no gradient or is not that of the first step.
  void step(std::span<Parameter<T>* const> parameters) {
    detail::expect_gradients(parameters);
    detail::match_state(first_moment_, parameters);
    detail::match_state(second_moment_, parameters);
    ++steps_;
    const auto t = static_cast<double>(steps_);
    const T rate =
        static_cast<T>(options_.learning_rate * std::sqrt(1 - std::pow(options_.beta2, t)) /
                       (1 - std::pow(options_.beta1, t)));
    const T gain1 = static_cast<T>(1 - options_.beta1);
    const T gain2 = static_cast<T>(1 - options_.beta2);
    const T epsilon = static_cast<T>(options_.epsilon);
    for (std::size_t slot = 0; slot < parameters.size(); ++slot) {
      detail::update(
          [=]<class V>(V& w, const V& dw, V& m, V& v) {
            m += gain1 * (dw - m);
            v += gain2 * (dw * dw - v);
            V root;
            simd::sqrt(v, root);
            w -= rate * m / (root + epsilon);
          },
          *parameters[slot], first_moment_[slot], second_moment_[slot]);
    }
  }

 private:
  AdamOptions options_;
  Index steps_ = 0;
  std::vector<Tensor<T>> first_moment_;
  std::vector<Tensor<T>> second_moment_;
};

}  // namespace dlfs
