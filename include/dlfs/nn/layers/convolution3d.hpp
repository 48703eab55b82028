#pragma once

#include <algorithm>
#include <concepts>
#include <utility>
#include <vector>

#include "dlfs/conv/convolution.hpp"
#include "dlfs/conv/window3d.hpp"
#include "dlfs/core/option.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Convolution3d.
struct Convolution3dOptions {
  Index in = 0;         ///< channels of the input; 0 if a network finds them
  Index filters = 1;    ///< channels of the output
  Size3d kernel = 3;    ///< depth, height and width of the window
  Size3d stride = 1;    ///< distance of neighbouring windows, in voxels
  Size3d padding = 0;   ///< voxels of zeros on each side
  Size3d dilation = 1;  ///< distance of neighbouring taps, in voxels
  /// Each group of channels has its own filters: `in` groups make a depthwise convolution.
  Index groups = 1;
  bool bias = true;  ///< false before a batch normalisation, which would cancel it

  /// The options of the window.
  Window3d window() const { return {kernel, stride, padding, dilation}; }
  /// The shape of the weight.
  Shape weight_shape() const {
    return {filters, in / groups, kernel.depth, kernel.height, kernel.width};
  }

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    if (groups < 1 || in % groups != 0 || filters % groups != 0) {
      throw ValueError("convolution 3d: ", groups, " groups do not divide ", in, " channels and ",
                       filters, " filters");
    }
    window().check("convolution 3d");
    detail::expect_option("convolution 3d", "in", in, detail::at_least(1));
    detail::expect_option("convolution 3d", "filters", filters, detail::at_least(1));
  }
};

/// Three-dimensional convolution (cross-correlation) of volumes, y = x * W + b.
///
///   x (N, C, D, H, W)            input     y (N, F, OD, OH, OW)  output
///   W (F, C/groups, KD, KH, KW)  weight    b (F)                 bias; 0 if the option is false
///
/// The KD slices that a window sees are channels of an image, so each output slice is a convolution
/// of images.
/// Cost: 2 N F OD OH OW (C/groups) KD KH KW FLOP forward, twice that backward.
template <std::floating_point T>
class Convolution3d {
 public:
  using Scalar = T;  ///< the element type

  /// The initializer draws W; b = 0. @throws ValueError unless groups divide in and filters.
  Convolution3d(const Convolution3dOptions& options, const Initializer<T> auto& initializer,
                Rng& rng)
      : Convolution3d(detail::checked(options), initializer) {
    draw(rng);
  }

  /// For a network that finds `in` and draws the weights: see NeuralNetwork::initialize.
  /// @throws ValueError like the constructor above, but `in` may be 0.
  Convolution3d(const Convolution3dOptions& options, const Initializer<T> auto& initializer)
      : options_(detail::checked_but_in(options)),
        initializer_(initializer),
        weight_("weight", {}),
        bias_("bias", Tensor<T>({options.filters})) {
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
  }

