#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <memory>
#include <string_view>
#include <utility>

#include "dlfs/core/option.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/tensor/reduce.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// @throws ShapeError unless x is (N, T, D) with at most as many steps as the table (L, D) has
/// rows.
inline void expect_steps(std::string_view kind, const Shape& x, const Shape& table) {
  if (x.rank() == 3 && table.rank() == 2 && x[1] <= table[0] && x[2] == table[1]) return;
  throw ShapeError(kind, ": expected x of shape (N, T, D) for a table ", table,
                   " with a row for each step, got ", x);
}

/// y = x + the first rows of a table, for each sample.
template <std::floating_point T>
void add_steps(const TensorView<const T>& x, const Tensor<T>& table, const TensorView<T>& y) {
  const Index numbers = x.extent(1) * x.extent(2);
  const auto add = []<class V>(const V& a, const V& b, V& sum) { sum = a + b; };
  for (Index n = 0; n < x.extent(0); ++n) {
    simd::map(add, numbers, x.data() + n * numbers, table.data(), y.data() + n * numbers);
  }
}

}  // namespace detail

namespace detail {

/// One step of a positional encoding at a time: x, y (N, 1, D).
template <std::floating_point T>
class PositionStepper {
 public:
  PositionStepper(std::string_view kind, Index samples, const Tensor<T>& table)
      : kind_(kind), samples_(samples), table_(std::make_shared<const Tensor<T>>(table)) {}

  /// @throws ShapeError for a step after the last row of the table.
  void step(const T* x, T* y) {
    const Index D = table_->extent(1);
    if (now_ == table_->extent(0)) {
      throw ShapeError(kind_, ": the stream has more steps than the table ", table_->shape());
    }
    const auto add = []<class V>(const V& a, const V& b, V& sum) { sum = a + b; };
    for (Index n = 0; n < samples_; ++n) {
      simd::map(add, D, x + n * D, table_->data() + now_ * D, y + n * D);
    }
    ++now_;
  }

  void reset() { now_ = 0; }

 private:
  std::string_view kind_;
  Index samples_;
  std::shared_ptr<const Tensor<T>> table_;
  Index now_ = 0;
};

}  // namespace detail

/// Options of PositionalEncoding.
struct PositionalEncodingOptions {
  Index length = 0;     ///< maximum number of steps
  Index features = 0;   ///< numbers of x at one step; 0 if a network finds it
  double base = 10000;  ///< ratio of the longest wave to the shortest

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("positional encoding", "length", length, detail::at_least(1));
    detail::expect_option("positional encoding", "features", features, detail::at_least(0));
    detail::expect_option("positional encoding", "base", base, detail::above(0));
  }
};

/// Adds sines and cosines of each step, so that attention knows the order: for step t and feature i
///
///   y = x + P,   P[t, 2i] = sin(t / base^(2i / D)),   P[t, 2i + 1] = cos(t / base^(2i / D))
///
///   x, y (N, T, D), T at most `length`
///
/// Source: Vaswani et al., "Attention is all you need" (2017).
template <std::floating_point T>
class PositionalEncoding {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless length and base are positive, and features at least 0.
  explicit PositionalEncoding(const PositionalEncodingOptions& options)
      : options_(detail::checked(options)) {
    if (options.features != 0) fill_table();
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("length", options_.length);
    visit("features", options_.features);
    visit("base", options_.base, 10000);
  }

  /// Finds the features in x (N, T, D), unless it has them.
  void initialize(const Shape& x, Rng&) {
    if (options_.features != 0) return;
    detail::expect_rank(traits().kind, x, 3);
    options_.features = detail::found_size(traits().kind, "features", 0, x[2]);
    fill_table();
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "positional encoding"}; }

  /// @throws ShapeError unless x is (N, T, D) with at most `length` steps.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, options_.features == 0);
    detail::expect_steps(traits().kind, x, table_.shape());
    return x;
  }

  /// @throws ValueError for steps along another axis than 1.
  int step_axis(const Shape&, int axis) const {
    return detail::steps_along(traits().kind, 1, axis);
  }
  /// The shape of one step of one sequence.
  Shape step_shape() const { return {1, 1, table_.extent(1)}; }
  /// Computes one step at a time, of x (N, 1, D), at most as many as the table has rows.
  detail::PositionStepper<T> stepper(const Shape& x) const { return {traits().kind, x[0], table_}; }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { detail::add_steps(pass.x, table_, pass.y); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    std::copy_n(pass.dy.data(), pass.dy.size(), pass.dx.data());
  }

 private:
  void fill_table() {
    table_ = Tensor<T>({options_.length, options_.features});
    for (Index i = 0; i < options_.features; ++i) {
      const Index even = i - i % 2;
      const double wave = std::pow(
          options_.base, static_cast<double>(even) / static_cast<double>(options_.features));
      for (Index t = 0; t < options_.length; ++t) {
        const double angle = static_cast<double>(t) / wave;
        table_(t, i) = static_cast<T>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
    }
  }

  PositionalEncodingOptions options_;
  Tensor<T> table_;
};

