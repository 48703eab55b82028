#pragma once

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/net/any_layer.hpp"
#include "dlfs/net/any_stepper.hpp"
#include "dlfs/net/composition.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Computes a step of a layer without a stepper of its own by `forward`, with scratch memory of its
/// own: it does not allocate, whatever thread runs it.
template <std::floating_point T>
class ForwardStepper {
 public:
  ForwardStepper(const AnyLayer<T>& layer, const Shape& x)
      : ForwardStepper(std::make_shared<const AnyLayer<T>>(layer), x, layer.output_shape(x)) {}
  ForwardStepper(const ForwardStepper& other) : ForwardStepper(other.layer_, other.x_, other.y_) {}
  ForwardStepper(ForwardStepper&&) noexcept = default;
  ForwardStepper& operator=(ForwardStepper other) noexcept {
    layer_ = std::move(other.layer_);
    x_ = other.x_;
    y_ = other.y_;
    pass_ = other.pass_;
    scratch_ = std::move(other.scratch_);
    return *this;
  }
  ~ForwardStepper() = default;

  void step(const T* x, T* y) {
    const LentScratch lent(scratch_);
    const SerialLoops serial;
    // In a chain the memory is always the same.
    if (pass_.x.data() != x || pass_.y.data() != y) {
      pass_.x = {x, x_};
      pass_.y = {y, y_};
    }
    layer_->forward(pass_);
  }

  void reset() {}

 private:
  ForwardStepper(std::shared_ptr<const AnyLayer<T>> layer, const Shape& x, const Shape& y)
      : layer_(std::move(layer)), x_(x), y_(y) {
    // The first run takes the memory, and the second one joins it.
    const Tensor<T> zeros(x_);
    auto result = Tensor<T>::uninitialized(y_);
    for (int run = 0; run < 2; ++run) step(zeros.data(), result.data());
  }

  std::shared_ptr<const AnyLayer<T>> layer_;
  Shape x_;
  Shape y_;
  ForwardPass<T> pass_;
  ScratchStack scratch_;
};

/// The steppers of a composite layer, each with the shape of its output.
template <std::floating_point T>
class CompositeStepper {
 public:
  using Join = typename Composition<T>::Join;
  struct Part {
    AnyStepper<T> stepper;
    Shape y;
  };

  CompositeStepper(Join join, std::vector<Part> parts, const Shape& x)
      : join_(join), parts_(std::move(parts)), x_size_(x.size()) {
    for (const Part& part : parts_) widest_ = std::max(widest_, part.y.size());
    between_ = Tensor<T>({2 * widest_});
  }

  void step(const T* x, T* y) {
    if (join_ == Join::chain) return step_in_chain(x, y);
    if (join_ == Join::concatenation) return concatenate(x, y);
    parts_.front().stepper.step(x, y);
    for (std::size_t i = 1; i < parts_.size(); ++i) {
      parts_[i].stepper.step(x, between_.data());
      add(parts_[i].y.size(), between_.data(), y);
    }
    if (parts_.size() == 1) add(x_size_, x, y);  // a shortcut without layers
  }

  void reset() {
    for (Part& part : parts_) part.stepper.reset();
  }

 private:
  static void add(Index count, const T* x, T* sum) { simd::map(simd::AddTo(), count, x, sum); }

  void step_in_chain(const T* x, T* y) {
    const std::size_t last = parts_.size() - 1;
    for (std::size_t i = 0; i < last; ++i) {
      T* const out = between_.data() + (i % 2 == 0 ? 0 : widest_);
      parts_[i].stepper.step(x, out);
      x = out;
    }
    parts_[last].stepper.step(x, y);
  }

  /// Along axis 1.
  void concatenate(const T* x, T* y) {
    const Index samples = parts_.front().y[0];
    Index stride = 0;
    for (const Part& part : parts_) stride += part.y.size() / samples;
    for (Part& part : parts_) {
      const Index count = part.y.size() / samples;
      part.stepper.step(x, between_.data());
      for (Index n = 0; n < samples; ++n) {
        std::copy_n(between_.data() + n * count, count, y + n * stride);
      }
      y += count;
    }
  }

  Join join_;
  std::vector<Part> parts_;
  Index x_size_;
  Index widest_ = 0;
  Tensor<T> between_;
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
  using Join = typename Composition<T>::Join;

