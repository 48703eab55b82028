#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/optim/optimizer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Nesterov.
struct NesterovOptions {
  double learning_rate = 0.01;  ///< factor of the step
  double momentum = 0.9;        ///< what is left of the velocity after a step
  double weight_decay = 0;      ///< factor of an L2 penalty

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("nesterov", "learning_rate", learning_rate, detail::at_least(0));
    detail::expect_option("nesterov", "momentum", momentum, detail::half_open(0, 1));
    detail::expect_option("nesterov", "weight_decay", weight_decay, detail::at_least(0));
  }
};

/// Nesterov's accelerated gradient, computed from the gradient at w itself:
///
///   w += momentum^2 v - (1 + momentum) learning_rate dw;  v = momentum v - learning_rate dw
///
/// As in Momentum, v includes the learning rates of its steps.
/// Source: Bengio et al., "Advances in optimizing recurrent networks" (2013), section 3.5; Saitoh,
/// "Deep Learning from Scratch" vol. 1, common/optimizer.py.
template <std::floating_point T>
class Nesterov {
 public:
  using Scalar = T;                                     ///< the element type
  static constexpr std::string_view kind = "nesterov";  ///< its name in checkpoints and messages

  /// @throws ValueError for an option that is out of its range.
  explicit Nesterov(const NesterovOptions& options = {}) : options_(detail::checked(options)) {}

  /// @throws ShapeError if a parameter has no gradient or differs from that of the first step.
  void step(std::span<Parameter<T>* const> parameters) {
    const T momentum = static_cast<T>(options_.momentum);
    detail::step<1>(options_, state_, parameters,
                    [momentum]<class V>(T rate, V& w, const V& dw, V& v) {
                      V step;
                      simd::multiply_add<V>(v, momentum, -rate * dw, v);
                      simd::multiply_add<V>(v, momentum, -rate * dw, step);
                      w += step;
                    });
  }

  /// The options, which may change between steps.
  NesterovOptions& options() & { return options_; }
  /// What it remembers between steps.
  OptimizerState<T>& state() & { return state_; }

 private:
  NesterovOptions options_;
  OptimizerState<T> state_{1};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
