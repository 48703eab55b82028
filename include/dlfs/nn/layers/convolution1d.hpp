#pragma once

#include <algorithm>
#include <concepts>
#include <memory>
#include <utility>
#include <vector>

#include "dlfs/conv/convolution.hpp"
#include "dlfs/conv/window1d.hpp"
#include "dlfs/core/option.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/gemm/row_product.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Convolution1d.
struct Convolution1dOptions {
  Index in = 0;        ///< channels of the input; 0 if a network finds them
  Index filters = 1;   ///< channels of the output
  Index kernel = 3;    ///< number of steps in the window
  Index stride = 1;    ///< distance of neighbouring windows, in steps
  Index padding = 0;   ///< steps of zeros on each side
  Index dilation = 1;  ///< distance of neighbouring taps, in steps
  /// Each group of channels has its own filters: `in` groups make a depthwise convolution.
  Index groups = 1;
  bool bias = true;  ///< false before a batch normalisation, which would cancel it
  /// Zeros on the left alone, dilation (kernel - 1) of them: no output depends on a later input,
  /// and with a stride of 1 the sequence keeps its length. `padding` stays 0.
  bool causal = false;

  /// The options of the window, on a sequence that has its causal zeros.
  Window1d window() const { return {kernel, stride, padding, dilation}; }
  /// The number of steps of zeros on the left of a causal convolution.
  Index causal_padding() const { return causal ? dilation * (kernel - 1) : 0; }
  /// The shape of the weight.
  Shape weight_shape() const { return {filters, in / groups, kernel}; }

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    if (groups < 1 || in % groups != 0 || filters % groups != 0) {
      throw ValueError("convolution 1d: ", groups, " groups do not divide ", in, " channels and ",
                       filters, " filters");
    }
    window().check("convolution 1d");
    detail::expect_option("convolution 1d", "in", in, detail::at_least(1));
    detail::expect_option("convolution 1d", "filters", filters, detail::at_least(1));
    if (causal && padding != 0) {
      throw ValueError("convolution 1d: expected a padding of 0 for a causal convolution, got ",
                       padding);
    }
  }
};

namespace detail {

/// One step of a causal Convolution1d at a time: x (N, C) -> y (N, F). It keeps the last
/// dilation (kernel - 1) + 1 steps in a ring.
template <std::floating_point T>
class CausalConvolutionStepper {
 public:
  CausalConvolutionStepper(const Convolution1dOptions& options, Index samples, const Tensor<T>& W,
                           const Tensor<T>& b)
      : weights_(std::make_shared<const Weights>(options, W, b)),
        samples_(samples),
        length_(options.causal_padding() + 1),
        ring_({length_, samples, options.in}),
        taps_({options.in / options.groups * options.kernel}),
        sums_({weights_->bias.extent(1)}) {}

  void step(const T* x, T* y) {
    const Convolution1dOptions& options = weights_->options;
    const Index channels = options.in / options.groups;
    const Index filters = options.filters / options.groups;
    const Index of_step = samples_ * options.in;
    std::copy_n(x, of_step, ring_.data() + now_ * of_step);
    // The oldest step stands behind the newest one.
    now_ = now_ + 1 == length_ ? 0 : now_ + 1;
    for (Index i = 0; i < samples_ * options.groups; ++i, y += filters) {
      T* tap = taps_.data();
      for (Index k = 0, place = now_; k < options.kernel; ++k) {
        tap = std::copy_n(ring_.data() + place * of_step + i * channels, channels, tap);
        place += options.dilation;
        if (place >= length_) place -= length_;
      }
      const Index group = i % options.groups;
      weights_->products[static_cast<std::size_t>(group)].run(
          taps_.data(), weights_->bias.data() + group * sums_.size(), sums_.data());
      std::copy_n(sums_.data(), filters, y);
    }
  }

  void reset() { std::fill(ring_.begin(), ring_.end(), T(0)); }

