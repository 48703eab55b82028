#pragma once

#include <concepts>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/conv/convolution.hpp"
#include "dlfs/core/option.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Convolution.
struct ConvolutionOptions {
  Index in = 0;         ///< channels of the input; 0 if a network finds them
  Index filters = 1;    ///< channels of the output
  Size2d kernel = 3;    ///< height and width of the window
  Size2d stride = 1;    ///< distance of neighbouring windows, in pixels
  Size2d padding = 0;   ///< pixels of zeros on each side
  Size2d dilation = 1;  ///< distance of neighbouring taps, in pixels
  /// Each group of channels has its own filters: `in` groups make a depthwise convolution.
  Index groups = 1;
  bool bias = true;  ///< false before a batch normalisation, which would cancel it
  /// `direct` gives equal windows equal outputs, to the bit. Max pooling then finds the ties of a
  /// flat region, and input gradients there do not depend on Winograd's rounding.
  ConvolutionAlgorithm algorithm = ConvolutionAlgorithm::automatic;

  /// The options of the window.
  Window2d window() const { return {kernel, stride, padding, dilation}; }
  /// The shape of the weight.
  Shape weight_shape() const { return {filters, in / groups, kernel.height, kernel.width}; }

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    if (groups < 1 || in % groups != 0 || filters % groups != 0) {
      throw ValueError("convolution: ", groups, " groups do not divide ", in, " channels and ",
                       filters, " filters");
    }
    window().check("convolution");
    detail::expect_option("convolution", "in", in, detail::at_least(1));
    detail::expect_option("convolution", "filters", filters, detail::at_least(1));
  }
};

/// Two-dimensional convolution (cross-correlation, as everywhere in deep learning), y = x * W + b.
///
///   x (N, C, H, W)          input     y (N, F, OH, OW)  output
///   W (F, C/groups, KH, KW) weight    b (F)             bias; 0 if the option is false
///
/// Cost: 2 N F OH OW (C/groups) KH KW FLOP forward, twice that backward.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 7.4.3.
template <std::floating_point T>
class Convolution {
 public:
  using Scalar = T;  ///< the element type

  /// The initializer draws W; b = 0. @throws ValueError unless groups divide in and filters.
  Convolution(const ConvolutionOptions& options, const Initializer<T> auto& initializer, Rng& rng)
      : Convolution(detail::checked(options), initializer) {
    draw(rng);
  }

  /// For a network that finds `in` and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructor above, but `in` may be 0.
  Convolution(const ConvolutionOptions& options, const Initializer<T> auto& initializer)
      : options_(detail::checked_but_in(options)),
        initializer_(initializer),
        weight_("weight", {}),
        bias_("bias", Tensor<T>({options.filters})) {
    bias_.decay_scale = 0;
  }

  /// Does not compile; the message says what to write instead.
  template <class First = ConvolutionOptions, class... Other>
    requires detail::NoInitializerAndRng<ConvolutionOptions, First, Other...> DLFS_REFUSED(
        "options in braces are followed by an initializer and a variable of type Rng: "
        "Convolution<float>({.in = 1, .filters = 30, .kernel = 5}, He{}, rng)")
  explicit Convolution(const First&, const Other&...);

  /// @throws ShapeError unless weight is (F, C/groups, KH, KW) and bias is (F), as in the options,
  /// of which `in` may be left out.
  Convolution(const ConvolutionOptions& options, Tensor<T> weight, Tensor<T> bias)
      : options_(detail::checked_with_in(
            options, weight.rank() == 4 ? weight.extent(1) * options.groups : 1)),
        weight_("weight", std::move(weight)),
        bias_("bias", std::move(bias)) {
    if (weight_.value.shape() != options_.weight_shape() ||
        bias_.value.shape() != Shape{options.filters}) {
      throw ShapeError("convolution: expected weight ", options_.weight_shape(), " and bias (",
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
    visit("dilation", options_.dilation, 1);
    visit("groups", options_.groups, 1);
    visit("bias", options_.bias, true);
    visit("algorithm",
          options_.algorithm == ConvolutionAlgorithm::direct ? std::string_view("direct")
                                                             : std::string_view("automatic"),
          "automatic");
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
    return {.kind = "convolution", .keeps_input = true, .skips_gradients = true};
  }

  /// @throws ShapeError unless x is (N, C, H, W) and the window fits.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, bool(initializer_));
    detail::expect_shape<T>(traits().kind, weight_, options_.weight_shape());
    detail::expect_shape<T>(traits().kind, bias_, {options_.filters});
    return convolution_shape(x, weight_.value.shape(), options_.window(), options_.groups);
  }

  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const {
    return detail::checked_product("convolution", output_shape(x).size(),
                                   2 * (weight_.value.size() / options_.filters));
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    convolution(pass.x, weight_.value, bias_.value, options_.window(), options_.groups, pass.y,
                options_.algorithm);
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    const Window2d window = options_.window();
    const bool learns_weight = pass.needs_gradient(0);
    const bool learns_bias = options_.bias && pass.needs_gradient(1);
    if (learns_weight || learns_bias) {
      const Scratch<T> unused_weight(learns_weight ? 0 : weight_.value.size());
      const Scratch<T> unused_bias(learns_bias ? 0 : options_.filters);
      convolution_backward_weights(
          pass.x, pass.dy, window, options_.groups,
          learns_weight ? pass.gradients[0]
                        : TensorView<T>(unused_weight.data(), weight_.value.shape()),
          learns_bias ? pass.gradients[1] : TensorView<T>(unused_bias.data(), bias_.value.shape()),
          pass.store, options_.algorithm);
    }
    if (!pass.needs_dx()) return;
    convolution_backward_input(pass.dy, weight_.value, window, options_.groups, pass.dx,
                               options_.algorithm);
  }

  /// What it learns.
  std::vector<Parameter<T>*> parameters() & {
    if (!options_.bias) return {&weight_};
    return {&weight_, &bias_};
  }

 private:
  void draw(Rng& rng) {
    detail::draw<T>(
        initializer_, weight_.value, options_.weight_shape(),
        {.in = options_.in / options_.groups, .out = options_.filters / options_.groups}, rng);
  }

  ConvolutionOptions options_;
  detail::AnyInitializer<T> initializer_;  // until the weights are drawn
  Parameter<T> weight_;
  Parameter<T> bias_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
