#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "dlfs/optim/optimizer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Sgd.
struct SgdOptions {
  double learning_rate = 0.01;  ///< factor of the step
  double weight_decay = 0;      ///< factor of an L2 penalty

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("sgd", "learning_rate", learning_rate, detail::at_least(0));
    detail::expect_option("sgd", "weight_decay", weight_decay, detail::at_least(0));
  }
};

/// Stochastic gradient descent: w -= learning_rate dw.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 6.1.2.
template <std::floating_point T>
class Sgd {
 public:
  using Scalar = T;                                ///< the element type
  static constexpr std::string_view kind = "sgd";  ///< its name in checkpoints and messages

  /// @throws ValueError for an option that is out of its range.
  explicit Sgd(const SgdOptions& options = {}) : options_(detail::checked(options)) {}

  /// @throws ShapeError if a parameter has no gradient or differs from that of the first step.
  void step(std::span<Parameter<T>* const> parameters) {
    detail::step<0>(options_, state_, parameters, []<class V>(T rate, V& w, const V& dw) {
      simd::multiply_add(dw, -rate, w, w);
    });
  }

  /// The options, which may change between steps.
  SgdOptions& options() & { return options_; }
  /// What it remembers between steps.
  OptimizerState<T>& state() & { return state_; }

 private:
  SgdOptions options_;
  OptimizerState<T> state_{0};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
