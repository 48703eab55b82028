#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>

#include "dlfs/core/error.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The purpose of a forward pass. Some layers compute differently in training: those that draw
/// random numbers (dropout) or have buffers (batch normalisation).
enum class PassMode { train, evaluate };

/// The properties of a layer that a network needs to run it.
struct LayerTraits {
  std::string_view kind;      ///< "convolution": in messages and summaries
  bool keeps_input = false;   ///< backward reads x, so the network must keep it
  bool keeps_output = false;  ///< backward reads y, so the network must keep it
  bool whole_batch = false;   ///< the layer sees the batch in one piece, never in tiles
  /// `backward` leaves out each gradient whose view has no data. For a layer without this trait,
  /// the network provides memory for gradients that nobody needs.
  bool skips_gradients = false;
  /// The layer has no parameters and applies one non-decreasing function to each element. If the
  /// next layer `takes_maximum`, a network runs that layer first: the result is the same, with
  /// fewer elements to compute. If the function rounds two entries of a window to one value, as
  /// tanh does from 10 on, the gradient goes to the larger x, not to the first.
  bool is_monotone = false;
  /// Without training, each element of y depends on the element of x at its place alone, or on
  /// those of all inputs.
  bool is_elementwise = false;
  // Each entry of y is the maximum of some entries of x, as in max pooling.
  bool takes_maximum = false;  ///< the layer is a maximum over windows
};

/// The samples of one forward call: some consecutive rows of a batch (a tile), or all rows for a
/// layer with the trait `whole_batch`. All views are contiguous.
template <class T>
struct ForwardPass {
  TensorView<const T> x;  ///< the input
  TensorView<T> y;        ///< output, of the shape `output_shape(x.shape())`
  /// `saved_bytes(x.shape())` bytes for the backward pass of the same samples, aligned to 64 bytes;
  /// nullptr if there will be no backward pass.
  std::byte* saved = nullptr;
  PassMode mode = PassMode::evaluate;  ///< whether the network trains
  /// Random layers derive their numbers from the step and the sample, so the numbers do not depend
  /// on how the batch was divided.
  std::uint64_t step = 0;  // number of earlier training passes of the network
  Index first_sample = 0;  ///< index of the first row within the batch
  /// All inputs of a MultiInputLayer, of which x is the first. Empty for other layers.
  std::span<const TensorView<const T>> inputs{};
};

/// The samples of one backward call.
template <class T>
struct BackwardPass {
  TensorView<const T> x;   ///< only a shape, without data, unless the trait `keeps_input` is set
  TensorView<const T> y;   ///< only a shape, without data, unless the trait `keeps_output` is set
  TensorView<const T> dy;  ///< gradient with respect to y
  /// Output, unless `needs_dx()` is false. A layer without parameters need not check this: it is
  /// not called if its dx is not needed.
  TensorView<T> dx;
  /// The gradient of each of `parameters()`, overwritten or added to, depending on `store`. Only a
  /// layer that `skips_gradients` gets views without data.
  std::span<const TensorView<T>> gradients;
  Store store = Store::overwrite;   ///< whether gradients are overwritten or added to
  std::byte* saved = nullptr;       ///< as forward left it; not to be changed
  PassMode mode = PassMode::train;  ///< the mode of the forward pass
  ///@{
  /// All inputs of a MultiInputLayer, like x, and the gradient of each, like dx: one without data
  /// is not wanted. x and dx are the first of them. Empty for other layers.
  std::span<const TensorView<const T>> inputs{};
  std::span<const TensorView<T>> dxs{};
  ///@}

  /// Whether pass.dx is to be written.
  bool needs_dx() const { return dx.data() != nullptr; }
  /// The numbers of the gradient of a parameter, or nullptr if it is not to be written.
  T* gradient(std::size_t parameter) const {
    return parameter < gradients.size() ? gradients[parameter].data() : nullptr;
  }
  /// Whether the gradient of a parameter is to be written.
  bool needs_gradient(std::size_t parameter) const { return gradient(parameter) != nullptr; }
};

/// Dense rows, one for each sample, of shapes that have passed `output_shape`.
template <class T>
struct DenseRows {
  const T* x;    ///< the input
  T* y;          ///< the output
  Index rows;    ///< how many there are
  Index x_size;  ///< numbers in a row of x
  Index y_size;  ///< numbers in a row of y
};

