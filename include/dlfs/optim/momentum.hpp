#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/optim/optimizer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Momentum.
struct MomentumOptions {
  double learning_rate = 0.01;  ///< factor of the step
  double momentum = 0.9;        ///< what is left of the velocity after a step
  double weight_decay = 0;      ///< factor of an L2 penalty

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("momentum", "learning_rate", learning_rate, detail::at_least(0));
    detail::expect_option("momentum", "momentum", momentum, detail::half_open(0, 1));
    detail::expect_option("momentum", "weight_decay", weight_decay, detail::at_least(0));
  }
};

/// Gradient descent with momentum: v = momentum v - learning_rate dw;  w += v.
///
/// Here v includes the learning rate of each step. In PyTorch v holds gradients, and the latest
/// rate multiplies them. The two differ when the rate changes.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 6.1.4.
template <std::floating_point T>
class Momentum {
 public:
  using Scalar = T;                                     ///< the element type
  static constexpr std::string_view kind = "momentum";  ///< its name in checkpoints and messages

  /// @throws ValueError for an option that is out of its range.
  explicit Momentum(const MomentumOptions& options = {}) : options_(detail::checked(options)) {}

  /// @throws ShapeError if a parameter has no gradient or differs from that of the first step.
  void step(std::span<Parameter<T>* const> parameters) {
    const T momentum = static_cast<T>(options_.momentum);
    detail::step<1>(options_, state_, parameters,
                    [momentum]<class V>(T rate, V& w, const V& dw, V& v) {
                      simd::multiply_add<V>(v, momentum, -rate * dw, v);
                      w += v;
                    });
  }

  /// The options, which may change between steps.
  MomentumOptions& options() & { return options_; }
  /// What it remembers between steps.
  OptimizerState<T>& state() & { return state_; }

 private:
  MomentumOptions options_;
  OptimizerState<T> state_{1};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
