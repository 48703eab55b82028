#pragma once

#include <cmath>
#include <concepts>

#include "dlfs/functional/activation.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Leaky rectified linear unit, y = x where x > 0, else a x, for any shape; dx = dy or a dy.
/// Source: Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models",
/// 2013.
template <std::floating_point T>
class LeakyRelu {
 public:
  using Scalar = T;  ///< the element type

  /// @param negative_slope a. @throws ValueError if it is negative or not finite.
  explicit LeakyRelu(T negative_slope = T(0.01)) : negative_slope_(negative_slope) {
    if (!(negative_slope >= 0 && detail::is_finite(negative_slope))) {
      throw ValueError("leaky_relu: the slope for negative x cannot be ", negative_slope);
    }
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("negative_slope", negative_slope_, T(0.01));
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "leaky_relu", .keeps_output = true, .is_monotone = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { leaky_relu(pass.x, negative_slope_, pass.y); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    leaky_relu_backward(pass.y, negative_slope_, pass.dy, pass.dx);
  }

 private:
  T negative_slope_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
