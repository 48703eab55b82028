#pragma once

#include <concepts>

#include "dlfs/core/slice.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A part of one axis, like `x.slice(axis, range)`: the rest of x gets a gradient of 0.
///
///   SliceAxis<float>(1, {.stop = 8})              the first eight channels
///   SliceAxis<float>(2, {.start = -1})            the last row, or the last step of (N, C, L)
template <std::floating_point T>
class SliceAxis {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError for axis 0, that of the samples, or a step of 0.
  SliceAxis(int axis, const Slice& range) : axis_(axis), range_(range) {
    if (axis == 0) throw ValueError("slice axis: axis 0 has the samples, which stay");
    if (range.step == 0) throw ValueError("slice axis: the step cannot be 0");
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("axis", axis_);
    if (range_.start) visit("start", *range_.start);
    if (range_.stop) visit("stop", *range_.stop);
    visit("step", range_.step, 1);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "slice axis"}; }

  /// @throws ShapeError if x does not have the axis, or none of its positions is in the range.
  Shape output_shape(const Shape& x) const {
    const int axis = x.normalize_axis(axis_);
    const Index count = detail::positions_of(range_, x[axis]).count;
    if (axis == 0 || count == 0) {
      throw ShapeError(traits().kind, ": nothing is left of axis ", axis_, " of x of shape ", x);
    }
    return x.with(axis, count);
  }

  /// @throws ValueError for steps along the axis of the slice.
  int step_axis(const Shape& x, int axis) const {
    return detail::steps_not_along(traits().kind, x.normalize_axis(axis_), axis);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { assign(pass.y, pass.x.slice(axis_, range_)); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    assign(pass.dx, T(0));
    const TensorView<T> dx = pass.dx.slice(axis_, range_);
    assign(dx, pass.dy);
  }

 private:
  int axis_;
  Slice range_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