  /// Finds `in` from x, and draws the weights, unless it has them. @throws ShapeError for another
  /// `in` than the options have.
  void initialize(const Shape& x, Rng& rng) {
    if (!initializer_) return;
    detail::expect_rank(traits().kind, x, 5);
    options_.in = detail::found_size(traits().kind, "in", options_.in, x[1]);
    options_.check();
    draw(rng);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = "convolution 3d", .keeps_input = true, .skips_gradients = true};
  }

  /// @throws ShapeError unless x is (N, C, D, H, W) and the window fits.
  Shape output_shape(const Shape& x) const {
    detail::expect_initialized(traits().kind, bool(initializer_));
    detail::expect_shape<T>(traits().kind, weight_, options_.weight_shape());
    detail::expect_shape<T>(traits().kind, bias_, {options_.filters});
    const Size3d size = options_.window().output_size(x, traits().kind);
    if (x[1] != options_.in) {
      throw ShapeError(traits().kind, ": expected x of ", options_.in, " channels, got ", x);
    }
    const Shape y{x[0], options_.filters, size.depth, size.height, size.width};
    detail::checked_product(traits().kind, unfolded_shape(x, size.depth).size(), sizeof(T));
    return y;
  }

  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const {
    return detail::checked_product(traits().kind, output_shape(x).size(),
                                   2 * (weight_.value.size() / options_.filters));
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    if (pass.y.empty()) return;
    const Shape slices = slices_shape(pass.y.shape());
    const Scratch<T> x(unfolded_shape(pass.x.shape(), slices[0]).size());
    const Scratch<T> y(slices.size());
    for (Index n = 0; n < pass.x.extent(0); ++n) {
      const TensorView<T> images = unfold(pass.x[n], slices[0], x.data());
      convolution(TensorView<const T>(images), weight_of_images(), bias_.value,
                  options_.window().in_slice(), options_.groups, TensorView<T>(y.data(), slices));
      transpose_planes(slices[0], slices[1], slices[2] * slices[3], y.data(), pass.y[n].data());
    }
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    const bool learns_weight = pass.needs_gradient(0);
    const bool learns_bias = options_.bias && pass.needs_gradient(1);
    const Scratch<T> unused_weight(learns_weight ? 0 : weight_.value.size());
    const Scratch<T> unused_bias(learns_bias ? 0 : options_.filters);
    const TensorView<T> dW(learns_weight ? pass.gradients[0].data() : unused_weight.data(),
                           image_shape_of_weight());
    const TensorView<T> db(learns_bias ? pass.gradients[1].data() : unused_bias.data(),
                           {options_.filters});
    if (pass.dy.empty()) return no_gradients(pass);

    const Shape slices = slices_shape(pass.dy.shape());
    const Window2d window = options_.window().in_slice();
    const Scratch<T> x(unfolded_shape(pass.x.shape(), slices[0]).size());
    const Scratch<T> memory(slices.size());
    const TensorView<T> dy(memory.data(), slices);
    for (Index n = 0; n < pass.dy.extent(0); ++n) {
      transpose_planes(slices[1], slices[0], slices[2] * slices[3], pass.dy[n].data(), dy.data());
      if (learns_weight || learns_bias) {
        const TensorView<T> images = unfold(pass.x[n], slices[0], x.data());
        convolution_backward_weights(TensorView<const T>(images), TensorView<const T>(dy), window,
                                     options_.groups, dW, db, n == 0 ? pass.store : Store::add);
      }
      if (!pass.needs_dx()) continue;
      const TensorView<T> dx(x.data(), unfolded_shape(pass.dx.shape(), slices[0]));
      convolution_backward_input(TensorView<const T>(dy), weight_of_images(), window,
                                 options_.groups, dx);
      fold(dx, pass.dx[n]);
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

  /// The weight of the convolution of images: a slice of the window is a channel.
  Shape image_shape_of_weight() const {
    return {options_.filters, options_.in / options_.groups * options_.kernel.depth,
            options_.kernel.height, options_.kernel.width};
  }
  TensorView<const T> weight_of_images() const {
    return {weight_.value.data(), image_shape_of_weight()};
  }

  /// The slices of the output of one sample as images: y (N, F, OD, OH, OW) -> (OD, F, OH, OW).
  static Shape slices_shape(const Shape& y) { return {y[2], y[1], y[3], y[4]}; }

  /// What the output slices of one sample see: x (N, C, D, H, W) -> (OD, C KD, H, W).
  Shape unfolded_shape(const Shape& x, Index depth) const {
    return {depth, detail::checked_product(traits().kind, x[1], options_.kernel.depth), x[3], x[4]};
  }

  /// Calls visit(slice, plane): for each plane of an unfolded sample, the number of the slice of
  /// (C, D, H, W) that it is, or -1 for padding.
  template <class Visit>
  void for_each_plane(Index channels, Index slices, Index depth, const Visit& visit) const {
    Index plane = 0;
    for (Index out = 0; out < depth; ++out) {
      for (Index c = 0; c < channels; ++c) {
        for (Index tap = 0; tap < options_.kernel.depth; ++tap, ++plane) {
          const Index d =
              out * options_.stride.depth - options_.padding.depth + tap * options_.dilation.depth;
          visit(d < 0 || d >= slices ? -1 : c * slices + d, plane);
        }
      }
    }
  }

  /// x (C, D, H, W) -> (OD, C KD, H, W) in `memory`.
  TensorView<T> unfold(const TensorView<const T>& x, Index depth, T* memory) const {
    const Index plane_size = x.extent(2) * x.extent(3);
    for_each_plane(x.extent(0), x.extent(1), depth, [&](Index slice, Index plane) {
      T* const to = memory + plane * plane_size;
      if (slice < 0) {
        std::fill_n(to, plane_size, T(0));
      } else {
        std::copy_n(x.data() + slice * plane_size, plane_size, to);
      }
    });
    return {memory, {depth, x.extent(0) * options_.kernel.depth, x.extent(2), x.extent(3)}};
  }

  /// The sum of the planes that are the same slice of dx.
  void fold(const TensorView<T>& planes, const TensorView<T>& dx) const {
    const Index plane_size = dx.extent(2) * dx.extent(3);
    std::fill_n(dx.data(), dx.size(), T(0));
    for_each_plane(dx.extent(0), dx.extent(1), planes.extent(0), [&](Index slice, Index plane) {
      if (slice < 0) return;
      simd::map(simd::AddTo(), plane_size,
                static_cast<const T*>(planes.data()) + plane * plane_size,
                dx.data() + slice * plane_size);
    });
  }

  /// (A, B, plane) -> (B, A, plane).
  static void transpose_planes(Index a, Index b, Index plane, const T* from, T* to) {
    for (Index i = 0; i < a; ++i) {
      for (Index j = 0; j < b; ++j) {
        std::copy_n(from + (i * b + j) * plane, plane, to + (j * a + i) * plane);
      }
    }
  }

  /// For a batch without numbers in y.
  void no_gradients(const BackwardPass<T>& pass) const {
    for (std::size_t k = 0; k < pass.gradients.size() && pass.store == Store::overwrite; ++k) {
      if (pass.needs_gradient(k)) {
        std::fill_n(pass.gradients[k].data(), pass.gradients[k].size(), T(0));
      }
    }
  }

  Convolution3dOptions options_;
  detail::AnyInitializer<T> initializer_;  // until the weights are drawn
  Parameter<T> weight_;
  Parameter<T> bias_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
