#pragma once

#include <array>
#include <concepts>
#include <utility>

#include "dlfs/conv/transposed_convolution.hpp"
#include "dlfs/core/option.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of TransposedConvolution.
struct TransposedConvolutionOptions {
  Index in = 0;        ///< channels of the input; 0 if a network finds them
  Index filters = 1;   ///< channels of the output
  Size2d kernel = 3;   ///< height and width of the window
  Size2d stride = 1;   ///< the factor by which the output is larger
  Size2d padding = 0;  ///< rows and columns removed from each side of the output
  /// Rows and columns added at the end of the output. With a stride, a convolution maps images of
  /// several sizes to one size; this option selects one of them.
  Size2d output_padding = 0;
  Size2d dilation = 1;  ///< distance of neighbouring taps, in pixels
  Index groups = 1;     ///< parts of the channels that are convolved by themselves

  /// The options of the window.
  Window2d window() const { return {kernel, stride, padding, dilation}; }
  /// The shape of the weight.
  Shape weight_shape() const { return {in, filters / groups, kernel.height, kernel.width}; }

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    if (groups < 1 || in % groups != 0 || filters % groups != 0) {
      throw ValueError("transposed convolution: ", groups, " groups do not divide ", in,
                       " channels and ", filters, " filters");
    }
    window().check("transposed convolution");
    const Size2d more = output_padding;
    if (more.height < 0 || more.width < 0 || more.height >= stride.height ||
        more.width >= stride.width) {
      throw ValueError("transposed convolution: expected an output padding of at least 0 and less ",
                       "than the stride ", stride.height, " by ", stride.width, ", got ",
                       more.height, " by ", more.width);
    }
    detail::expect_option("transposed convolution", "in", in, detail::at_least(1));
    detail::expect_option("transposed convolution", "filters", filters, detail::at_least(1));
  }
};

/// Transposed convolution, also called deconvolution: it enlarges images, for example in a decoder
/// or a generator, by the computation of a convolution's backward pass.
///
///   x (N, C, H, W)           input     y (N, F, OH, OW)  output
///   W (C, F/groups, KH, KW)  weight    b (F)             bias
///
///   OH = (H - 1) stride - 2 padding + dilation (KH - 1) + 1 + output_padding, and OW likewise
///
/// Cost: 2 N C H W (F/groups) KH KW FLOP forward, twice that backward.
/// Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016); the
/// options are those of PyTorch's ConvTranspose2d.
template <std::floating_point T>
class TransposedConvolution {
 public:
  using Scalar = T;  ///< the element type

  /// The initializer draws W; b = 0. @throws ValueError unless groups divide in and filters, and
  /// the output padding is less than the stride.
  TransposedConvolution(const TransposedConvolutionOptions& options,
                        const Initializer<T> auto& initializer, Rng& rng)
      : TransposedConvolution(detail::checked(options), initializer) {
    draw(rng);
  }

  /// For a network that finds `in` and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructor above, but `in` may be 0.
  TransposedConvolution(const TransposedConvolutionOptions& options,
                        const Initializer<T> auto& initializer)
      : options_(detail::checked_but_in(options)),
        initializer_(initializer),
        weight_("weight", {}),
        bias_("bias", Tensor<T>({options.filters})) {
    bias_.decay_scale = 0;
  }

  /// Does not compile; the message says what to write instead.
  template <class First = TransposedConvolutionOptions, class... Other>
    requires detail::NoInitializerAndRng<TransposedConvolutionOptions, First, Other...>
        DLFS_REFUSED(
            "options in braces are followed by an initializer and a variable of type Rng: "
            "TransposedConvolution<float>({.in = 30, .filters = 1, .kernel = 5}, He{}, rng)")
  explicit TransposedConvolution(const First&, const Other&...);

