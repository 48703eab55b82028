#pragma once

#include <array>
#include <concepts>
#include <utility>

#include "dlfs/core/option.hpp"
#include "dlfs/functional/linear.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Affine.
struct AffineOptions {
  Index in = 0;   ///< numbers in a sample; 0 if a network finds it
  Index out = 0;  ///< numbers in a row of the output

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("affine", "in", in, detail::at_least(1));
    detail::expect_option("affine", "out", out, detail::at_least(1));
  }
};

/// Fully connected layer, y = x W + b.
///
///   x (N, ...)  input; trailing axes are flattened to D   y (N, M)  output
///   W (D, M)    weight                                    b (M)     bias
///
/// Gradients: dx = dy W^T, dW = x^T dy, db = the sum of the rows of dy.
/// Cost: 2NDM FLOP forward, 4NDM backward.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 5.6.2.
template <std::floating_point T>
class Affine {
 public:
  using Scalar = T;  ///< the element type

  /// The initializer draws W; b = 0. @throws ValueError unless in and out are positive.
  Affine(const AffineOptions& options, const Initializer<T> auto& initializer, Rng& rng)
      : Affine(detail::checked(options), initializer) {
    initialize({1, options.in}, rng);
  }

  /// For a network that finds `in` and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructor above, but `in` may be 0.
  Affine(const AffineOptions& options, const Initializer<T> auto& initializer)
      : options_(detail::checked_but_in(options)),
        initializer_(initializer),
        weight_("weight", {}),
        bias_("bias", Tensor<T>({options.out})) {
    bias_.decay_scale = 0;
  }

  /// Does not compile; the message says what to write instead.
  template <class First = AffineOptions, class... Other>
    requires detail::NoInitializerAndRng<AffineOptions, First, Other...> DLFS_REFUSED(
        "options in braces are followed by an initializer and a variable of type Rng: "
        "Affine<float>({.in = 784, .out = 50}, He{}, rng)")
  explicit Affine(const First&, const Other&...);

  /// @throws ShapeError unless weight is (D, M) and bias is (M).
  Affine(Tensor<T> weight, Tensor<T> bias)
      : weight_("weight", std::move(weight)), bias_("bias", std::move(bias)) {
    const Shape& W = weight_.value.shape();
    if (W.rank() != 2 || bias_.value.shape() != Shape{W[1]}) {
      throw ShapeError("affine: expected weight (D, M) and bias (M), got ", W, " and ",
                       bias_.value.shape());
    }
    options_ = {.in = W[0], .out = W[1]};
    bias_.decay_scale = 0;
  }

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
    options_.in = detail::found_size(traits().kind, "in", options_.in, x.axes(1, x.rank()).size());
    detail::draw<T>(initializer_, weight_.value, {options_.in, options_.out},
                    {options_.in, options_.out}, rng);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "affine", .keeps_input = true, .whole_batch = true, .skips_gradients = true};
  }

  /// @throws ShapeError unless x is (N, ...) with D numbers for each sample.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, bool(initializer_));
    const Shape& W = weight_.value.shape();
    if (W.rank() != 2 || x.rank() < 2 || x.axes(1, x.rank()).size() != W[0]) {
      throw ShapeError("affine: expected x of shape (N, ", W[0], ") for the weight ", W, ", got ",
                       x);
    }
    detail::expect_shape<T>(traits().kind, bias_, {W[1]});
    return {x[0], W[1]};
  }

  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const {
    return detail::checked_product("affine", x[0], 2 * weight_.value.size());
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { forward_rows(detail::dense_rows(pass)); }
  /// Writes rows.y.
  void forward_rows(const DenseRows<T>& rows) const {
    detail::linear<T>(rows.rows, weight_.value, bias_.value, rows.x, rows.y);
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    detail::linear_backward<T>(pass.dy.extent(0), weight_.value, pass.x.data(), pass.dy.data(),
                               {pass.gradient(0), pass.gradient(1), pass.dx.data()}, pass.store);
  }

  /// What it learns.
  std::array<Parameter<T>*, 2> parameters() & { return {&weight_, &bias_}; }

 private:
  AffineOptions options_;
  detail::AnyInitializer<T> initializer_;  // until the weights are drawn
  Parameter<T> weight_;
  Parameter<T> bias_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
