#pragma once

#include <concepts>
#include <string_view>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/activation.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// How Gelu computes P(X <= x).
enum class GeluApproximation { none, tanh };

/// Options of Gelu.
struct GeluOptions {
  /// `none` is the exact form; `tanh` is sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)), as GPT-2 has
  /// it.
  GeluApproximation approximate = GeluApproximation::none;
};

/// Gaussian error linear unit, y = x P(X <= x) for a standard normal X, for any shape.
/// Source: Hendrycks, Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
template <std::floating_point T>
class Gelu {
 public:
  using Scalar = T;  ///< the element type

  /// The exact form unless the options say otherwise.
  explicit Gelu(const GeluOptions& options = {}) : approximate_(options.approximate) {}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("approximate", is_exact() ? std::string_view("none") : std::string_view("tanh"), "none");
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "gelu", .keeps_input = true, .is_elementwise = true};
  }

  /// The shape of y is that of x.
  Shape output_shape(const Shape& x) const { return x; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    if (is_exact()) {
      gelu(pass.x, pass.y);
    } else {
      gelu_tanh(pass.x, pass.y);
    }
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    if (is_exact()) {
      gelu_backward(pass.x, pass.dy, pass.dx);
    } else {
      gelu_tanh_backward(pass.x, pass.dy, pass.dx);
    }
  }

 private:
  bool is_exact() const { return approximate_ == GeluApproximation::none; }

  GeluApproximation approximate_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
