#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/optim/adam.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of AdamW.
struct AdamWOptions {
  double learning_rate = 0.001;  ///< factor of the step
  double beta1 = 0.9;            ///< decay rate of the mean of gradients
  double beta2 = 0.999;          ///< decay rate of the mean of their squares
  double epsilon = 1e-7;         ///< keeps the divisor from 0
  double weight_decay = 0.01;    ///< the part of w that a step subtracts, times the learning rate

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("adamw", "learning_rate", learning_rate, detail::at_least(0));
    detail::expect_option("adamw", "beta1", beta1, detail::half_open(0, 1));
    detail::expect_option("adamw", "beta2", beta2, detail::half_open(0, 1));
    detail::expect_option("adamw", "epsilon", epsilon, detail::at_least(0));
    detail::expect_option("adamw", "weight_decay", weight_decay, detail::at_least(0));
  }
};

/// Adam with decoupled weight decay. In the gradient, Adam's moments would even the decay out:
///
///   w -= learning_rate weight_decay w, in addition to Adam's step
///
/// Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).
template <std::floating_point T>
class AdamW {
 public:
  using Scalar = T;                                  ///< the element type
  static constexpr std::string_view kind = "adamw";  ///< its name in checkpoints and messages

  /// @throws ValueError for an option that is out of its range.
  explicit AdamW(const AdamWOptions& options = {}) : options_(detail::checked(options)) {}

  /// @throws ShapeError if a parameter has no gradient or differs from that of the first step.
  void step(std::span<Parameter<T>* const> parameters) {
    options_.check();
    detail::adam_step({.learning_rate = options_.learning_rate,
                       .beta1 = options_.beta1,
                       .beta2 = options_.beta2,
                       .epsilon = options_.epsilon},
                      options_.weight_decay, state_, parameters);
  }

  /// The options, which may change between steps.
  AdamWOptions& options() & { return options_; }
  /// What it remembers between steps.
  OptimizerState<T>& state() & { return state_; }

 private:
  AdamWOptions options_;
  OptimizerState<T> state_{2};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
