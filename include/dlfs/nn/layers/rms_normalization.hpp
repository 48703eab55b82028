#pragma once

#include <algorithm>
#include <array>
#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/functional/rms_normalization.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/creation.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of RmsNormalization.
struct RmsNormalizationOptions {
  /// Numbers that share a scale: the last axis, or several. 0 if a network finds it: the last axis.
  Index features = 0;
  double epsilon = 1e-6;  ///< added to the mean of the squares

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("rms normalization", "features", features, detail::at_least(0));
    detail::expect_option("rms normalization", "epsilon", epsilon, detail::above(0));
  }
};

/// RMS normalisation, y = gamma x / sqrt(mean(x^2) + epsilon), with the mean over each sample's
/// features: LayerNormalization without mean and beta.
///
///   x (N, ...), whose trailing axes have F features in total   y like x
///   gamma (F), at first 1
///
/// Saves one number for each row.
/// Source: Zhang and Sennrich, "Root mean square layer normalization" (2019).
template <std::floating_point T>
class RmsNormalization {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless features is at least 0 and epsilon is positive.
  explicit RmsNormalization(const RmsNormalizationOptions& options)
      : options_(detail::checked(options)), gamma_("gamma", ones<T>({options.features})) {
    gamma_.decay_scale = 0;
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("features", options_.features);
    visit("epsilon", options_.epsilon, 1e-6);
  }

  /// Finds the features in x, unless it has them.
  void initialize(const Shape& x, Rng&) {
    if (options_.features != 0) return;
    detail::expect_rank(traits().kind, x, 2);
    options_.features = detail::found_size(traits().kind, "features", 0, x.extent(-1));
    gamma_.value = ones<T>({options_.features});
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "rms normalization", .keeps_input = true, .skips_gradients = true};
  }

  /// @throws ShapeError unless some trailing axes of x have F features in total.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, options_.features == 0);
    detail::expect_shape<T>(traits().kind, gamma_, {features()});
    first_feature_axis(x);
    return x;
  }

  /// Bytes that `backward` needs besides x.
  Index saved_bytes(const Shape& x) const {
    return x.size() / features() * static_cast<Index>(sizeof(T));
  }

  /// @throws ValueError for steps along an axis of the features; ShapeError like output_shape.
  int step_axis(const Shape& x, int axis) const {
    const int first = first_feature_axis(x);
    return detail::steps_not_along(traits().kind, std::max(first, axis), axis);
  }
  /// The shape of one step of one sequence (N, T, F).
  Shape step_shape() const { return {1, 1, features()}; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    const Index rows = pass.x.size() / features();
    const Scratch<T> unsaved(pass.saved == nullptr ? rows : 0);
    T* const saved = pass.saved == nullptr ? unsaved.data() : detail::elements_at<T>(pass.saved);
    detail::rms_normalization(rows, features(), pass.x.data(), gamma_.value.data(),
                              static_cast<T>(options_.epsilon), pass.y.data(), saved);
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    detail::rms_normalization_backward<T>(
        pass.x.size() / features(), features(), pass.x.data(), pass.dy.data(),
        detail::elements_at<T>(pass.saved), gamma_.value.data(),
        pass.needs_gradient(0) ? pass.gradients[0].data() : nullptr, pass.store, pass.dx.data());
  }

  /// What it learns.
  std::array<Parameter<T>*, 1> parameters() & { return {&gamma_}; }

 private:
  /// The first of the trailing axes that have the features.
  /// @throws ShapeError unless some trailing axes have F features in total.
  int first_feature_axis(const Shape& x) const {
    Index size = 1;
    for (int axis = x.rank() - 1; axis > 0; --axis) {
      size *= x[axis];
      if (size == features()) return axis;
    }
    throw ShapeError(traits().kind, ": expected x of shape (N, ...) whose last axes have ",
                     features(), " features, got ", x);
  }

  Index features() const { return options_.features; }

  RmsNormalizationOptions options_;
  Parameter<T> gamma_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
