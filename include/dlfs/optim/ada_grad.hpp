#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/optim/optimizer.hpp"
#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of AdaGrad.
struct AdaGradOptions {
  double learning_rate = 0.01;  ///< factor of the step
  double epsilon = 1e-7;        ///< keeps the divisor from 0
  double weight_decay = 0;      ///< factor of an L2 penalty

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("adagrad", "learning_rate", learning_rate, detail::at_least(0));
    detail::expect_option("adagrad", "epsilon", epsilon, detail::at_least(0));
    detail::expect_option("adagrad", "weight_decay", weight_decay, detail::at_least(0));
  }
};

/// AdaGrad: each weight has its own rate, which falls with the sum of its squared gradients:
///
///   h += dw^2;  w -= learning_rate dw / (sqrt(h) + epsilon)
///
/// Source: Duchi et al., "Adaptive subgradient methods" (2011); Saitoh, "Deep Learning from
/// Scratch" vol. 1, section 6.1.5.
template <std::floating_point T>
class AdaGrad {
 public:
  using Scalar = T;                                    ///< the element type
  static constexpr std::string_view kind = "adagrad";  ///< its name in checkpoints and messages

  /// @throws ValueError for an option that is out of its range.
  explicit AdaGrad(const AdaGradOptions& options = {}) : options_(detail::checked(options)) {}

  /// @throws ShapeError if a parameter has no gradient or differs from that of the first step.
  void step(std::span<Parameter<T>* const> parameters) {
    const T epsilon = static_cast<T>(options_.epsilon);
    detail::step<1>(options_, state_, parameters,
                    [epsilon]<class V>(T rate, V& w, const V& dw, V& h) {
                      simd::multiply_add(dw, dw, h, h);
                      V root;
                      simd::sqrt(h, root);
                      simd::multiply_add<V>(dw / (root + epsilon), -rate, w, w);
                    });
  }

  /// The options, which may change between steps.
  AdaGradOptions& options() & { return options_; }
  /// What it remembers between steps.
  OptimizerState<T>& state() & { return state_; }

 private:
  AdaGradOptions options_;
  OptimizerState<T> state_{1};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
