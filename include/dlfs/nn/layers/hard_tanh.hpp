#pragma once

#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/hard_activation.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of HardTanh.
struct HardTanhOptions {
  double min = -1;  ///< the least y
  double max = 1;   ///< the largest y; above min

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    constexpr auto kind = "hard tanh";
    detail::expect_option(kind, "min", min, detail::at_least(-detail::at_least(0).high));
    detail::expect_option(kind, "max", max, detail::above(min));
  }
};

/// Piecewise linear tanh, y = min(max(x, min), max), for any shape; dx = dy where min < x < max,
/// else 0. Limits of 0 and 6 make it ReLU6.
template <std::floating_point T>
class HardTanh {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless min < max, and both are finite.
  explicit HardTanh(const HardTanhOptions& options = {}) : options_(detail::checked(options)) {}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("min", options_.min, -1.0);
    visit("max", options_.max, 1.0);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "hard tanh", .keeps_output = true, .is_monotone = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    hard_tanh(pass.x, static_cast<T>(options_.min), static_cast<T>(options_.max), pass.y);
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    hard_tanh_backward(pass.y, static_cast<T>(options_.min), static_cast<T>(options_.max), pass.dy,
                       pass.dx);
  }

 private:
  HardTanhOptions options_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