  /// @throws ShapeError unless weight is (C, F/groups, KH, KW) and bias is (F), as in the options,
  /// of which `in` may be left out.
  TransposedConvolution(const TransposedConvolutionOptions& options, Tensor<T> weight,
                        Tensor<T> bias)
      : options_(detail::checked_with_in(options, weight.rank() == 4 ? weight.extent(0) : 1)),
        weight_("weight", std::move(weight)),
        bias_("bias", std::move(bias)) {
    if (weight_.value.shape() != options_.weight_shape() ||
        bias_.value.shape() != Shape{options.filters}) {
      throw ShapeError(traits().kind, ": expected weight ", options_.weight_shape(), " and bias (",
                       options.filters, ",), got ", weight_.value.shape(), " and ",
                       bias_.value.shape());
    }
    bias_.decay_scale = 0;
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("in", options_.in);
    visit("filters", options_.filters);
    visit("kernel", options_.kernel);
    visit("stride", options_.stride, 1);
    visit("padding", options_.padding, 0);
    visit("output_padding", options_.output_padding, 0);
    visit("dilation", options_.dilation, 1);
    visit("groups", options_.groups, 1);
  }

  /// Finds `in` from x, and draws the weights, unless it has them. @throws ShapeError for another
  /// `in` than the options have.
  void initialize(const Shape& x, Rng& rng) {
    if (!initializer_) return;
    detail::expect_rank(traits().kind, x, 4);
    options_.in = detail::found_size(traits().kind, "in", options_.in, x[1]);
    options_.check();
    draw(rng);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "transposed convolution", .keeps_input = true, .skips_gradients = true};
  }

  /// @throws ShapeError unless x is (N, C, H, W) and both x and y have at least one pixel;
  /// ValueError like Window2d.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, bool(initializer_));
    detail::expect_shape<T>(traits().kind, weight_, options_.weight_shape());
    detail::expect_shape<T>(traits().kind, bias_, {options_.filters});
    if (x.rank() != 4 || x[1] != options_.in || x[2] == 0 || x[3] == 0) {
      throw ShapeError(traits().kind, ": expected x of shape (N, ", options_.in, ", H, W), got ",
                       x);
    }
    const Size2d size =
        options_.window().input_size({x[2], x[3]}, options_.output_padding, traits().kind);
    const Shape y{x[0], options_.filters, size.height, size.width};
    convolution_shape(y, options_.weight_shape(), options_.window(), options_.groups,
                      traits().kind);
    return y;
  }

  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const {
    return detail::checked_product(traits().kind, x.size(),
                                   2 * (weight_.value.size() / options_.in));
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    transposed_convolution(pass.x, weight_.value, bias_.value, options_.window(), options_.groups,
                           pass.y);
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    const bool learns_weight = pass.needs_gradient(0);
    const bool learns_bias = pass.needs_gradient(1);
    if (learns_weight || learns_bias) {
      const Scratch<T> unused_weight(learns_weight ? 0 : weight_.value.size());
      const Scratch<T> unused_bias(learns_bias ? 0 : options_.filters);
      transposed_convolution_backward_weights(
          pass.x, pass.dy, options_.window(), options_.groups,
          learns_weight ? pass.gradients[0]
                        : TensorView<T>(unused_weight.data(), weight_.value.shape()),
          learns_bias ? pass.gradients[1] : TensorView<T>(unused_bias.data(), bias_.value.shape()),
          pass.store);
    }
    if (!pass.needs_dx()) return;
    transposed_convolution_backward_input(pass.dy, weight_.value, options_.window(),
                                          options_.groups, pass.dx);
  }

  /// What it learns.
  std::array<Parameter<T>*, 2> parameters() & { return {&weight_, &bias_}; }

 private:
  void draw(Rng& rng) {
    detail::draw<T>(
        initializer_, weight_.value, options_.weight_shape(),
        {.in = options_.in / options_.groups, .out = options_.filters / options_.groups}, rng);
  }

  TransposedConvolutionOptions options_;
  detail::AnyInitializer<T> initializer_;  // until the weights are drawn
  Parameter<T> weight_;
  Parameter<T> bias_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