/// A layer is a value type: its parameters and a pure function of them. It remembers nothing of a
/// batch. The network owns all activations, so any number of threads may call `forward` and
/// `backward` of one layer at the same time, each with its own rows.
///
///   traits()                 a LayerTraits; may be static
///   output_shape(x) const    the shape of y for a batch of shape x, with the same number of rows.
///                            Refuses a shape that does not fit, once, before any tile is run
///   forward(pass) const      writes pass.y
///   backward(pass) const     writes pass.dx and pass.gradients
///
/// and, if it has them:
///
///   parameters()             pointers to its `Parameter<T>`s, each with its own name
///   forward_rows(rows) const  writes rows.y as `forward` does in either mode, if that needs no
///   more
///                            than DenseRows. A network then calls it in place of `forward`,
///                            without the cost of views, which is that of a small layer
///   flops(x) const           floating-point operations of `forward` on a batch of shape x. Layers
///                            with few operations for each element, such as ReLU, do not have it
///   saved_bytes(x) const     the number of bytes from forward for backward, besides x and y
///   update_buffers(x, saved) updates the layer's buffers from what a training pass on a batch of
///                            shape x saved
///   buffers()                pointers to the buffers, `NamedTensor<T>`s
///   step_axis(x, axis) const whether and how it runs step by step: see LayerWithSteps
///   stepper(x) const         computes one step at a time: see LayerWithStepper
///   initialize(x, rng)       finds the sizes that it was not given from the shape x of its input,
///                            and draws its parameters, once: see NeuralNetwork::initialize
///   visit_options(visit) const  shows its options: see OptionVisitor. A class without members has
///                            no options
///
/// Consecutive layers without `whole_batch` run tile by tile; their saved bytes must be
/// proportional to the number of rows. Gradients are sums over the samples; the loss divides by N.
///
/// `check_gradients` checks a layer against all of this, and describes each violation.
template <class L>
concept Layer = std::floating_point<typename L::Scalar> && std::copyable<L> &&
    requires(const L& layer, const Shape& shape, const ForwardPass<typename L::Scalar>& forward,
             const BackwardPass<typename L::Scalar>& backward) {
  { layer.traits() } -> std::same_as<LayerTraits>;
  { layer.output_shape(shape) } -> std::same_as<Shape>;
  layer.forward(forward);
  layer.backward(backward);
};

/// A layer that takes several inputs with the same number of rows, as Add does. It is like a Layer,
/// except that it gets the shapes of all inputs, and reads pass.inputs and writes pass.dxs:
///
///   output_shape(xs), flops(xs), saved_bytes(xs)    xs is a std::span<const Shape>
template <class L>
concept MultiInputLayer = std::floating_point<typename L::Scalar> && std::copyable<L> &&
    requires(const L& layer, std::span<const Shape> shapes,
             const ForwardPass<typename L::Scalar>& forward,
             const BackwardPass<typename L::Scalar>& backward) {
  { layer.traits() } -> std::same_as<LayerTraits>;
  { layer.output_shape(shapes) } -> std::same_as<Shape>;
  layer.forward(forward);
  layer.backward(backward);
};

namespace detail {

/// The rows of a pass of a layer that has `forward_rows`.
template <class T>
DenseRows<T> dense_rows(const ForwardPass<T>& pass) {
  const Index rows = pass.x.extent(0);
  return {pass.x.data(), pass.y.data(), rows, pass.x.stride(0), pass.y.stride(0)};
}

}  // namespace detail

/// A layer with one input or several.
template <class L>
concept LayerOrMultiInputLayer = Layer<L> || MultiInputLayer<L>;

