#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/core/overlap.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/net/any_layer.hpp"
#include "dlfs/net/any_stepper.hpp"
#include "dlfs/net/composition.hpp"
#include "dlfs/net/neural_network.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Computes a step of a layer without a stepper of its own by `forward`, with scratch memory of its
/// own: it does not allocate, whatever thread runs it. The layer may have several inputs.
template <std::floating_point T>
class ForwardStepper {
 public:
  ForwardStepper(const AnyLayer<T>& layer, const std::vector<Shape>& x)
      : ForwardStepper(std::make_shared<const AnyLayer<T>>(layer), x, layer.output_shape(x)) {}
  ForwardStepper(const ForwardStepper& other) : ForwardStepper(other.layer_, other.x_, other.y_) {}
  ForwardStepper(ForwardStepper&&) noexcept = default;
  ForwardStepper& operator=(ForwardStepper other) noexcept {
    layer_ = std::move(other.layer_);
    x_ = std::move(other.x_);
    y_ = other.y_;
    inputs_ = std::move(other.inputs_);
    pass_ = other.pass_;
    scratch_ = std::move(other.scratch_);
    return *this;
  }
  ~ForwardStepper() = default;

  void step(const T* x, T* y) { step(std::span(&x, 1), y); }
  void step(std::span<const T* const> x, T* y) {
    const LentScratch lent(scratch_);
    const SerialLoops serial;
    // In a network the memory is always the same.
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (inputs_[i].data() != x[i]) inputs_[i] = {x[i], x_[i]};
    }
    if (pass_.y.data() != y) pass_.y = {y, y_};
    pass_.x = inputs_.front();
    pass_.inputs = inputs_;
    layer_->forward(pass_);
  }

  void reset() {}

 private:
  ForwardStepper(std::shared_ptr<const AnyLayer<T>> layer, std::vector<Shape> x, const Shape& y)
      : layer_(std::move(layer)), x_(std::move(x)), y_(y), inputs_(x_.size()) {
    // The first run takes the memory, and the second one joins it.
    std::vector<Tensor<T>> zeros(x_.begin(), x_.end());
    std::vector<const T*> inputs;
    inputs.reserve(zeros.size());
    for (const Tensor<T>& each : zeros) inputs.push_back(each.data());
    auto result = Tensor<T>::uninitialized(y_);
    for (int run = 0; run < 2; ++run) step(inputs, result.data());
  }

  std::shared_ptr<const AnyLayer<T>> layer_;
  std::vector<Shape> x_;
  Shape y_;
  std::vector<TensorView<const T>> inputs_;
  ForwardPass<T> pass_;
  ScratchStack scratch_;
};

/// The steppers of a network's parts, each with the shape of its output. Each part has memory for
/// its output, but the last one writes the whole's.
template <std::floating_point T>
class CompositeStepper {
 public:
  struct Part {
    std::vector<Index> inputs;  // 0 is that of the whole, i + 1 is the output of part i
    AnyStepper<T> stepper;      // of one input
    std::optional<ForwardStepper<T>> joint;  // of several
    Shape y;
  };

  explicit CompositeStepper(std::vector<Part> parts) : parts_(std::move(parts)) {
    for (const Part& part : parts_) {
      outputs_.emplace_back(part.y);
      joined_.resize(std::max(joined_.size(), part.inputs.size()));
    }
  }

  void step(const T* x, T* y) {
    const auto value = [&](Index i) {
      return i == 0 ? x : outputs_[static_cast<std::size_t>(i - 1)].data();
    };
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[i];
      T* const out = i + 1 == parts_.size() ? y : outputs_[i].data();
      if (!part.joint) {
        part.stepper.step(value(part.inputs.front()), out);
        continue;
      }
      for (std::size_t k = 0; k < part.inputs.size(); ++k) joined_[k] = value(part.inputs[k]);
      part.joint->step({joined_.data(), part.inputs.size()}, out);
    }
  }

  void reset() {
    for (Part& part : parts_) {
      if (!part.joint) part.stepper.reset();
    }
  }

 private:
  std::vector<Part> parts_;
  std::vector<Tensor<T>> outputs_;
  std::vector<const T*> joined_;  // the inputs of a part
};

