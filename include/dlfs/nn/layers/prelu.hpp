#pragma once

#include <array>
#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/prelu.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/creation.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of PRelu.
struct PReluOptions {
  Index slopes = 1;     ///< 1 for all numbers, or the number of channels
  double slope = 0.25;  ///< what each slope is at first

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("prelu", "slopes", slopes, detail::at_least(1));
    detail::expect_option("prelu", "slope", slope, detail::at_least(0));
  }
};

/// Leaky rectified linear unit that learns its slope, y = x where x > 0, else a x.
///
///   x (N, C, ...), or any shape if there is one slope   y like x   a (1) or (C)
///
/// Gradients: dx = dy or a dy, da = the sum of x dy where x is not positive.
/// Source: He et al., "Delving deep into rectifiers" (2015).
template <std::floating_point T>
class PRelu {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless there is a slope and it begins at 0 or above.
  explicit PRelu(const PReluOptions& options = {})
      : options_(detail::checked(options)),
        slope_("slope", full<T>({options.slopes}, static_cast<T>(options.slope))) {
    slope_.decay_scale = 0;
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("slopes", options_.slopes, 1);
    visit("slope", options_.slope, 0.25);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "prelu", .keeps_input = true}; }

  /// @throws ShapeError unless there is one slope, or x is (N, C, ...).
  Shape output_shape(const Shape& x) const {
    detail::expect_shape<T>(traits().kind, slope_, {options_.slopes});
    if (x.rank() == 0 || (options_.slopes > 1 && (x.rank() < 2 || x[1] != options_.slopes))) {
      throw ShapeError(traits().kind, ": expected x of shape (N, ", options_.slopes,
                       ", ...) or one slope, got ", x);
    }
    return x;
  }

  /// @throws ValueError for steps along axis 1, if that has the slopes.
  int step_axis(const Shape&, int axis) const {
    return options_.slopes == 1 ? axis : detail::steps_not_along(traits().kind, 1, axis);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    detail::prelu<T>(by_slope(pass.x), slope_.value.data(), by_slope(pass.y));
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    const TensorView<const T> x = by_slope(pass.x);
    detail::prelu_backward<T>(x, by_slope(pass.dy), slope_.value.data(), pass.gradients[0].data(),
                              pass.store, {pass.dx.data(), x.shape()});
  }

  /// What it learns.
  std::array<Parameter<T>*, 1> parameters() & { return {&slope_}; }

 private:
  /// (N, ...) reshaped to (N, slopes, S).
  template <class U>
  TensorView<U> by_slope(const TensorView<U>& x) const {
    const Index sample = x.shape().axes(1, x.rank()).size();
    return x.reshape(Shape{x.extent(0), options_.slopes, sample / options_.slopes});
  }

  PReluOptions options_;
  Parameter<T> slope_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
