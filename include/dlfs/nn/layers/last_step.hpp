#pragma once

#include <algorithm>
#include <concepts>
#include <span>

#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/nn/sequence_mask.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of LastStep.
struct LastStepOptions {
  bool reverse = false;  ///< takes the first time: the last step of a layer with `reverse`
};

/// The last step of a sequence, x (N, T, ...) -> y (N, ...). It follows a recurrent layer whose
/// outputs at the other steps nobody needs.
///
/// In a Graph it may have a second input, a mask (N, T) with 0 where there is padding: then it
/// takes the last step of each sequence that is none, or zeros where there is none at all. The mask
/// has no gradient: it gets 0. Saves the number of the step for each sample.
template <std::floating_point T>
class LastStep {
 public:
  using Scalar = T;  ///< the element type

  /// The last step, or the first one.
  explicit LastStep(const LastStepOptions& options = {}) : options_(options) {}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const { visit("reverse", options_.reverse, false); }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "last step"}; }

  ///@{
  /// @throws ShapeError unless x is (N, T, ...) with at least one step, and a mask (N, T).
  Shape output_shape(const Shape& x) const { return output_shape(std::span(&x, 1)); }
  Shape output_shape(std::span<const Shape> inputs) const {
    const Shape& x = detail::sequence_of(traits().kind, inputs);
    if (x.rank() < 3 || x[1] < 1) {
      throw ShapeError(traits().kind, ": expected x of shape (N, T, ...) with a step, got ", x);
    }
    Shape y{x[0]};
    for (int axis = 2; axis < x.rank(); ++axis) y.push_back(x[axis]);
    return y;
  }
  ///@}

  /// Bytes that `backward` needs.
  Index saved_bytes(std::span<const Shape> inputs) const {
    return detail::checked_product(traits().kind, inputs.front()[0], sizeof(Index));
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
    const Index samples = pass.x.extent(0);
    auto* const saved = detail::elements_at<Index>(pass.saved);
    const Index numbers = samples == 0 ? 0 : pass.y.size() / samples;
    for (Index n = 0; n < samples; ++n) {
      const Index step = step_of(pass, n);
      if (saved != nullptr) saved[n] = step;
      T* const y = pass.y.data() + n * numbers;
      if (step < 0) {
        std::fill_n(y, numbers, T(0));
      } else {
        std::copy_n(pass.x.data() + (n * pass.x.extent(1) + step) * numbers, numbers, y);
      }
    }
  }

  /// Writes pass.dx: zeros at the other steps.
  void backward(const BackwardPass<T>& pass) const {
    detail::clear_gradient_of_mask(pass);
    if (!pass.needs_dx()) return;
    std::fill_n(pass.dx.data(), pass.dx.size(), T(0));
    const Index samples = pass.dy.extent(0);
    const Index numbers = samples == 0 ? 0 : pass.dy.size() / samples;
    const auto* const saved = detail::elements_at<Index>(pass.saved);
    for (Index n = 0; n < samples; ++n) {
      if (saved[n] < 0) continue;
      std::copy_n(pass.dy.data() + n * numbers, numbers,
                  pass.dx.data() + (n * pass.dx.extent(1) + saved[n]) * numbers);
    }
  }

 private:
  /// The step of a sample that it takes; -1 if all are padding.
  Index step_of(const ForwardPass<T>& pass, Index sample) const {
    const Index steps = pass.x.extent(1);
    const T* const mask = detail::mask_of(pass.inputs, sample);
    if (options_.reverse) {
      Index step = 0;
      while (mask != nullptr && step < steps && mask[step] == T(0)) ++step;
      return step < steps ? step : -1;
    }
    Index step = steps - 1;
    while (mask != nullptr && step >= 0 && mask[step] == T(0)) --step;
    return step;
  }

  LastStepOptions options_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
