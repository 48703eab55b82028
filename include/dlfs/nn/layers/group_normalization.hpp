#pragma once

#include <array>
#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/group_normalization.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/creation.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of GroupNormalization.
struct GroupNormalizationOptions {
  Index groups = 1;  ///< parts of the channels, each with a mean of its own
  /// Number of channels, a multiple of the groups. 0 if a network finds it.
  Index features = 0;
  double epsilon = 1e-5;  ///< added to the variance

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("group normalization", "features", features, detail::at_least(0));
    detail::expect_option("group normalization", "groups", groups, detail::at_least(1));
    if (features % groups != 0) {
      throw ValueError("group normalization: ", groups, " groups do not divide ", features,
                       " features");
    }
    detail::expect_option("group normalization", "epsilon", epsilon, detail::above(0));
  }
};

template <std::floating_point T>
class InstanceNormalization;

/// Group normalisation, y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and
/// variance of each group of a sample's channels. It also trains on batches of one sample.
///
///   x (N, C, ...)   y like x   gamma (C), at first 1   beta (C), at first 0
///
/// Saves the two statistics of each group.
/// Source: Wu and He, "Group normalization" (2018).
template <std::floating_point T>
class GroupNormalization {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless the groups divide the features and epsilon is positive.
  explicit GroupNormalization(const GroupNormalizationOptions& options)
      : options_(detail::checked(options)),
        gamma_("gamma", ones<T>({options.features})),
        beta_("beta", zeros<T>({options.features})) {
    gamma_.decay_scale = 0;
    beta_.decay_scale = 0;
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("groups", options_.groups);
    visit("features", options_.features);
    visit("epsilon", options_.epsilon, 1e-5);
  }

  /// Finds the features in x, unless it has them.
  void initialize(const Shape& x, Rng&) {
    if (options_.features != 0) return;
    detail::expect_rank(traits().kind, x, 2);
    options_.features = detail::found_size(traits().kind, "features", 0, x[1]);
    options_.check();
    gamma_.value = ones<T>({options_.features});
    beta_.value = zeros<T>({options_.features});
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "group normalization", .keeps_input = true};
  }

  /// @throws ShapeError unless x is (N, C, ...).
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, options_.features == 0);
    detail::expect_shape<T>(traits().kind, gamma_, {options_.features});
    detail::expect_shape<T>(traits().kind, beta_, {options_.features});
    if (x.rank() < 2 || x[1] != options_.features) {
      throw ShapeError(traits().kind, ": expected x of shape (N, ", options_.features,
                       ", ...), got ", x);
    }
    return x;
  }

  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const {
    return detail::checked_product(traits().kind, x[0],
                                   2 * options_.groups * static_cast<Index>(sizeof(T)));
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    const Scratch<T> unsaved(pass.saved == nullptr ? 2 * options_.groups * pass.x.extent(0) : 0);
    detail::group_normalization<T>(
        by_channel(pass.x), options_.groups, gamma_.value.data(), beta_.value.data(),
        static_cast<T>(options_.epsilon), by_channel(pass.y),
        pass.saved == nullptr ? unsaved.data() : detail::elements_at<T>(pass.saved));
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    const TensorView<const T> x = by_channel(pass.x);
    detail::group_normalization_backward<T>(x, by_channel(pass.dy), options_.groups,
                                            detail::elements_at<T>(pass.saved), gamma_.value.data(),
                                            pass.gradients[0].data(), pass.gradients[1].data(),
                                            pass.store, {pass.dx.data(), x.shape()});
  }

  /// What it learns.
  std::array<Parameter<T>*, 2> parameters() & { return {&gamma_, &beta_}; }

 private:
  friend class InstanceNormalization<T>;

  /// (N, C, ...) reshaped to (N, C, S).
  template <class U>
  static TensorView<U> by_channel(const TensorView<U>& x) {
    const Shape& s = x.shape();
    return x.reshape(Shape{s[0], s[1], s.axes(2, s.rank()).size()});
  }

  GroupNormalizationOptions options_;
  Parameter<T> gamma_;
  Parameter<T> beta_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
