#pragma once

#include <cmath>
#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/optim/optimizer.hpp"
#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Adam.
struct AdamOptions {
  double learning_rate = 0.001;  ///< factor of the step
  double beta1 = 0.9;            ///< decay rate of the mean of gradients
  double beta2 = 0.999;          ///< decay rate of the mean of their squares
  double epsilon = 1e-7;         ///< keeps the divisor from 0
  double weight_decay = 0;       ///< factor of an L2 penalty

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("adam", "learning_rate", learning_rate, detail::at_least(0));
    detail::expect_option("adam", "beta1", beta1, detail::half_open(0, 1));
    detail::expect_option("adam", "beta2", beta2, detail::half_open(0, 1));
    detail::expect_option("adam", "epsilon", epsilon, detail::at_least(0));
    detail::expect_option("adam", "weight_decay", weight_decay, detail::at_least(0));
  }
};

namespace detail {

/// A step of Adam or AdamW. AdamW also shrinks w by learning_rate shrinkage w.
template <class T>
void adam_step(const AdamOptions& options, double shrinkage, OptimizerState<T>& state,
               std::span<Parameter<T>* const> parameters) {
  state.begin_step(2, parameters);
  const T beta1 = static_cast<T>(options.beta1);
  const T beta2 = static_cast<T>(options.beta2);
  const auto t = static_cast<double>(state.steps);
  const auto part_of_gradients = [t](T beta) { return 1 - std::pow(static_cast<double>(beta), t); };
  const double correction = std::sqrt(part_of_gradients(beta2)) / part_of_gradients(beta1);
  const T epsilon = static_cast<T>(options.epsilon);
  for (std::size_t slot = 0; slot < parameters.size(); ++slot) {
    Parameter<T>& parameter = *parameters[slot];
    if (parameter.is_frozen()) continue;
    const T rate = scaled_rate(options.learning_rate * correction, parameter);
    const T kept =
        1 - scaled_rate(options.learning_rate * shrinkage * parameter.decay_scale, parameter);
    update(
        [=]<class V>(V& w, const V& dw, V& m, V& v) {
          // In this form no difference of infinities arises: an infinite v stays infinite.
          V root;
          simd::multiply_add<V>(m, beta1, (1 - beta1) * dw, m);
          simd::multiply_add<V>(v, beta2, (1 - beta2) * dw * dw, v);
          simd::sqrt(v, root);
          simd::multiply_add<V>(w, kept, -rate * (m / (root + epsilon)), w);
        },
        parameter, options.weight_decay, state.moments[0][slot], state.moments[1][slot]);
  }
}

}  // namespace detail

/// Adam, in the order of computation that the paper recommends:
///
///   m = beta1 m + (1 - beta1) dw       rate_t = learning_rate sqrt(1 - beta2^t) / (1 - beta1^t)
///   v = beta2 v + (1 - beta2) dw^2     w -= rate_t m / (sqrt(v) + epsilon)
///
/// A weight whose squared gradients overflow (in float from 6e20 on) keeps its value, as in
/// PyTorch. Epsilon is the paper's "epsilon hat", as in the book; the paper's other form divides it
/// by sqrt(1 - beta2^t).
/// Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), section 2; Saitoh,
/// "Deep Learning from Scratch" vol. 1, section 6.1.6.
template <std::floating_point T>
class Adam {
 public:
  using Scalar = T;                                 ///< the element type
  static constexpr std::string_view kind = "adam";  ///< its name in checkpoints and messages

  /// @throws ValueError for an option that is out of its range.
  explicit Adam(const AdamOptions& options = {}) : options_(detail::checked(options)) {}

  /// @throws ShapeError if a parameter has no gradient or differs from that of the first step.
  void step(std::span<Parameter<T>* const> parameters) {
    options_.check();
    detail::adam_step(options_, 0, state_, parameters);
  }

  /// The options, which may change between steps.
  AdamOptions& options() & { return options_; }
  /// What it remembers between steps.
  OptimizerState<T>& state() & { return state_; }

 private:
  AdamOptions options_;
  OptimizerState<T> state_{2};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
