#pragma once

#include <algorithm>
#include <concepts>

#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of LastStep.
struct LastStepOptions {
  bool reverse = false;  ///< takes the first time: the last step of a layer with `reverse`
};

/// The last step of a sequence, x (N, T, ...) -> y (N, ...). It follows a recurrent layer whose
/// outputs at the other steps nobody needs.
template <std::floating_point T>
class LastStep {
 public:
  using Scalar = T;  ///< the element type

  /// The last step, or the first one.
  explicit LastStep(const LastStepOptions& options = {}) : options_(options) {}

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "last step"}; }

  /// @throws ShapeError unless x is (N, T, ...) with at least one step.
  Shape output_shape(const Shape& x) const {
    if (x.rank() < 3 || x[1] < 1) {
      throw ShapeError(traits().kind, ": expected x of shape (N, T, ...) with a step, got ", x);
    }
    Shape y{x[0]};
    for (int axis = 2; axis < x.rank(); ++axis) y.push_back(x[axis]);
    return y;
  }

  /// y is that of the last step, without an axis for the steps.
  /// @throws ValueError for steps along another axis than 1, or for the first step.
  int step_axis(const Shape&, int axis) const {
    if (options_.reverse) {
      throw ValueError(traits().kind, ": does not run step by step with `reverse`");
    }
    detail::steps_along(traits().kind, 1, axis);
    return no_step_axis;
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    if (pass.y.empty()) return;
    const Index numbers = pass.y.size() / pass.y.extent(0);
    for (Index n = 0; n < pass.y.extent(0); ++n) {
      std::copy_n(pass.x.data() + offset(pass.x.shape(), n, numbers), numbers,
                  pass.y.data() + n * numbers);
    }
  }

  /// Writes pass.dx: zeros at the other steps.
  void backward(const BackwardPass<T>& pass) const {
    std::fill_n(pass.dx.data(), pass.dx.size(), T(0));
    if (pass.dy.empty()) return;
    const Index numbers = pass.dy.size() / pass.dy.extent(0);
    for (Index n = 0; n < pass.dy.extent(0); ++n) {
      std::copy_n(pass.dy.data() + n * numbers, numbers,
                  pass.dx.data() + offset(pass.dx.shape(), n, numbers));
    }
  }

 private:
  Index offset(const Shape& x, Index sample, Index numbers) const {
    return (sample * x[1] + (options_.reverse ? 0 : x[1] - 1)) * numbers;
  }

  LastStepOptions options_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
