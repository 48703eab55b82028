#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/optim/optimizer.hpp"
#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of RmsProp.
struct RmsPropOptions {
  double learning_rate = 0.01;  ///< factor of the step
  double decay_rate = 0.99;     ///< decay of the average of squared gradients
  double epsilon = 1e-7;        ///< keeps the divisor from 0
  double weight_decay = 0;      ///< factor of an L2 penalty

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("rmsprop", "learning_rate", learning_rate, detail::at_least(0));
    detail::expect_option("rmsprop", "decay_rate", decay_rate, detail::half_open(0, 1));
    detail::expect_option("rmsprop", "epsilon", epsilon, detail::at_least(0));
    detail::expect_option("rmsprop", "weight_decay", weight_decay, detail::at_least(0));
  }
};

/// RMSProp: AdaGrad with a moving average, which forgets old gradients:
///
///   h = decay_rate h + (1 - decay_rate) dw^2;  w -= learning_rate dw / (sqrt(h) + epsilon)
///
/// Source: Hinton, "Neural networks for machine learning", lecture 6e (2012); Saitoh, "Deep
/// Learning from Scratch" vol. 1, common/optimizer.py.
template <std::floating_point T>
class RmsProp {
 public:
  using Scalar = T;                                    ///< the element type
  static constexpr std::string_view kind = "rmsprop";  ///< its name in checkpoints and messages

  /// @throws ValueError for an option that is out of its range.
  explicit RmsProp(const RmsPropOptions& options = {}) : options_(detail::checked(options)) {}

  /// @throws ShapeError if a parameter has no gradient or differs from that of the first step.
  void step(std::span<Parameter<T>* const> parameters) {
    const T kept = static_cast<T>(options_.decay_rate);
    const T epsilon = static_cast<T>(options_.epsilon);
    detail::step<1>(options_, state_, parameters,
                    [kept, epsilon]<class V>(T rate, V& w, const V& dw, V& h) {
                      simd::multiply_add<V>(h, kept, (1 - kept) * dw * dw, h);
                      V root;
                      simd::sqrt(h, root);
                      simd::multiply_add<V>(dw / (root + epsilon), -rate, w, w);
                    });
  }

  /// The options, which may change between steps.
  RmsPropOptions& options() & { return options_; }
  /// What it remembers between steps.
  OptimizerState<T>& state() & { return state_; }

 private:
  RmsPropOptions options_;
  OptimizerState<T> state_{1};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
