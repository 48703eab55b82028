#pragma once

#include <concepts>
#include <utility>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/math/convolution.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

struct ConvolutionOptions {
  Index in = 1;       // channels of the input
  Index filters = 1;  // channels of the output
  Size2d kernel = 3;
  Size2d stride = 1;
  Size2d padding = 0;
  Size2d dilation = 1;
  /// Each group of channels has filters of its own: `in` groups make a depthwise convolution.
  Index groups = 1;
  bool bias = true;  // false where a batch normalisation follows, which would take it away again

  Window2d window() const { return {kernel, stride, padding, dilation}; }
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
///   W (F, C/groups, KH, KW) weight    b (F)             bias, 0 without that option
///
/// Cost: 2 N F OH OW (C/groups) KH KW FLOP forward, twice that backward.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 7.4.3.
template <std::floating_point T>
class Convolution {
 public:
  using Scalar = T;

  /// W drawn by the initializer, b = 0. @throws ValueError unless groups divide in and filters.
  Convolution(const ConvolutionOptions& options, const Initializer<T> auto& initializer, Rng& rng)
      : Convolution(options, Tensor<T>::uninitialized(detail::checked(options).weight_shape()),
                    Tensor<T>({detail::checked(options).filters})) {
    const Index taps = options.kernel.height * options.kernel.width;
    initializer(
        weight_.value,
        {.in = options.in / options.groups * taps, .out = options.filters / options.groups * taps},
        rng);
  }

  template <class First = ConvolutionOptions, class... Other>
    requires detail::NoInitializerAndRng<ConvolutionOptions, First, Other...> DLFS_REFUSED(
        "options in braces are followed by an initializer and a variable of type Rng: "
        "Convolution<float>({.in = 1, .filters = 30, .kernel = 5}, He{}, rng)")
  explicit Convolution(const First&, const Other&...);

  /// @throws ShapeError unless weight is (F, C/groups, KH, KW) and bias is (F), as options say.
  Convolution(const ConvolutionOptions& options, Tensor<T> weight, Tensor<T> bias)
      : options_(detail::checked(options)),
        weight_("weight", std::move(weight)),
        bias_("bias", std::move(bias)) {
    if (weight_.value.shape() != options.weight_shape() ||
        bias_.value.shape() != Shape{options.filters}) {
      throw ShapeError("convolution: expected weight ", options.weight_shape(), " and bias (",
                       options.filters, ",), got ", weight_.value.shape(), " and ",
                       bias_.value.shape());
    }
    bias_.decay_scale = 0;
  }

  static constexpr LayerTraits traits() { return {.kind = "convolution", .keeps_input = true}; }

  /// @throws ShapeError unless x is (N, C, H, W) and the window fits.
  Shape output_shape(const Shape& x) const {
    detail::expect_shape<T>(traits().kind, weight_, options_.weight_shape());
    detail::expect_shape<T>(traits().kind, bias_, {options_.filters});
    return convolution_shape(x, weight_.value.shape(), options_.window(), options_.groups);
  }

  Index flops(const Shape& x) const {
    return detail::checked_product("convolution", output_shape(x).size(),
                                   2 * (weight_.value.size() / options_.filters));
  }

  void forward(const ForwardPass<T>& pass) const {
    convolution(pass.x, weight_.value, bias_.value, options_.window(), options_.groups, pass.y);
  }

  void backward(const BackwardPass<T>& pass) const {
    const Window2d window = options_.window();
    const Scratch<T> unused(options_.bias ? 0 : options_.filters);
    convolution_backward_weights(
        pass.x, pass.dy, window, options_.groups, pass.gradients[0],
        options_.bias ? pass.gradients[1] : TensorView<T>(unused.data(), bias_.value.shape()),
        pass.store);
    if (!pass.needs_dx()) return;
    convolution_backward_input(pass.dy, weight_.value, window, options_.groups, pass.dx);
  }

  std::vector<Parameter<T>*> parameters() & {
    if (!options_.bias) return {&weight_};
    return {&weight_, &bias_};
  }

 private:
  ConvolutionOptions options_;
  Parameter<T> weight_;
  Parameter<T> bias_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
