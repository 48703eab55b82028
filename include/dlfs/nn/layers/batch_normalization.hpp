#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/batch_normalization.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of BatchNormalization.
struct BatchNormalizationOptions {
  /// Number of features, each with its own mean: the columns of x (N, F), the channels of x
  /// (N, F, H, W), or, as in the book, every number of a sample, F = C H W. 0 if a network finds
  /// it: then as axis 1.
  Index features = 0;
  double momentum = 0.9;  ///< weight of the old running statistics in an update
  double epsilon = 1e-5;  ///< added to the variance
  /// The running variance takes the batch's variance divided by n - 1, as in PyTorch, or by n, as
  /// in the book.
  bool unbiased_running_variance = true;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("batch normalization", "features", features, detail::at_least(0));
    detail::expect_option("batch normalization", "momentum", momentum, detail::between(0, 1));
    detail::expect_option("batch normalization", "epsilon", epsilon, detail::above(0));
  }
};

/// Batch normalisation, y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and
/// variance of each feature over the batch.
///
///   x (N, F) or (N, F, ...)   y like x   gamma (F), at first 1   beta (F), at first 0
///
/// A training batch needs at least two numbers for each feature. Evaluation normalises by running
/// statistics, which training updates: running = momentum running + (1 - momentum) batch.
/// Source: Ioffe and Szegedy (2015); Saitoh, "Deep Learning from Scratch" vol. 1, section 6.3.
template <std::floating_point T>
class BatchNormalization {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless features is at least 0, momentum is in [0, 1] and epsilon is
  /// positive.
  explicit BatchNormalization(const BatchNormalizationOptions& options)
      : options_(detail::checked(options)),
        gamma_("gamma", ones<T>({options.features})),
        beta_("beta", zeros<T>({options.features})),
        mean_("running_mean", zeros<T>({options.features})),
        variance_("running_variance", ones<T>({options.features})) {
    gamma_.decay_scale = 0;
    beta_.decay_scale = 0;
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("features", options_.features);
    visit("momentum", options_.momentum, 0.9);
    visit("epsilon", options_.epsilon, 1e-5);
    visit("unbiased_running_variance", options_.unbiased_running_variance, true);
  }

  /// Finds the features in x, unless it has them.
  void initialize(const Shape& x, Rng&) {
    if (options_.features != 0) return;
    detail::expect_rank(traits().kind, x, 2);
    options_.features = detail::found_size(traits().kind, "features", 0, x[1]);
    gamma_.value = ones<T>({options_.features});
    beta_.value = zeros<T>({options_.features});
    mean_.value = zeros<T>({options_.features});
    variance_.value = ones<T>({options_.features});
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "batch normalization", .keeps_input = true, .whole_batch = true};
  }

  /// @throws ShapeError unless a sample has the right number of features.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, options_.features == 0);
    for (const NamedTensor<T>* tensor :
         std::initializer_list<const NamedTensor<T>*>{&gamma_, &beta_, &mean_, &variance_}) {
      detail::expect_shape(traits().kind, *tensor, {features()});
    }
    if (x.rank() < 2 || (x[1] != features() && x.axes(1, x.rank()).size() != features())) {
      throw ShapeError(traits().kind, ": expected x of shape (N, ", features(), ", ...) or of ",
                       features(), " numbers to a sample, got ", x);
    }
    return x;
  }

  /// The statistics that normalised the samples, see Saved.
  Index saved_bytes(const Shape&) const { return 3 * features() * static_cast<Index>(sizeof(T)); }

  /// @throws ValueError for steps along axis 1, or unless that has the features.
  int step_axis(const Shape& x, int axis) const {
    if (x.rank() > 2 && x[1] != features()) {
      throw ValueError(traits().kind, ": does not run step by step with ", features(),
                       " features of x of shape ", x);
    }
    return detail::steps_not_along(traits().kind, 1, axis);
  }

  /// @throws ValueError in training, unless there are at least two numbers for each feature.
  void forward(const ForwardPass<T>& pass) const {
    const auto x = by_feature(pass.x);
    const Scratch<T> unsaved(pass.saved == nullptr ? 3 * features() : 0);
    const Saved<T> saved(
        pass.saved == nullptr ? unsaved.data() : detail::elements_at<T>(pass.saved), features());
    if (pass.mode == PassMode::train) {
      if (x.extent(0) * x.extent(2) < 2) {
        throw ValueError(traits().kind, ": a batch of shape ", pass.x.shape(),
                         " has no variance to train with");
      }
      batch_statistics(x, saved.mean, saved.variance);
    } else {
      as_array(saved.mean) = as_array(mean_.value);
      as_array(saved.variance) = as_array(variance_.value);
    }
    const T epsilon = static_cast<T>(options_.epsilon);
    const auto invert = [epsilon]<class V>(const V& variance, V& rstd) {
      V std;
      simd::sqrt<V>(variance + epsilon, std);
      rstd = 1 / std;
    };
    simd::map(invert, features(), static_cast<const T*>(saved.variance.data()), saved.rstd.data());
    batch_normalization(x, by(saved), beta_.value, by_feature(pass.y));
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    const Saved<T> saved(detail::elements_at<T>(pass.saved), features());
    batch_normalization_backward(
        by_feature(pass.x), by_feature(pass.dy), by(saved),
        pass.mode == PassMode::train ? BatchStatistics::of_the_batch : BatchStatistics::constant,
        pass.gradients[0], pass.gradients[1], pass.store, by_feature(pass.dx));
  }

  /// What it learns.
  std::array<Parameter<T>*, 2> parameters() & { return {&gamma_, &beta_}; }
  /// What it collects while it trains.
  std::array<NamedTensor<T>*, 2> buffers() & { return {&mean_, &variance_}; }

  /// Takes what a training pass has saved into the buffers.
  void update_buffers(const Shape& x, const std::byte* saved) {
    const T kept = static_cast<T>(options_.momentum);
    const Index count = x.size() / features();
    const T n = static_cast<T>(count);
    const Saved<const T> batch(detail::elements_at<T>(saved), features());
    const auto average = [kept](T part, const TensorView<const T>& of_batch, Tensor<T>& running) {
      simd::map(
          [=]<class V>(const V& now, V& so_far) {
            simd::multiply_add<V>(so_far, kept, part * now, so_far);
          },
          running.size(), of_batch.data(), running.data());
    };
    average(1 - kept, batch.mean, mean_.value);
    const T part = options_.unbiased_running_variance ? (1 - kept) * n / (n - 1) : 1 - kept;
    average(part, batch.variance, variance_.value);
  }

 private:
  /// What forward saves for backward and update_buffers, each (F).
  template <class U>
  struct Saved {
    Saved(U* memory, Index features)
        : mean(memory, {features}),
          variance(memory + features, {features}),
          rstd(memory + 2 * features, {features}) {}

    TensorView<U> mean;
    TensorView<U> variance;
    TensorView<U> rstd;
  };

  Index features() const { return options_.features; }

  /// (N, ...) reshaped to (N, F, S).
  template <class U>
  TensorView<U> by_feature(TensorView<U> x) const {
    return x.reshape(
        Shape{x.extent(0), features(), x.shape().axes(1, x.rank()).size() / features()});
  }

  NormalizedBy<T> by(const Saved<T>& saved) const { return {saved.mean, saved.rstd, gamma_.value}; }

  BatchNormalizationOptions options_;
  Parameter<T> gamma_;
  Parameter<T> beta_;
  NamedTensor<T> mean_;
  NamedTensor<T> variance_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
