#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <memory>
#include <utility>

#include "dlfs/core/option.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/functional/linear.hpp"
#include "dlfs/gemm/row_product.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// One step of a Linear at a time: x (rows, D) -> y (rows, M).
template <std::floating_point T>
class LinearStepper {
 public:
  LinearStepper(Index rows, const Tensor<T>& W, const Tensor<T>& b)
      : weights_(std::make_shared<const Weights>(W, b)),
        rows_(rows),
        sums_({weights_->product.columns()}) {}

  void step(const T* x, T* y) {
    const Weights& weights = *weights_;
    for (Index row = 0; row < rows_; ++row, x += weights.D, y += weights.M) {
      weights.product.run(x, weights.bias.data(), sums_.data());
      if (weights.M == 1) {
        *y = *sums_.data();
      } else {
        std::copy_n(sums_.data(), weights.M, y);
      }
    }
  }

  void reset() {}

 private:
  struct Weights {
    Weights(const Tensor<T>& W, const Tensor<T>& b)
        : D(W.extent(0)),
          M(W.extent(1)),
          product(D, 1, M, gemm::Strided<const T>{W.data(), M, 1}),
          bias({product.columns()}) {
      std::copy_n(b.data(), M, bias.data());
    }

    Index D;
    Index M;
    gemm::RowProduct<T> product;
    Tensor<T> bias;
  };

  std::shared_ptr<const Weights> weights_;
  Index rows_;
  Tensor<T> sums_;
};

}  // namespace detail

/// Options of Linear.
struct LinearOptions {
  Index in = 0;   ///< extent of the last axis of x; 0 if a network finds it
  Index out = 0;  ///< extent of the last axis of y

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("linear", "in", in, detail::at_least(1));
    detail::expect_option("linear", "out", out, detail::at_least(1));
  }
};

/// y = x W + b along the last axis, for each step of a sequence or each pixel alike.
///
///   x (N, ..., D)   y (N, ..., M)
///   W (D, M)  weight   b (M)  bias
///
/// Affine flattens all axes after the first, as the book does, and this is the other convention. It
/// is a layer of its own, so that the shape of y shows in the layer's name and not in an option.
/// Cost: 2RDM FLOP forward for R = N times the axes between, 4RDM backward.
template <std::floating_point T>
class Linear {
 public:
  using Scalar = T;  ///< the element type

  /// The initializer draws W; b = 0. @throws ValueError unless in and out are positive.
  Linear(const LinearOptions& options, const Initializer<T> auto& initializer, Rng& rng)
      : Linear(detail::checked(options), initializer) {
    initialize({1, options.in}, rng);
  }

  /// For a network that finds `in` and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructor above, but `in` may be 0.
  Linear(const LinearOptions& options, const Initializer<T> auto& initializer)
      : options_(detail::checked_but_in(options)),
        initializer_(initializer),
        weight_("weight", {}),
        bias_("bias", Tensor<T>({options.out})) {
    bias_.decay_scale = 0;
  }

  /// Does not compile; the message says what to write instead.
  template <class First = LinearOptions, class... Other>
    requires detail::NoInitializerAndRng<LinearOptions, First, Other...> DLFS_REFUSED(
        "options in braces are followed by an initializer and a variable of type Rng: "
        "Linear<float>({.in = 64, .out = 50}, He{}, rng)")
  explicit Linear(const First&, const Other&...);

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("in", options_.in);
    visit("out", options_.out);
  }

  /// Finds `in` from x, and draws the weights, unless it has them. @throws ShapeError for another
  /// `in` than the options have.
  void initialize(const Shape& x, Rng& rng) {
    if (!initializer_) return;
    detail::expect_rank(traits().kind, x, 2);
    options_.in = detail::found_size(traits().kind, "in", options_.in, x.extent(-1));
    detail::draw<T>(initializer_, weight_.value, {options_.in, options_.out},
                    {options_.in, options_.out}, rng);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "linear", .keeps_input = true, .whole_batch = true, .skips_gradients = true};
  }

  /// @throws ShapeError unless x is (N, ..., D).
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, bool(initializer_));
    const Shape& W = weight_.value.shape();
    if (W.rank() != 2 || x.rank() < 2 || x[x.rank() - 1] != W[0]) {
      throw ShapeError("linear: expected x of shape (N, ..., ", W[0], ") for the weight ", W,
                       ", got ", x);
    }
    detail::expect_shape<T>(traits().kind, bias_, {W[1]});
    return x.with(x.rank() - 1, W[1]);
  }

  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const {
    const Index rows = x.axes(0, x.rank() - 1).size();
    return detail::checked_product("linear", rows, 2 * weight_.value.size());
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { forward_rows(detail::dense_rows(pass)); }
  /// Writes rows.y.
  void forward_rows(const DenseRows<T>& rows) const {
    const Tensor<T>& W = weight_.value;
    const Index steps = rows.rows * (rows.x_size / W.extent(0));
    detail::linear<T>(steps, W, bias_.value, rows.x, rows.y);
  }

  /// @throws ValueError for steps along the last axis.
  int step_axis(const Shape& x, int axis) const {
    return detail::steps_not_along(traits().kind, x.rank() - 1, axis);
  }
  /// The shape of one step of one sequence.
  Shape step_shape() const { return {1, 1, weight_.value.extent(0)}; }
  /// Computes one step at a time, of shape x.
  detail::LinearStepper<T> stepper(const Shape& x) const {
    return {x.axes(0, x.rank() - 1).size(), weight_.value, bias_.value};
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    const Tensor<T>& W = weight_.value;
    const Index steps = pass.dy.size() / W.extent(1);
    detail::linear_backward<T>(steps, W, pass.x.data(), pass.dy.data(),
                               {pass.gradient(0), pass.gradient(1), pass.dx.data()}, pass.store);
  }

  /// What it learns.
  std::array<Parameter<T>*, 2> parameters() & { return {&weight_, &bias_}; }

 private:
  LinearOptions options_;
  detail::AnyInitializer<T> initializer_;  // until the weights are drawn
  Parameter<T> weight_;
  Parameter<T> bias_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