/// Options of LearnedPositionalEncoding.
struct LearnedPositionalEncodingOptions {
  Index length = 0;    ///< maximum number of steps
  Index features = 0;  ///< numbers of x at one step; 0 if a network finds it

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("learned positional encoding", "length", length, detail::at_least(1));
    detail::expect_option("learned positional encoding", "features", features, detail::at_least(1));
  }
};

/// Adds a row of a table to each step, y = x + W, so that attention knows the order.
///
///   x, y (N, T, D), T at most L   W (L, D)  weight
///
/// It is PyTorch's nn.Embedding of the numbers of the steps.
/// Source: Gehring et al., "Convolutional sequence to sequence learning" (2017).
template <std::floating_point T>
class LearnedPositionalEncoding {
 public:
  using Scalar = T;  ///< the element type

  /// The initializer draws W, with the fans (L, D).
  /// @throws ValueError unless length and features are positive.
  LearnedPositionalEncoding(const LearnedPositionalEncodingOptions& options,
                            const Initializer<T> auto& initializer, Rng& rng)
      : LearnedPositionalEncoding(detail::checked(options), initializer) {
    initialize({1, options.length, options.features}, rng);
  }

  /// For a network that finds the features and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructor above, but features may be 0.
  LearnedPositionalEncoding(const LearnedPositionalEncodingOptions& options,
                            const Initializer<T> auto& initializer)
      : options_(options), initializer_(initializer), weight_("weight", {}) {
    if (options.features == 0) {
      detail::expect_option(traits().kind, "length", options.length, detail::at_least(1));
    } else {
      options.check();
    }
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("length", options_.length);
    visit("features", options_.features);
  }

  /// Finds the features in x (N, T, D), and draws the weights, unless it has them.
  void initialize(const Shape& x, Rng& rng) {
    if (!initializer_) return;
    detail::expect_rank(traits().kind, x, 3);
    options_.features = detail::found_size(traits().kind, "features", options_.features, x[2]);
    detail::draw<T>(initializer_, weight_.value, {options_.length, options_.features},
                    {options_.length, options_.features}, rng);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "learned positional encoding", .skips_gradients = true};
  }

  /// @throws ShapeError unless x is (N, T, D) with at most L steps.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, bool(initializer_));
    detail::expect_steps(traits().kind, x, weight_.value.shape());
    return x;
  }

  /// @throws ValueError for steps along another axis than 1.
  int step_axis(const Shape&, int axis) const {
    return detail::steps_along(traits().kind, 1, axis);
  }
  /// The shape of one step of one sequence.
  Shape step_shape() const { return {1, 1, weight_.value.extent(1)}; }
  /// Computes one step at a time, of x (N, 1, D), at most as many as the table has rows.
  detail::PositionStepper<T> stepper(const Shape& x) const {
    return {traits().kind, x[0], weight_.value};
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    detail::add_steps(pass.x, weight_.value, pass.y);
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    if (pass.needs_dx()) std::copy_n(pass.dy.data(), pass.dy.size(), pass.dx.data());
    if (!pass.needs_gradient(0)) return;
    const Index numbers = pass.dy.extent(1) * pass.dy.extent(2);
    T* const gradient = pass.gradients[0].data();
    sum_rows(pass.dy.reshape(Shape{pass.dy.extent(0), numbers}), TensorView<T>(gradient, {numbers}),
             pass.store);
    if (pass.store == Store::overwrite) {
      std::fill_n(gradient + numbers, pass.gradients[0].size() - numbers, T(0));
    }
  }

  /// What it learns.
  std::array<Parameter<T>*, 1> parameters() & { return {&weight_}; }

 private:
  LearnedPositionalEncodingOptions options_;
  detail::AnyInitializer<T> initializer_;  // until the weights are drawn
  Parameter<T> weight_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