 private:
  struct Weights {
    Weights(const Convolution1dOptions& options_, const Tensor<T>& W, const Tensor<T>& b)
        : options(options_) {
      const Index filters = options.filters / options.groups;
      const Index channels = options.in / options.groups;
      const Index terms = channels * options.kernel;
      const Index width = gemm::RowProduct<T>::padded(filters);
      bias = Tensor<T>({options.groups, width});
      Tensor<T> by_tap({options.kernel, channels, filters});
      for (Index group = 0; group < options.groups; ++group) {
        const T* weight = W.data() + group * filters * terms;
        for (Index f = 0; f < filters; ++f) {
          for (Index c = 0; c < channels; ++c) {
            for (Index k = 0; k < options.kernel; ++k) by_tap(k, c, f) = *weight++;
          }
        }
        products.emplace_back(terms, 1, filters, gemm::Strided<const T>{by_tap.data(), filters, 1});
        std::copy_n(b.data() + group * filters, filters, bias.data() + group * width);
      }
    }

    Convolution1dOptions options;
    std::vector<gemm::RowProduct<T>> products;  // of each group
    Tensor<T> bias;                             // (groups, elements of a product)
  };

  std::shared_ptr<const Weights> weights_;
  Index samples_;
  Index length_;
  Index now_ = 0;   // the place of the next step in the ring
  Tensor<T> ring_;  // (length, N, C)
  Tensor<T> taps_;  // (K, C / groups) of one group
  Tensor<T> sums_;
};

}  // namespace detail

/// One-dimensional convolution (cross-correlation, as everywhere in deep learning), y = x * W + b:
/// that of images of one row.
///
///   x (N, C, L)          input     y (N, F, OL)  output
///   W (F, C/groups, K)   weight    b (F)         bias; 0 if the option is false
///
/// Cost: 2 N F OL (C/groups) K FLOP forward, twice that backward.
/// Source: van den Oord et al., "WaveNet: a generative model for raw audio" (2016), for `causal`.
template <std::floating_point T>
class Convolution1d {
 public:
  using Scalar = T;  ///< the element type

  /// The initializer draws W; b = 0. @throws ValueError unless groups divide in and filters.
  Convolution1d(const Convolution1dOptions& options, const Initializer<T> auto& initializer,
                Rng& rng)
      : Convolution1d(detail::checked(options), initializer) {
    draw(rng);
  }

  /// For a network that finds `in` and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructor above, but `in` may be 0.
  Convolution1d(const Convolution1dOptions& options, const Initializer<T> auto& initializer)
      : options_(detail::checked_but_in(options)),
        initializer_(initializer),
        weight_("weight", {}),
        bias_("bias", Tensor<T>({options.filters})) {
    bias_.decay_scale = 0;
  }

  /// Does not compile; the message says what to write instead.
  template <class First = Convolution1dOptions, class... Other>
    requires detail::NoInitializerAndRng<Convolution1dOptions, First, Other...> DLFS_REFUSED(
        "options in braces are followed by an initializer and a variable of type Rng: "
        "Convolution1d<float>({.in = 1, .filters = 16, .kernel = 3}, He{}, rng)")
  explicit Convolution1d(const First&, const Other&...);