/// The shape of one step, and the axis along which the steps lie, or no_step_axis.
struct StepsAlong {
  Shape shape;
  int axis;
};

/// How the parts of a network run step by step. Counts the layers that do.
template <std::floating_point T>
class StepCheck {
 public:
  using Part = typename Composition<T>::Part;

  /// The steps of the output of a layer. @throws ShapeError or ValueError unless x fits and the
  /// layer runs step by step.
  StepsAlong through(const AnyLayer<T>& layer, const std::vector<StepsAlong>& x) {
    const Composition<T> composition = layer.composition();
    const int axis = x.front().axis;
    for (const StepsAlong& each : x) {
      if (each.axis == axis) continue;
      throw ValueError(layer.traits().kind, ": the steps of its inputs lie along different axes");
    }
    if (axis != no_step_axis && !composition.parts.empty()) {
      if (x.size() > 1) {
        throw ValueError(layer.traits().kind, ": it runs step by step with one input alone");
      }
      return through(composition, x.front()).back();
    }
    const int axis_of_y =
        axis == no_step_axis ? no_step_axis : layer.step_axis(x.front().shape, axis);
    std::vector<Shape> shapes;
    shapes.reserve(x.size());
    for (const StepsAlong& each : x) shapes.push_back(each.shape);
    StepsAlong y{layer.output_shape(shapes), axis_of_y};
    ++layers;
    return y;
  }

  /// The same for the parts of a network of one input: the steps of each value.
  std::vector<StepsAlong> through(const Composition<T>& composition, const StepsAlong& x) {
    if (composition.inputs.size() != 1 || composition.outputs.size() != 1 ||
        composition.outputs.front() != std::ssize(composition.parts)) {
      throw ValueError("initial_state: expected a network of one input, whose last layer is its ",
                       "only output");
    }
    std::vector<StepsAlong> values{x};
    for (std::size_t i = 0; i < composition.parts.size(); ++i) {
      const Part& part = composition.parts[i];
      with_layer_name(static_cast<Index>(i), part.name,
                      [&] { values.push_back(through(*part.layer, inputs_of(part, values))); });
    }
    return values;
  }

  static std::vector<StepsAlong> inputs_of(const Part& part,
                                           const std::vector<StepsAlong>& values) {
    std::vector<StepsAlong> inputs;
    for (const Index i : part.inputs) inputs.push_back(values[static_cast<std::size_t>(i)]);
    return inputs;
  }

  Index layers = 0;
};

template <std::floating_point T>
AnyStepper<T> make_stepper(const Composition<T>& composition, const StepsAlong& x);

/// For a layer that has passed StepCheck.
template <std::floating_point T>
AnyStepper<T> make_stepper(const AnyLayer<T>& layer, const StepsAlong& x) {
  const std::vector<Shape> shapes{x.shape};
  if (x.axis == no_step_axis) return ForwardStepper<T>(layer, shapes);
  const Composition<T> composition = layer.composition();
  if (!composition.parts.empty()) return make_stepper(composition, x);
  AnyStepper<T> own = layer.stepper(x.shape);
  return own.is_empty() ? AnyStepper<T>(ForwardStepper<T>(layer, shapes)) : own;
}

