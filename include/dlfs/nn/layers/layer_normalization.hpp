#pragma once

#include <algorithm>
#include <array>
#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/layer_normalization.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of LayerNormalization.
struct LayerNormalizationOptions {
  /// Numbers that share a mean: the last axis, or several. 0 if a network finds it: the last axis.
  Index features = 0;
  double epsilon = 1e-5;  ///< added to the variance

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("layer normalization", "features", features, detail::at_least(0));
    detail::expect_option("layer normalization", "epsilon", epsilon, detail::above(0));
  }
};

/// Layer normalisation, y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and
/// variance of each sample's features. It also trains on batches of one sample.
///
///   x (N, ...), whose trailing axes have F features in total   y like x
///   gamma (F), at first 1   beta (F), at first 0
///
/// Saves the two statistics of each row.
/// Source: Ba et al., "Layer normalization" (2016).
template <std::floating_point T>
class LayerNormalization {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless features is at least 0 and epsilon is positive.
  explicit LayerNormalization(const LayerNormalizationOptions& options)
      : options_(detail::checked(options)),
        gamma_("gamma", ones<T>({options.features})),
        beta_("beta", zeros<T>({options.features})) {
    gamma_.decay_scale = 0;
    beta_.decay_scale = 0;
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("features", options_.features);
    visit("epsilon", options_.epsilon, 1e-5);
  }

  /// Finds the features in x, unless it has them.
  void initialize(const Shape& x, Rng&) {
    if (options_.features != 0) return;
    detail::expect_rank(traits().kind, x, 2);
    options_.features = detail::found_size(traits().kind, "features", 0, x.extent(-1));
    gamma_.value = ones<T>({options_.features});
    beta_.value = zeros<T>({options_.features});
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "layer normalization", .keeps_input = true};
  }

  /// @throws ShapeError unless some trailing axes of x have F features in total.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, options_.features == 0);
    detail::expect_shape<T>(traits().kind, gamma_, {features()});
    detail::expect_shape<T>(traits().kind, beta_, {features()});
    first_feature_axis(x);
    return x;
  }

  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const {
    return 2 * x.size() / features() * static_cast<Index>(sizeof(T));
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
    const Scratch<T> unsaved(pass.saved == nullptr ? 2 * rows : 0);
    T* const saved = pass.saved == nullptr ? unsaved.data() : detail::elements_at<T>(pass.saved);
    layer_normalization(by_row(pass.x), gamma_.value, beta_.value, static_cast<T>(options_.epsilon),
                        by_row(pass.y), {saved, {rows, 2}});
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    const Index rows = pass.x.size() / features();
    layer_normalization_backward(by_row(pass.x), by_row(pass.dy),
                                 {detail::elements_at<T>(pass.saved), {rows, 2}}, gamma_.value,
                                 pass.gradients[0], pass.gradients[1], pass.store, by_row(pass.dx));
  }

  /// What it learns.
  std::array<Parameter<T>*, 2> parameters() & { return {&gamma_, &beta_}; }

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

  template <class U>
  TensorView<U> by_row(TensorView<U> x) const {
    return x.reshape(Shape{x.size() / features(), features()});
  }

  LayerNormalizationOptions options_;
  Parameter<T> gamma_;
  Parameter<T> beta_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
