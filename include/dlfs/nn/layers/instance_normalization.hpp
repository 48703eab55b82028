#pragma once

#include <algorithm>
#include <array>
#include <concepts>

#include "dlfs/nn/layers/group_normalization.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of InstanceNormalization.
struct InstanceNormalizationOptions {
  Index features = 0;     ///< number of channels; 0 if a network finds it
  double epsilon = 1e-5;  ///< added to the variance

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("instance normalization", "features", features, detail::at_least(0));
    detail::expect_option("instance normalization", "epsilon", epsilon, detail::above(0));
  }
};

/// Instance normalisation, y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean
/// and variance of each channel of each sample: GroupNormalization with groups of one channel.
///
///   x (N, C, ...)   y like x   gamma (C), at first 1   beta (C), at first 0
///
/// Saves the two statistics of each channel.
/// Source: Ulyanov, Vedaldi, Lempitsky, "Instance normalization: the missing ingredient for fast
/// stylization" (2016).
template <std::floating_point T>
class InstanceNormalization {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless features is at least 0 and epsilon is positive.
  explicit InstanceNormalization(const InstanceNormalizationOptions& options)
      : groups_({.groups = std::max<Index>(detail::checked(options).features, 1),
                 .features = options.features,
                 .epsilon = options.epsilon}) {}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("features", groups_.options_.features);
    visit("epsilon", groups_.options_.epsilon, 1e-5);
  }

  /// Finds the features in x, unless it has them.
  void initialize(const Shape& x, Rng& rng) {
    groups_.initialize(x, rng);
    groups_.options_.groups = groups_.options_.features;
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "instance normalization", .keeps_input = true};
  }

  /// @throws ShapeError unless x is (N, C, ...) with at least two numbers in a channel.
  Shape output_shape(const Shape& x) const {
    if (x.rank() < 3 || x.axes(2, x.rank()).size() < 2) {
      throw ShapeError(traits().kind,
                       ": expected x of shape (N, C, ...) with at least two numbers in a channel, ",
                       "got ", x);
    }
    return groups_.output_shape(x);
  }

  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const { return groups_.saved_bytes(x); }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { groups_.forward(pass); }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const { groups_.backward(pass); }

  /// What it learns.
  std::array<Parameter<T>*, 2> parameters() & { return groups_.parameters(); }

 private:
  GroupNormalization<T> groups_;  // of one channel each
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
