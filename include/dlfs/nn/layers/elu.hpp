#pragma once

#include <cmath>
#include <concepts>

#include "dlfs/functional/activation.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Exponential linear unit, y = x where x > 0, else a (exp(x) - 1), for any shape;
/// dx = dy or dy (y + a).
/// Source: Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by
/// Exponential Linear Units", 2016.
template <std::floating_point T>
class Elu {
 public:
  using Scalar = T;  ///< the element type

  /// @param alpha a; y approaches -a for negative x. @throws ValueError unless positive and finite.
  explicit Elu(T alpha = 1) : alpha_(alpha) {
    if (!(alpha > 0 && detail::is_finite(alpha))) {
      throw ValueError("elu: alpha must be positive and finite, got ", alpha);
    }
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const { visit("alpha", alpha_, T(1)); }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "elu", .keeps_output = true, .is_monotone = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { elu(pass.x, alpha_, pass.y); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    elu_backward(pass.y, alpha_, pass.dy, pass.dx);
  }

 private:
  T alpha_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