  /// The steps of the output of a layer. @throws ShapeError or ValueError unless x fits and the
  /// layer runs step by step.
  StepsAlong through(const AnyLayer<T>& layer, const StepsAlong& x) {
    const Composition<T> composition = layer.composition();
    if (x.axis != no_step_axis && !composition.parts.empty()) return through(composition, x);
    const int axis = x.axis == no_step_axis ? no_step_axis : layer.step_axis(x.shape, x.axis);
    StepsAlong y{layer.output_shape(x.shape), axis};
    ++layers;
    return y;
  }

  /// The same for the parts of a network or a composite layer.
  StepsAlong through(const Composition<T>& composition, const StepsAlong& x) {
    StepsAlong y = x;
    bool is_first = true;
    std::size_t number = 0;
    for (const auto& [name, layer] : composition.parts) {
      ++number;
      const bool in_chain = composition.join == Join::chain;
      const std::string place =
          in_chain ? str_cat("layer ", number, " (", name, "): ") : str_cat("branch ", name, ": ");
      const StepsAlong before = y;
      try {
        y = through(*layer, in_chain ? before : x);
      } catch (const ShapeError& error) {
        throw ShapeError(place, error.what());
      } catch (const ValueError& error) {
        throw ValueError(place, error.what());
      }
      if (!in_chain && !std::exchange(is_first, false) && y.axis != before.axis) {
        throw ValueError(place, "its steps lie along another axis than those of another branch");
      }
      if (composition.join == Join::concatenation) {
        steps_not_along("parallel", 1, y.axis);
        if (number > 1)
          y.shape = y.shape.with(1, checked_sum("parallel", y.shape[1], before.shape[1]));
      }
    }
    const bool has_shortcut = composition.join == Join::sum && composition.parts.size() == 1;
    if (has_shortcut && y.axis != x.axis) {
      throw ValueError("residual: the steps of its body lie along another axis than those of x");
    }
    return y;
  }

  Index layers = 0;
};

template <std::floating_point T>
AnyStepper<T> make_stepper(const Composition<T>& composition, const StepsAlong& x);

/// For a layer that has passed StepCheck.
template <std::floating_point T>
AnyStepper<T> make_stepper(const AnyLayer<T>& layer, const StepsAlong& x) {
  if (x.axis == no_step_axis) return ForwardStepper<T>(layer, x.shape);
  const Composition<T> composition = layer.composition();
  if (!composition.parts.empty()) return make_stepper(composition, x);
  AnyStepper<T> own = layer.stepper(x.shape);
  return own.is_empty() ? AnyStepper<T>(ForwardStepper<T>(layer, x.shape)) : own;
}

template <std::floating_point T>
AnyStepper<T> make_stepper(const Composition<T>& composition, const StepsAlong& x) {
  std::vector<typename CompositeStepper<T>::Part> parts;
  StepsAlong in = x;
  for (const auto& part : composition.parts) {
    const StepsAlong y = StepCheck<T>().through(*part.layer, in);
    parts.push_back({make_stepper(*part.layer, in), y.shape});
    if (composition.join == Composition<T>::Join::chain) in = y;
  }
  return CompositeStepper<T>(composition.join, std::move(parts), x.shape);
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
    if (composition.join == Composition<T>::Join::chain && !traits.is_monotone &&
        !traits.is_elementwise) {
      break;
    }
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
  /// The shape of x at one step.
  const Shape& input_shape() const& { return x_; }
  /// The shape of y at one step.
  const Shape& output_shape() const& { return y_.shape(); }
  /// Begins a new sequence. Does not allocate.
  void reset() { stepper_.reset(); }

 private:
  StreamState(AnyStepper<T> stepper, const Shape& x, const Shape& y)
      : stepper_(std::move(stepper)), x_(x), y_(y) {}

  AnyStepper<T> stepper_;
  Shape x_;
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
  static const Tensor<T>& step(StreamState<T>& state, const T* x) {
    state.stepper_.step(x, state.y_.data());
    return state.y_;
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
StreamState<T> initial_state(const Sequential<T>& network, const Shape& step) {
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
      const detail::StepsAlong y = check.through(layers, {step, axis});
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
StreamState<T> initial_state(const Sequential<T>& network) {
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
/// use other threads. It throws for a wrong x alone.
/// @throws ShapeError unless x has the shape of state.input_shape(); like the network's layers for
/// numbers that they refuse.
template <std::floating_point T>
const Tensor<T>& predict_step(TensorArg<std::type_identity_t<T>> x, StreamState<T>& state) {
  if (x.shape() != state.input_shape()) {
    throw ShapeError("predict_step: expected x of shape ", state.input_shape(), ", got ",
                     x.shape());
  }
  if (!x.is_contiguous()) throw ShapeError("predict_step: expected x with neighbouring elements");
  return detail::StreamAccess<T>::step(state, x.data());
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
