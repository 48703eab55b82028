#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

#include "dlfs/core/tensor.hpp"
#include "dlfs/math/store.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Some layers compute otherwise while they train: those that draw random numbers (dropout) or have
/// buffers (batch normalisation).
enum class PassMode { train, evaluate };

/// What a network must know of a layer to run it.
struct LayerTraits {
  std::string_view kind;      // "convolution": in messages and summaries
  bool keeps_input = false;   // backward reads x, so the network must keep it
  bool keeps_output = false;  // backward reads y, so the network must keep it
  bool whole_batch = false;   // the layer sees the batch in one piece, never in tiles
  // f(x) never decreases with x and has no parameters, element by element: whether the maximum is
  // taken before or after it, the result is the same. A network takes it before, of which
  // `takes_maximum` tells, since that leaves fewer elements. Where f rounds two entries of a window
  // to one value, such as tanh from 10 on, the gradient goes to the larger x, not to the first.
  bool is_monotone = false;
  bool takes_maximum = false;
};

/// The samples that a layer works on in one forward call: some consecutive rows of a batch (a
/// tile), or all of them for a layer of the trait `whole_batch`. All views are contiguous.
template <class T>
struct ForwardPass {
  TensorView<const T> x;
  TensorView<T> y;  // to be written, of the shape `output_shape(x.shape())`
  /// `saved_bytes(x.shape())` bytes which the backward pass of the same samples finds again,
  /// aligned to 64; nullptr where there will be no backward pass.
  std::byte* saved = nullptr;
  PassMode mode = PassMode::evaluate;
  /// What random layers derive their numbers from: those of one step and sample are the same
  /// however the batch was cut.
  std::uint64_t step = 0;  // training passes of the network before this one
  Index first_sample = 0;  // number of the first row within the batch
};

/// The same samples on the way back.
template <class T>
struct BackwardPass {
  TensorView<const T> x;   // only a shape, without data, unless the trait is `keeps_input`
  TensorView<const T> y;   // only a shape, without data, unless the trait is `keeps_output`
  TensorView<const T> dy;  // gradient with respect to y
  /// To be written, unless `needs_dx()` says that nobody wants it. A layer without parameters need
  /// not ask: where nobody wants its dx it is not called.
  TensorView<T> dx;
  /// One for each of `parameters()`, to be written or added to as `store` says.
  std::span<const TensorView<T>> gradients;
  Store store = Store::overwrite;
  std::byte* saved = nullptr;       // as forward left it, and as it stays
  PassMode mode = PassMode::train;  // of forward

  bool needs_dx() const { return dx.data() != nullptr; }
};

/// A layer is a value type: its parameters and a pure function of them. It remembers nothing of a
/// batch. The network that runs it owns all activations, so any number of threads may call
/// `forward` and `backward` of one layer at the same time, each on its own rows.
///
///   traits()                 a LayerTraits, may be static
///   output_shape(x) const    the shape of y, of as many rows, for a batch of shape x; this is
///   where
///                            a shape that does not fit is refused, once, before any tile is run
///   forward(pass) const      writes pass.y
///   backward(pass) const     writes pass.dx and pass.gradients
///
/// and where there is something to return:
///
///   parameters()             pointers to its `Parameter<T>`s, each with a name of its own
///   flops(x) const           floating-point operations of `forward` on a batch of shape x; a layer
///                            that has few for each element, ReLU or pooling, does not count them
///   saved_bytes(x) const     what to keep from forward for backward, besides x and y
///   observe(x, saved)        takes what a training pass on a batch of shape x saved into the
///                            layer's state, its `buffers()`: pointers to `NamedTensor<T>`s
///
/// A run of layers without `whole_batch` is walked tile by tile; their saved bytes must then be
/// proportional to the number of rows. Gradients are sums over the samples; the loss divides.
///
/// `check_gradients` holds a layer against all of this, and says in words what it breaks.
template <class L>
concept Layer = std::floating_point<typename L::Scalar> && std::copyable<L> &&
    requires(const L& layer, const Shape& shape, const ForwardPass<typename L::Scalar>& forward,
             const BackwardPass<typename L::Scalar>& backward) {
  { layer.traits() } -> std::same_as<LayerTraits>;
  { layer.output_shape(shape) } -> std::same_as<Shape>;
  layer.forward(forward);
  layer.backward(backward);
};

namespace detail {

/// A type that says what its elements are, as a layer does.
template <class L>
concept HasScalar = requires {
  typename L::Scalar;
};

template <class L>
concept HasTraits = requires(const L& layer) {
  { layer.traits() } -> std::same_as<LayerTraits>;
};

template <class L>
concept HasOutputShape = requires(const L& layer, const Shape& shape) {
  { layer.output_shape(shape) } -> std::same_as<Shape>;
};

}  // namespace detail

/// A layer that has something to learn.
template <class L>
concept LayerWithParameters = Layer<L> && requires(L& layer) {
  { *std::begin(layer.parameters()) } -> std::convertible_to<Parameter<typename L::Scalar>*>;
};

/// A layer whose floating-point operations are counted.
template <class L>
concept LayerWithFlops = Layer<L> && requires(const L& layer, const Shape& shape) {
  { layer.flops(shape) } -> std::same_as<Index>;
};

/// A layer whose backward pass needs more than x and y.
template <class L>
concept LayerWithSavedBytes = Layer<L> && requires(const L& layer, const Shape& shape) {
  { layer.saved_bytes(shape) } -> std::same_as<Index>;
};

/// A layer that collects statistics while it trains, for use afterwards.
template <class L>
concept LayerWithBuffers = LayerWithSavedBytes<L> &&
    requires(L& layer, const Shape& shape, const std::byte* saved) {
  layer.observe(shape, saved);
  { *std::begin(layer.buffers()) } -> std::convertible_to<NamedTensor<typename L::Scalar>*>;
};

namespace detail {

/// What a layer has besides the parts of `Layer` is as a network calls it. A network would do
/// without a member of another type, in silence.
template <class L>
concept OptionalMembersFit =
    (LayerWithParameters<L> || !requires(L & layer) { layer.parameters(); }) &&
    (LayerWithFlops<L> || !requires(L & layer, const Shape& x) { layer.flops(x); }) &&
    (LayerWithSavedBytes<L> || !requires(L & layer, const Shape& x) { layer.saved_bytes(x); }) &&
    (LayerWithBuffers<L> || !requires(L & layer) { layer.buffers(); });

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
