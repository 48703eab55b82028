#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/creation.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Standardization.
struct StandardizationOptions {
  /// Number of features, each with its own mean: the columns of x (N, F), or the channels of x
  /// (N, F, ...).
  Index features = 0;
  bool inverse = false;  ///< computes y = x deviation + mean, which undoes the standardisation

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("standardization", "features", features, detail::at_least(1));
  }
};

/// Standardisation, y = (x - mean) / deviation, with the mean and the standard deviation of each
/// feature in the training data. As the first layer of a network it is saved with the weights, and
/// `predict` takes numbers as they are measured. As the last one, its inverse gives predictions in
/// the unit of the targets:
///
///   Sequential<float> network{
///       {"inputs", Standardization<float>::fit(train.inputs)},
///       ...
///       {"targets", Standardization<float>::fit(train.targets).inverse()}};
///
///   x (N, F) or (N, F, ...)   y like x   mean (F), at first 0   deviation (F), at first 1
///
/// Training does not change mean and deviation: they are buffers.
/// Source: scikit-learn's StandardScaler; Keras's layer Normalization.
template <std::floating_point T>
class Standardization {
 public:
  using Scalar = T;  ///< the element type

  /// A layer that changes nothing until it is loaded. @throws ValueError unless there is a feature.
  explicit Standardization(const StandardizationOptions& options)
      : inverse_(detail::checked(options).inverse),
        mean_("mean", zeros<T>({options.features})),
        deviation_("deviation", ones<T>({options.features})) {}

  /// With the mean and the deviation (divided by N) of each feature of x (N, F, ...), computed in
  /// double. The deviation of a constant feature is 1, so that it becomes 0. As in scikit-learn, a
  /// feature of n numbers is constant if its variance is at most n e variance + (n e mean)^2, the
  /// bound of the rounding errors, where e is double's epsilon.
  /// @throws ShapeError for a tensor without samples or features; ValueError, naming sample and
  /// feature, for a number that is not finite, or where the variance overflows.
  static Standardization fit(const Tensor<T>& x);

  /// The layer that undoes this one.
  Standardization inverse() const {
    Standardization other = *this;
    other.inverse_ = !inverse_;
    return other;
  }

  /// The output for x. @throws ShapeError unless x is (N, F, ...).
  Tensor<T> apply(const Tensor<T>& x) const {
    auto y = Tensor<T>::uninitialized(output_shape(x.shape()));
    forward({.x = x, .y = y});
    return y;
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("features", mean_.value.size());
    visit("inverse", inverse_, false);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "standardization"}; }

  /// @throws ShapeError unless x is (N, F, ...).
  Shape output_shape(const Shape& x) const {
    detail::expect_shape(traits().kind, mean_, {features()});
    detail::expect_shape(traits().kind, deviation_, {features()});
    if (x.rank() < 2 || x[1] != features()) {
      throw ShapeError(traits().kind, ": expected x of shape (N, ", features(), ", ...), got ", x);
    }
    return x;
  }

  /// @throws ValueError for steps along axis 1.
  int step_axis(const Shape&, int axis) const {
    return detail::steps_not_along(traits().kind, 1, axis);
  }
  /// The shape of one step of one sequence (N, F, L).
  Shape step_shape() const { return {1, features(), 1}; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    if (inverse_) {
      for_each(pass.x, pass.y,
               [](T x, T mean, T deviation) { return detail::rounded(x * deviation) + mean; });
    } else {
      for_each(pass.x, pass.y, [](T x, T mean, T deviation) { return (x - mean) / deviation; });
    }
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    if (inverse_) {
      for_each(pass.dy, pass.dx, [](T dy, T, T deviation) { return dy * deviation; });
    } else {
      for_each(pass.dy, pass.dx, [](T dy, T, T deviation) { return dy / deviation; });
    }
  }

  /// The mean and the deviation.
  std::array<NamedTensor<T>*, 2> buffers() & { return {&mean_, &deviation_}; }
  /// A training pass saves nothing,
  Index saved_bytes(const Shape&) const { return 0; }
  /// and changes nothing.
  void update_buffers(const Shape&, const std::byte*) {}

 private:
  Index features() const { return mean_.value.size(); }

  /// Writes f(x, mean, deviation) for each x (N, F, ...).
  template <class F>
  void for_each(const TensorView<const T>& x, const TensorView<T>& y, const F& f) const {
    if (x.empty()) return;
    const T* const mean = mean_.value.data();
    const T* const deviation = deviation_.value.data();
    const T* in = x.data();
    T* out = y.data();
    const Index rows = x.extent(0), count = x.size() / (rows * features());
    for (Index n = 0; n < rows; ++n) {
      for (Index k = 0; k < features(); ++k) {
        for (Index i = 0; i < count; ++i) *out++ = f(*in++, mean[k], deviation[k]);
      }
    }
  }

  bool inverse_;
  NamedTensor<T> mean_;
  NamedTensor<T> deviation_;
};

template <std::floating_point T>
Standardization<T> Standardization<T>::fit(const Tensor<T>& x) {
  if (x.rank() < 2 || x.empty()) {
    throw ShapeError("standardization: expected x of shape (N, F, ...) with samples, got ",
                     x.shape());
  }
  const Index features = x.extent(1), count = x.size() / (x.extent(0) * features);
  const auto n = static_cast<double>(x.extent(0) * count);
  // Calls add(sum of the feature, number) for all numbers.
  const auto add_up = [&](const auto& add) {
    std::vector<double> sums(static_cast<std::size_t>(features));
    const T* value = x.data();
    for (Index sample = 0; sample < x.extent(0); ++sample) {
      for (Index k = 0; k < features; ++k) {
        for (Index i = 0; i < count; ++i, ++value) {
          if (!detail::is_finite(*value)) {
            throw ValueError("standardization: feature ", k, " of sample ", sample, " is ", *value);
          }
          add(sums[static_cast<std::size_t>(k)], static_cast<double>(*value), k);
        }
      }
    }
    return sums;
  };

  std::vector<double> means = add_up([](double& sum, double value, Index) { sum += value; });
  for (double& mean : means) mean /= n;
  const std::vector<double> squares = add_up([&](double& sum, double value, Index k) {
    const double difference = value - means[static_cast<std::size_t>(k)];
    sum += detail::rounded(difference * difference);
  });
  Standardization fitted({.features = features});
  for (Index k = 0; k < features; ++k) {
    const double mean = means[static_cast<std::size_t>(k)];
    const double variance = squares[static_cast<std::size_t>(k)] / n;
    if (!detail::is_finite(variance)) {
      throw ValueError("standardization: the variance of feature ", k, " is ", variance);
    }
    constexpr double epsilon = std::numeric_limits<double>::epsilon();
    const double shift = n * epsilon * mean;
    const double rounding =
        detail::rounded(n * epsilon * variance) + detail::rounded(shift * shift);
    const T deviation = variance <= rounding ? T(1) : static_cast<T>(std::sqrt(variance));
    fitted.mean_.value.data()[k] = static_cast<T>(mean);
    fitted.deviation_.value.data()[k] = deviation > 0 ? deviation : T(1);
  }
  return fitted;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