  /// @throws ShapeError unless weight is (F, C/groups, K) and bias is (F), as in the options, of
  /// which `in` may be left out.
  Convolution1d(const Convolution1dOptions& options, Tensor<T> weight, Tensor<T> bias)
      : options_(detail::checked_with_in(
            options, weight.rank() == 3 ? weight.extent(1) * options.groups : 1)),
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
    visit("dilation", options_.dilation, 1);
    visit("groups", options_.groups, 1);
    visit("bias", options_.bias, true);
    visit("causal", options_.causal, false);
  }

  /// Finds `in` from x, and draws the weights, unless it has them. @throws ShapeError for another
  /// `in` than the options have.
  void initialize(const Shape& x, Rng& rng) {
    if (!initializer_) return;
    detail::expect_rank(traits().kind, x, 3);
    options_.in = detail::found_size(traits().kind, "in", options_.in, x[1]);
    options_.check();
    draw(rng);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "convolution 1d", .keeps_input = true, .skips_gradients = true};
  }

  /// @throws ShapeError unless x is (N, C, L) and the window fits.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, bool(initializer_));
    detail::expect_shape<T>(traits().kind, weight_, options_.weight_shape());
    detail::expect_shape<T>(traits().kind, bias_, {options_.filters});
    const Shape images = detail::as_images(x, traits().kind);
    const Index width = detail::checked_sum(traits().kind, x[2], options_.causal_padding());
    return detail::as_sequences(convolution_shape(images.with(3, width), image_shape_of_weight(),
                                                  window(), options_.groups, traits().kind));
  }

  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const {
    return detail::checked_product(traits().kind, output_shape(x).size(),
                                   2 * (weight_.value.size() / options_.filters));
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    with_causal_zeros(pass.x, [&](TensorView<const T> x) {
      convolution(x, image_of_weight(), bias_.value, window(), options_.groups,
                  detail::as_images(pass.y));
    });
  }

  /// @throws ValueError for steps along another axis than 2, a stride, or a window that is not
  /// causal.
  int step_axis(const Shape&, int axis) const {
    if (options_.stride != 1) {
      throw ValueError(traits().kind, ": does not run step by step with a stride of ",
                       options_.stride);
    }
    if (options_.padding != 0 || (options_.kernel > 1 && !options_.causal)) {
      throw ValueError(traits().kind, ": runs step by step if it is causal");
    }
    return detail::steps_along(traits().kind, 2, axis);
  }
  /// The shape of one step of one sequence.
  Shape step_shape() const { return {1, options_.in, 1}; }
  /// Computes one step at a time, of x (N, C, 1).
  detail::CausalConvolutionStepper<T> stepper(const Shape& x) const {
    return {options_, x[0], weight_.value, bias_.value};
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    const TensorView<const T> dy = detail::as_images(pass.dy);
    const bool learns_weight = pass.needs_gradient(0);
    const bool learns_bias = options_.bias && pass.needs_gradient(1);
    if (learns_weight || learns_bias) {
      const Scratch<T> unused_weight(learns_weight ? 0 : weight_.value.size());
      const Scratch<T> unused_bias(learns_bias ? 0 : options_.filters);
      const TensorView<T> dW(learns_weight ? pass.gradients[0].data() : unused_weight.data(),
                             image_shape_of_weight());
      const TensorView<T> db(learns_bias ? pass.gradients[1].data() : unused_bias.data(),
                             bias_.value.shape());
      with_causal_zeros(pass.x, [&](TensorView<const T> x) {
        convolution_backward_weights(x, dy, window(), options_.groups, dW, db, pass.store);
      });
    }
    if (!pass.needs_dx()) return;
    const Shape images = with_zeros(pass.dx.shape());
    const Scratch<T> padded(options_.causal_padding() == 0 ? 0 : images.size());
    const TensorView<T> dx(options_.causal_padding() == 0 ? pass.dx.data() : padded.data(), images);
    convolution_backward_input(dy, image_of_weight(), window(), options_.groups, dx);
    if (options_.causal_padding() == 0) return;
    const Index length = pass.dx.extent(2);
    for (Index row = 0; row < pass.dx.extent(0) * pass.dx.extent(1); ++row) {
      std::copy_n(dx.data() + (row + 1) * images[3] - length, length,
                  pass.dx.data() + row * length);
    }
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

  Window2d window() const { return options_.window().in_image(); }
  Shape image_shape_of_weight() const {
    return {options_.filters, options_.in / options_.groups, 1, options_.kernel};
  }
  TensorView<const T> image_of_weight() const {
    return {weight_.value.data(), image_shape_of_weight()};
  }
  /// The shape of images (N, C, 1, L) with the causal zeros.
  Shape with_zeros(const Shape& x) const {
    return {x[0], x[1], 1, x[2] + options_.causal_padding()};
  }

  /// Calls run(x) with the sequences as images, and zeros on the left of a causal convolution.
  template <class Run>
  void with_causal_zeros(const TensorView<const T>& x, const Run& run) const {
    const Index zeros = options_.causal_padding();
    if (zeros == 0) return run(detail::as_images(x));
    const Shape images = with_zeros(x.shape());
    const Scratch<T> padded(images.size());
    const Index length = x.extent(2);
    for (Index row = 0; row < x.extent(0) * x.extent(1); ++row) {
      T* const to = std::fill_n(padded.data() + row * images[3], zeros, T(0));
      std::copy_n(x.data() + row * length, length, to);
    }
    run(TensorView<const T>(padded.data(), images));
  }

  Convolution1dOptions options_;
  detail::AnyInitializer<T> initializer_;  // until the weights are drawn
  Parameter<T> weight_;
  Parameter<T> bias_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