template <std::floating_point T>
AnyStepper<T> make_stepper(const Composition<T>& composition, const StepsAlong& x) {
  const std::vector<StepsAlong> values = StepCheck<T>().through(composition, x);
  std::vector<typename CompositeStepper<T>::Part> parts;
  for (const auto& part : composition.parts) {
    const std::vector<StepsAlong> inputs = StepCheck<T>::inputs_of(part, values);
    typename CompositeStepper<T>::Part own{
        .inputs = part.inputs, .stepper = {}, .joint = {}, .y = values[parts.size() + 1].shape};
    if (inputs.size() == 1) {
      own.stepper = make_stepper(*part.layer, inputs.front());
    } else {
      std::vector<Shape> shapes;
      shapes.reserve(inputs.size());
      for (const StepsAlong& each : inputs) shapes.push_back(each.shape);
      own.joint.emplace(*part.layer, shapes);
    }
    parts.push_back(std::move(own));
  }
  return CompositeStepper<T>(std::move(parts));
}

/// The shape of one step of one sequence, if one of the first layers knows it. An elementwise layer
/// does not matter.
template <std::floating_point T>
std::optional<Shape> find_step_shape(const Composition<T>& composition) {
  for (const auto& part : composition.parts) {
    const Composition<T> inner = part.layer->composition();
    if (!inner.parts.empty()) return find_step_shape(inner);
    if (const std::optional<Shape> shape = part.layer->step_shape()) return shape;
    const LayerTraits traits = part.layer->traits();
    if (!traits.is_monotone && !traits.is_elementwise) break;
  }
  return std::nullopt;
}

template <std::floating_point T>
struct StreamAccess;

}  // namespace detail

/// One sequence, or several at a time, on its way through a network, one step after another: what
/// the layers remember of earlier steps. `initial_state` makes it, `predict_step` continues it.
///
/// It has what it needs of the layers, so the network may change or end. Copies share the weights;
/// each continues its own sequence.
template <std::floating_point T>
class StreamState {
 public:
  ///@{
  /// The shape of x at one step.
  const Shape& input_shape() const& { return x_; }
  Shape input_shape() const&& { return x_; }
  ///@}
  ///@{
  /// The shape of y at one step.
  const Shape& output_shape() const& { return y_.shape(); }
  Shape output_shape() const&& { return y_.shape(); }
  ///@}
  /// Begins a new sequence. Does not allocate.
  void reset() { stepper_.reset(); }

 private:
  StreamState(AnyStepper<T> stepper, const Shape& x, const Shape& y)
      : stepper_(std::move(stepper)), x_(x), own_x_(x), y_(y) {}

  AnyStepper<T> stepper_;
  Shape x_;
  Tensor<T> own_x_;  // a copy of x if that is y_
  Tensor<T> y_;

  friend detail::StreamAccess<T>;
};

namespace detail {

/// What the functions of this header may do with a state.
template <std::floating_point T>
struct StreamAccess {
  static StreamState<T> make(AnyStepper<T> stepper, const Shape& x, const Shape& y) {
    return {std::move(stepper), x, y};
  }
  /// @throws ValueError for a state that was moved from.
  static const Tensor<T>& step(StreamState<T>& state, const T* x) {
    if (state.stepper_.is_empty()) throw ValueError("predict_step: the state was moved away");
    state.stepper_.step(x, state.y_.data());
    return state.y_;
  }
  /// The same for x that may be the output of an earlier step.
  static const Tensor<T>& step(StreamState<T>& state, const TensorView<const T>& x) {
    if (!dense_overlap(state.y_.view(), x)) return step(state, x.data());
    std::copy_n(x.data(), x.size(), state.own_x_.data());
    return step(state, state.own_x_.data());
  }
};

}  // namespace detail