namespace detail {

/// What a layer is told of its input: a shape, or the shapes of several.
template <class L>
using InputShape = std::conditional_t<MultiInputLayer<L>, std::span<const Shape>, const Shape&>;

/// A type that names its element type as Scalar, as a layer does.
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

/// A layer with parameters.
template <class L>
concept LayerWithParameters = LayerOrMultiInputLayer<L> && requires(L& layer) {
  { *std::begin(layer.parameters()) } -> std::convertible_to<Parameter<typename L::Scalar>*>;
};

/// A layer that computes dense rows without views.
template <class L>
concept LayerWithForwardRows = Layer<L> &&
    requires(const L& layer, const DenseRows<typename L::Scalar>& rows) {
  layer.forward_rows(rows);
};

/// A layer whose floating-point operations are counted.
template <class L>
concept LayerWithFlops = LayerOrMultiInputLayer<L> &&
    requires(const L& layer, detail::InputShape<L> x) {
  { layer.flops(x) } -> std::same_as<Index>;
};

/// A layer whose backward pass needs more than x and y.
template <class L>
concept LayerWithSavedBytes = LayerOrMultiInputLayer<L> &&
    requires(const L& layer, detail::InputShape<L> x) {
  { layer.saved_bytes(x) } -> std::same_as<Index>;
};

/// A layer with buffers: statistics that it collects in training for use in evaluation.
template <class L>
concept LayerWithBuffers = LayerWithSavedBytes<L> &&
    requires(L& layer, detail::InputShape<L> x, const std::byte* saved) {
  layer.update_buffers(x, saved);
  { *std::begin(layer.buffers()) } -> std::convertible_to<NamedTensor<typename L::Scalar>*>;
};

/// What `step_axis` returns if y has no steps.
inline constexpr int no_step_axis = -1;

/// A layer that can run step by step, as in a stream: y at one step depends on x at this step and,
/// if the layer has a stepper, at earlier ones. For x whose steps lie along an axis of at least 1,
///
///   step_axis(x, axis) const   the axis of y along which its steps lie, or no_step_axis if y is
///                              that of the last step alone. Throws ValueError if the layer does
///                              not run step by step along the axis. x has the shape of one step
///
/// A layer that is_monotone or is_elementwise runs step by step along any axis, without this.
template <class L>
concept LayerWithSteps = LayerOrMultiInputLayer<L> &&
    requires(const L& layer, const Shape& x, int axis) {
  { layer.step_axis(x, axis) } -> std::same_as<int>;
};

/// Computes the outputs of a layer one step at a time.
///
///   step(x, y)   from x, contiguous elements of the shape of one step, to y of its output shape.
///                Does not allocate, lock, or throw, unless x is wrong
///   reset()      begins a new sequence; it does not allocate either
template <class S, class T>
concept LayerStepper = std::copyable<S> && requires(S& stepper, const T* x, T* y) {
  stepper.step(x, y);
  stepper.reset();
};

/// A layer whose outputs depend on earlier steps, or that has a faster way for one step.
///
///   stepper(x) const   a LayerStepper for steps of shape x, at the begin of a sequence. It has
///                      what it needs of the layer: later changes of the layer do not change it
template <class L>
concept LayerWithStepper = LayerWithSteps<L> && requires(const L& layer, const Shape& x) {
  { layer.stepper(x) } -> LayerStepper<typename L::Scalar>;
};

/// A layer that knows the shape of one step of one sequence.
template <class L>
concept LayerWithStepShape = LayerWithSteps<L> && requires(const L& layer) {
  { layer.step_shape() } -> std::same_as<Shape>;
};

/// A layer that can find its sizes in the shape of its input.
template <class L>
concept LayerWithInitialize = LayerOrMultiInputLayer<L> &&
    requires(L& layer, detail::InputShape<L> x, Rng& rng) {
  layer.initialize(x, rng);
};

/// A layer that shows its options.
template <class L>
concept LayerWithOptions = LayerOrMultiInputLayer<L> &&
    requires(const L& layer, OptionVisitor& visit) {
  layer.visit_options(visit);
};

namespace detail {

/// The axis of the steps of y for a layer that computes each of them alone, but has along
/// `own_axis` numbers of one step. @throws ValueError if the steps lie along that axis.
inline int steps_not_along(std::string_view kind, int own_axis, int axis) {
  if (axis == own_axis) {
    throw ValueError(kind, ": does not run step by step along axis ", axis,
                     ", whose numbers it takes together");
  }
  return axis;
}

/// The axis of the steps of y for a layer with a fixed one.
/// @throws ValueError if the steps lie along another one.
inline int steps_along(std::string_view kind, int own_axis, int axis) {
  if (axis != own_axis) {
    throw ValueError(kind, ": runs step by step along axis ", own_axis, ", not along axis ", axis);
  }
  return axis;
}

/// What a layer has besides the parts of `Layer` is as a network calls it. A network would do
/// without a member of another type, in silence.
template <class L>
concept OptionalMembersFit =
    (LayerWithParameters<L> || !requires(L & layer) { layer.parameters(); }) &&
    (LayerWithForwardRows<L> ||
     !requires(L & layer, const DenseRows<typename L::Scalar>& rows) {
       layer.forward_rows(rows);
     }) &&
    (LayerWithFlops<L> || !requires(L & layer, InputShape<L> x) { layer.flops(x); }) &&
    (LayerWithSavedBytes<L> || !requires(L & layer, InputShape<L> x) { layer.saved_bytes(x); }) &&
    (LayerWithBuffers<L> || !requires(L & layer) { layer.buffers(); }) &&
    (LayerWithSteps<L> || !requires(const L& layer, const Shape& x) { layer.step_axis(x, 1); }) &&
    (LayerWithStepper<L> || !requires(const L& layer, const Shape& x) { layer.stepper(x); });

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