/// The state before the first step of a sequence: what `predict_step` needs to run the network
/// step by step.
///
///   step   the shape of x with one step: (N, 1, D) for recurrent layers, (N, C, 1) for
///          convolutions. N sequences run at the same time
///
/// Layers run step by step if y at one step depends on this step and earlier ones alone. After
/// LastStep any layer does.
/// @throws ShapeError, naming the layer, if the shape does not fit; ValueError, naming the layer,
/// if it does not run step by step: a convolution that is not causal, a recurrent layer with
/// `reverse`, attention, a pooling of steps.
template <std::floating_point T>
StreamState<T> initial_state(const NeuralNetwork<T>& network, const Shape& step) {
  const Composition<T> layers = network.composition();
  if (layers.parts.empty()) throw ValueError("initial_state: the network has no layers");
  if (step.size() == 0) {
    throw ShapeError("initial_state: expected a step with numbers, got shape ", step);
  }
  // The axis of the steps is the one along which all layers run. Of the errors, the first one of
  // the axis along which most of them do is thrown.
  std::string message = str_cat(
      "initial_state: expected the shape of one step, with an axis of "
      "extent 1 after the first axis, got ",
      step);
  bool is_shape_error = true;
  Index most = -1;
  for (int axis = 1; axis < step.rank(); ++axis) {
    if (step[axis] != 1) continue;
    detail::StepCheck<T> check;
    const auto keep = [&](const Error& error, bool is_shape) {
      if (check.layers <= most) return;
      most = check.layers;
      message = error.what();
      is_shape_error = is_shape;
    };
    try {
      const detail::StepsAlong y = check.through(layers, {step, axis}).back();
      return detail::StreamAccess<T>::make(detail::make_stepper(layers, {step, axis}), step,
                                           y.shape);
    } catch (const ShapeError& error) {
      keep(error, true);
    } catch (const ValueError& error) {
      keep(error, false);
    }
  }
  if (is_shape_error) throw ShapeError(message);
  throw ValueError(message);
}

/// The same for one sequence, with the shape that the first layer knows: Lstm, Gru, Rnn, Linear,
/// Convolution1d, Embedding and some others do.
/// @throws ValueError if it does not know it, and as above.
template <std::floating_point T>
StreamState<T> initial_state(const NeuralNetwork<T>& network) {
  const std::optional<Shape> step = detail::find_step_shape(network.composition());
  if (!step) {
    throw ValueError(
        "initial_state: the first layer does not know the shape of a step; give it, "
        "such as {1, 1, 8}");
  }
  return initial_state(network, *step);
}

/// The network's output at the next step, valid until the state's next step:
///
///   auto state = initial_state(network);
///   for (...) y = predict_step(x, state);
///
///   x (N, 1, D) or (N, C, 1): see initial_state   y of state.output_shape()
///
/// It is what `predict` gives for the whole sequence at this step, but for rounding: float differs
/// by 1e-7 or so, because a product of one row has its sums in several chains, which is faster.
/// Layers without products give the same bits. The time of a step does not depend on the number of
/// steps before it.
///
/// It is fit for a thread with deadlines, such as an audio callback: it does not allocate, lock, or
/// use other threads. It throws for a wrong x or state alone. x may be the output of an earlier
/// step.
/// @throws ShapeError unless x has the shape of state.input_shape(); like the network's layers for
/// numbers that they refuse; ValueError for a state that was moved from.
template <std::floating_point T>
const Tensor<T>& predict_step(TensorArg<std::type_identity_t<T>> x, StreamState<T>& state) {
  if (x.shape() != state.input_shape()) {
    throw ShapeError("predict_step: expected x of shape ", state.input_shape(), ", got ",
                     x.shape());
  }
  if (!x.is_contiguous()) throw ShapeError("predict_step: expected x with neighbouring elements");
  const TensorView<const T>& view = x;
  return detail::StreamAccess<T>::step(state, view);
}

/// The same for a network that has one number for one at each step, such as a sample of sound.
/// @throws ShapeError unless input and output have one number.
template <std::floating_point T>
T predict_step(std::type_identity_t<T> x, StreamState<T>& state) {
  if (state.input_shape().size() != 1 || state.output_shape().size() != 1) {
    throw ShapeError("predict_step: expected one number in and out, got shapes ",
                     state.input_shape(), " and ", state.output_shape());
  }
  return *detail::StreamAccess<T>::step(state, &x).data();
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
