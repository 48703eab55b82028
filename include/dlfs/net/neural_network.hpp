#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/core/overlap.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/net/any_layer.hpp"
#include "dlfs/net/execution.hpp"
#include "dlfs/net/plan.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// The shape (1, ...) of a batch of one sample.
inline Shape batch_of_one(const Shape& sample) {
  Shape batch{1};
  for (const Index extent : sample) batch.push_back(extent);
  return batch;
}

}  // namespace detail

/// What all networks can do: run, learn, and be inspected. Sequential and Graph say how one is
/// made.
///
/// A network owns the activations between its layers, and decides how a batch runs through them. It
/// makes a plan once for each shape of its inputs, and keeps it. Neighbouring layers that do not
/// need the whole batch form a segment. A segment divides the batch into pieces, which run in
/// parallel, and a piece into tiles of samples. A tile is so small that the output of one layer is
/// still in the cache when the next layer reads it. Activations that the backward pass needs are
/// stored once, for the whole batch; the others live only for a tile.
///
/// Pieces depend only on shapes, and their gradients are added in order: results are the same, bit
/// by bit, for any number of threads. A step with an earlier shape does not allocate.
///
/// Max pooling after ReLU, sigmoid or tanh runs before it, which gives the same values and
/// gradients with fewer elements.
///
/// It is a layer itself, so networks can be nested.
template <std::floating_point T>
class NeuralNetwork {
 public:
  using Scalar = T;  ///< the element type
  /// Inputs of a network that has several, or gradients of its outputs, which live on after the
  /// call.
  using Inputs = std::initializer_list<TensorView<const T>>;
  /// The same for the time of a call.
  using Arguments = std::initializer_list<TensorArg<T>>;

  ///@{
  /// A copy has layers and parameters of its own.
  NeuralNetwork(const NeuralNetwork& other)
      : kind_(other.kind_), topology_(other.topology_), step_(other.step_) {
    collect_parameters();
  }
  NeuralNetwork(NeuralNetwork&&) noexcept = default;
  ///@}
  ///@{
  /// Takes the layers, or copies them.
  NeuralNetwork& operator=(const NeuralNetwork& other) { return *this = NeuralNetwork(other); }
  NeuralNetwork& operator=(NeuralNetwork&&) noexcept = default;
  ///@}
  ~NeuralNetwork() = default;

  /// Runs a batch x (N, ...) and keeps what `backward` needs. The result is valid until the next
  /// call. x must stay alive and unchanged until `backward`; an expiring x is moved into the
  /// network.
  /// @throws ShapeError, naming the layer, if the layer's input does not fit; ValueError if x is
  /// the result of an earlier `forward`.
  const Tensor<T>& forward(const Tensor<T>& x, PassMode mode = PassMode::train) & {
    const TensorView<const T> view = x;
    return run_forward({&view, 1}, mode);
  }
  /// The same for an expiring x, which the network keeps.
  const Tensor<T>& forward(Tensor<T>&& x, PassMode mode = PassMode::train) & {
    forget();
    own_x_ = std::move(x);
    return forward(own_x_, mode);
  }
  const Tensor<T>& forward(const Tensor<T>&& x, PassMode mode = PassMode::train) & = delete;
  /// The same for several inputs with the same number of rows, in the order of `input_names`. It
  /// returns the first output; `output` has the others. @throws ShapeError also for another number
  /// of inputs, or one that is not contiguous.
  const Tensor<T>& forward(Inputs x, PassMode mode = PassMode::train) & {
    return run_forward({x.begin(), x.size()}, mode);
  }

  /// Does not compile; the message says what to write instead.
  template <AnyTensor X>
    requires(!std::same_as<Element<X>, T>)
  DLFS_REFUSED("x has another element type than the network; cast<float>(x) makes it float")
  void forward(const X&, PassMode = PassMode::train);

  /// An output of the last `forward`. @throws ValueError unless 0 <= i < output_count().
  const Tensor<T>& output(Index i) const& {
    if (i < 0 || i >= std::ssize(y_)) throw ValueError("network: there is no output ", i);
    return y_[static_cast<std::size_t>(i)];
  }
  const Tensor<T>& output(Index i) const&& = delete;

  /// Computes the gradient of every parameter, which it overwrites, from dy, the gradient with
  /// respect to the result of `forward`. It does not compute the gradient with respect to x.
  /// @throws ShapeError unless dy is shaped like the result of `forward` and the parameters still
  /// have their shapes; ValueError if there was no `forward`, or if dy or x is a gradient that is
  /// overwritten.
  void backward(const Tensor<T>& dy) {
    const TensorView<const T> view = dy;
    run_backward({&view, 1}, /*with_dx=*/false);
  }
  /// The same from the gradients with respect to all outputs.
  void backward(Inputs dy) { run_backward({dy.begin(), dy.size()}, /*with_dx=*/false); }

  /// Like `backward`, but returns the gradient with respect to x, valid until the next call.
  const Tensor<T>& backward_to_input(const Tensor<T>& dy) & {
    const TensorView<const T> view = dy;
    run_backward({&view, 1}, /*with_dx=*/true);
    return dx_.front();
  }
  /// Like `backward`, but returns the gradients with respect to all inputs, valid until the next
  /// call.
  std::span<const Tensor<T>> backward_to_inputs(Inputs dy) & {
    run_backward({dy.begin(), dy.size()}, /*with_dx=*/true);
    return dx_;
  }

  /// Drops the reference to the last x, so that it may be destroyed. `backward` then needs a new
  /// `forward`.
  void forget() { x_.clear(); }

  /// The result for a batch x (N, ...). It does not change the network, so any number of threads
  /// may call it at the same time. @throws ShapeError like `forward`, or if x is not contiguous.
  Tensor<T> predict(TensorArg<T> x) const { return predict({x}); }
  /// The same for several inputs. @throws ShapeError also for a network of several outputs.
  Tensor<T> predict(Arguments x) const {
    const Views views(x);
    std::optional<Plan> temporary;
    const Plan& plan = prediction_plan(views.all(), temporary);
    expect_one_output();
    auto y = Tensor<T>::uninitialized(plan.output_shape());
    const TensorView<T> view = y;
    run_prediction(plan, views.all(), {&view, 1});
    return y;
  }
  /// The same into memory of the caller's. It does not allocate if there was a prediction of this
  /// shape before. @throws ShapeError also unless y is contiguous, and of the result's shape.
  void predict(TensorArg<T> x, TensorView<T> y) const {
    const TensorView<const T>& view = x;
    const std::span views(&view, 1);
    std::optional<Plan> temporary;
    const Plan& plan = prediction_plan(views, temporary);
    expect_one_output();
    if (y.shape() != plan.output_shape() || !y.is_contiguous()) {
      throw ShapeError("network: expected a contiguous y of shape ", plan.output_shape(), ", got ",
                       y.shape());
    }
    detail::expect_dense_apart("network", "y", y, "x", view);
    run_prediction(plan, views, {&y, 1});
  }
  ///@{
  /// All outputs of a network, for a known number of inputs or any.
  std::vector<Tensor<T>> predict_all(Arguments x) const { return predict_all(Views(x).all()); }
  std::vector<Tensor<T>> predict_all(std::span<const TensorView<const T>> x) const {
    std::optional<Plan> temporary;
    const Plan& plan = prediction_plan(x, temporary);
    std::vector<Tensor<T>> y;
    for (Index i = 0; i < plan.output_count(); ++i) {
      y.push_back(Tensor<T>::uninitialized(plan.output_shape(i)));
    }
    const std::vector<TensorView<T>> outputs(y.begin(), y.end());
    run_prediction(plan, x, outputs);
    return y;
  }
  ///@}

  /// Every parameter, in the order of the layers. Valid until a layer is added.
  std::span<Parameter<T>* const> parameters() & { return parameters_; }
  /// What it learns.
  std::span<const Parameter<T>* const> parameters() const& {
    return {parameters_.data(), parameters_.size()};
  }
  std::span<const Parameter<T>* const> parameters() const&& = delete;

  /// The buffers of all layers in order, such as running statistics.
  std::span<NamedTensor<T>* const> buffers() & { return buffers_; }
  /// What it collects while it trains.
  std::span<const NamedTensor<T>* const> buffers() const& {
    return {buffers_.data(), buffers_.size()};
  }
  std::span<const NamedTensor<T>* const> buffers() const&& = delete;

  /// Gives each layer the shape of its input, for inputs x (N, ...) of any N: the layers that were
  /// not given their sizes find them, and draw their weights, in the order of adding. So every
  /// shape that does not fit is found before there is data. Layers that have weights keep them.
  /// @throws ShapeError, naming the layer.
  void initialize(std::span<const Shape> x, Rng& rng) {
    forget_plans();
    std::vector<Shape> values(x.begin(), x.end());
    if (std::ssize(values) != input_count()) {
      throw ShapeError(kind_, ": expected ", input_count(), " inputs, got ", values.size());
    }
    for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
      const detail::Node& each = topology_.nodes[i];
      std::vector<Shape> inputs;
      for (const Index value : each.inputs)
        inputs.push_back(values[static_cast<std::size_t>(value)]);
      AnyLayer<T>& layer = topology_.layers[static_cast<std::size_t>(each.layer)].layer;
      detail::with_layer_name(static_cast<Index>(i), each.name, [&] {
        layer.initialize(inputs, rng);
        values.push_back(layer.output_shape(inputs));
      });
    }
  }
  /// The same for one input.
  void initialize(const Shape& x, Rng& rng) { initialize(std::span(&x, 1), rng); }

  /// The number of training passes so far, from which random layers derive their numbers.
  Index step() const { return static_cast<Index>(step_); }
  /// @throws ValueError if it is negative.
  void set_step(Index step) {
    if (step < 0) throw ValueError("network: expected a step of at least 0, got ", step);
    step_ = static_cast<std::uint64_t>(step);
  }

  /// Freezes a layer, which may be a network: training leaves its parameters and buffers as they
  /// are, and it runs as in evaluation. Layers before the first one that learns cost no backward
  /// pass.
  /// @throws ValueError, naming the layers that there are, unless one has this name.
  void freeze(std::string_view name) {
    set_mode(name, PassMode::evaluate);
    set_rate_scale(name, 0);
  }
  /// Ends that. The parameters' rate_scale becomes 1.
  void unfreeze(std::string_view name) {
    set_mode(name, PassMode::train);
    set_rate_scale(name, 1);
  }
  /// With PassMode::evaluate a layer runs as in evaluation, even while the network trains: batch
  /// normalisation by its running statistics, which stay as they are, and dropout without effect.
  /// PassMode::train makes it run as the network does. `backward` then needs a new `forward`.
  /// @throws ValueError, naming the layers that there are, unless one has this name.
  void set_mode(std::string_view name, PassMode mode) {
    bool& evaluates = entry_of(name).always_evaluates;
    if (evaluates == (mode == PassMode::evaluate)) return;
    evaluates = !evaluates;
    forget();  // what forward has saved is of the other mode
  }

  /// How many layers there are.
  Index layer_count() const { return std::ssize(topology_.nodes); }

  /// A layer and its name. The index counts from 0 in the order in which layers were added.
  /// @throws ValueError unless 0 <= i < layer_count().
  const AnyLayer<T>& layer(Index i) const& { return topology_.layer_of(node(i)); }
  const AnyLayer<T>& layer(Index i) const&& = delete;
  /// The name of a layer.
  const std::string& layer_name(Index i) const& { return node(i).name; }
  const std::string& layer_name(Index i) const&& = delete;

  ///@{
  /// How many inputs and outputs it has.
  Index input_count() const { return topology_.input_count(); }
  Index output_count() const { return std::ssize(topology_.outputs); }
  ///@}
  /// The names of the inputs.
  const std::vector<std::string>& input_names() const& { return topology_.inputs; }
  const std::vector<std::string>& input_names() const&& = delete;

  /// Replaces each layer by `replace(name, layer)`, a layer that runs in its place. It is meant for
  /// tools that look at the passes of layers. Names and the order of parameters stay. A shared
  /// layer is replaced once.
  template <class Replace>
  void replace_layers(const Replace& replace) {
    forget_plans();
    for (std::size_t i = 0; i < topology_.layers.size(); ++i) {
      const auto uses = [&](const detail::Node& each) {
        return each.layer == static_cast<Index>(i);
      };
      const auto node = std::find_if(topology_.nodes.begin(), topology_.nodes.end(), uses);
      AnyLayer<T>& layer = topology_.layers[i].layer;
      layer = AnyLayer<T>(replace(node->name, std::move(layer)));
    }
    collect_parameters();
  }

  // The layer interface, for use in a larger network.

  /// What a network must know of this layer.
  LayerTraits traits() const {
    LayerTraits traits{.kind = kind_, .skips_gradients = true};
    const auto is_output = [&](Index value) {
      return std::find(topology_.outputs.begin(), topology_.outputs.end(), value) !=
             topology_.outputs.end();
    };
    for (const detail::OrderedNode& each : detail::in_order(topology_)) {
      const LayerTraits part = layer(each.node).traits();
      traits.whole_batch |= part.whole_batch;
      traits.keeps_output |= part.keeps_output && is_output(each.output);
      if (!part.keeps_input) continue;
      for (const Index value : each.inputs) {
        traits.keeps_input |= value < input_count();
        traits.keeps_output |= is_output(value);
      }
    }
    return traits;
  }

  ///@{
  /// The shape of y. @throws ShapeError, naming the layer, if x does not fit.
  Shape output_shape(const Shape& x) const { return output_shape(std::span(&x, 1)); }
  Shape output_shape(std::span<const Shape> x) const {
    std::optional<Plan> temporary;
    const Plan& plan = plan_for(x, /*with_backward=*/false, temporary);
    expect_one_output();
    return plan.output_shape();
  }
  ///@}

  ///@{
  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const { return flops(std::span(&x, 1)); }
  Index flops(std::span<const Shape> x) const {
    std::optional<Plan> temporary;
    const Plan& plan = plan_for(x, /*with_backward=*/false, temporary);
    std::vector<Shape> shapes;
    Index sum = 0;
    for (const auto& step : plan.steps()) {
      plan.shapes_into(step, shapes);
      sum = detail::checked_sum("flops", sum, topology_.layer(step.layer).layer.flops(shapes));
    }
    return sum;
  }
  ///@}

  /// The layers that it consists of.
  Composition<T> composition() const& {
    Composition<T> composition{.inputs = topology_.inputs, .outputs = topology_.outputs};
    for (const detail::Node& each : topology_.nodes) {
      const detail::LayerEntry<T>& entry = topology_.layer(each.layer);
      composition.parts.push_back({each.name, &entry.layer, each.inputs, entry.always_evaluates});
    }
    return composition;
  }
  Composition<T> composition() const&& = delete;

  ///@{
  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const { return saved_bytes(std::span(&x, 1)); }
  Index saved_bytes(std::span<const Shape> x) const {
    std::optional<Plan> temporary;
    return plan_for(x, /*with_backward=*/true, temporary).stored_bytes();
  }
  ///@}

  ///@{
  /// Takes what a training pass has saved into the buffers.
  void update_buffers(const Shape& x, const std::byte* saved) {
    update_buffers(std::span(&x, 1), saved);
  }
  void update_buffers(std::span<const Shape> x, const std::byte* saved) {
    if (buffers_.empty()) return;
    std::optional<Plan> temporary;
    update_buffers(plan_for(x, /*with_backward=*/true, temporary), saved);
  }
  ///@}

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    const auto x = inputs_of(pass);
    std::optional<Plan> temporary;
    const Plan& plan = plans_.plan_for(topology_, x, pass.saved != nullptr, temporary);
    detail::run_forward<T>(topology_, plan,
                           {.x = x,
                            .y = {&pass.y, 1},
                            .saved = pass.saved,
                            .mode = pass.mode,
                            .step = pass.step,
                            .first_sample = pass.first_sample});
  }

  /// Writes pass.gradients, and pass.dx or pass.dxs where they are wanted.
  void backward(const BackwardPass<T>& pass) const {
    const auto x = inputs_of(pass);
    std::optional<Plan> temporary;
    const Plan& plan = plans_.plan_for(topology_, x, /*with_backward=*/true, temporary);
    detail::run_backward<T>(topology_, plan,
                            {.x = x,
                             .y = {&pass.y, 1},
                             .dy = {&pass.dy, 1},
                             .dx = pass.dxs.empty() ? std::span(&pass.dx, 1) : pass.dxs,
                             .gradients = pass.gradients,
                             .store = pass.store,
                             .saved = pass.saved,
                             .mode = pass.mode});
  }

 protected:
  /// `kind` outlives the network.
  explicit NeuralNetwork(std::string_view kind) : kind_(kind) {}

  /// Adds an input, before the first layer.
  void add_input(const std::string& name) { topology_.inputs.push_back(name); }

  /// Adds a layer that reads values, and prefixes its name to those of its parameters:
  /// "conv1.weight". Its output becomes that of the network.
  /// @throws ValueError for a name that is empty or already used, or a layer that was moved from.
  void add_node(const std::string& name, AnyLayer<T> layer, std::vector<Index> inputs) {
    expect_new_name(name);
    if (layer.is_empty()) throw ValueError("network: the layer '", name, "' was moved away");
    for (Parameter<T>* parameter : layer.parameters()) {
      parameter->name = str_cat(name, '.', parameter->name);
    }
    for (NamedTensor<T>* buffer : layer.buffers()) {
      buffer->name = str_cat(name, '.', buffer->name);
    }
    topology_.layers.push_back({.layer = std::move(layer)});
    append({name, std::ssize(topology_.layers) - 1, std::move(inputs)});
    collect_parameters();
  }

  /// Adds a node that shares the layer of another.
  void share_node(const std::string& name, std::string_view of, std::vector<Index> inputs) {
    expect_new_name(name);
    append({name, node_of(of).layer, std::move(inputs)});
  }

  /// Makes values the outputs of the network, in this order.
  void set_outputs(const std::vector<Index>& values) {
    forget_plans();
    topology_.outputs = values;
  }

  /// The value with the name of an input or of a layer.
  Index value_of(std::string_view name) const {
    for (std::size_t i = 0; i < topology_.inputs.size(); ++i) {
      if (topology_.inputs[i] == name) return static_cast<Index>(i);
    }
    for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
      if (topology_.nodes[i].name == name) return input_count() + static_cast<Index>(i);
    }
    throw ValueError(kind_, ": there is no input or layer '", name, "' among these: ", names());
  }

 private:
  using Plan = detail::Plan<T>;

  /// The views of several arguments.
  class Views {
   public:
    explicit Views(Arguments x) : count_(x.size()), views_(static_cast<Index>(x.size())) {
      std::copy(x.begin(), x.end(), views_.data());
    }
    std::span<const TensorView<const T>> all() const { return {views_.data(), count_}; }

   private:
    std::size_t count_;
    Scratch<TensorView<const T>> views_;
  };

  // Number of rows: enough for products to run at full speed, few enough to share among threads.
  static constexpr Index rows_per_prediction = 128;

  void expect_new_name(const std::string& name) const {
    if (name.empty()) throw ValueError("network: a layer's name is empty");
    for (const detail::Node& each : topology_.nodes) {
      if (each.name == name) throw ValueError("network: two layers have the name '", name, "'");
    }
  }

  std::string names() const {
    std::string names;
    const auto append_name = [&](const std::string& name) {
      names += str_cat(names.empty() ? "" : ", ", name);
    };
    for (const std::string& input : topology_.inputs) append_name(input);
    for (const detail::Node& each : topology_.nodes) append_name(each.name);
    return names;
  }

  void append(detail::Node node) {
    forget_plans();
    topology_.outputs = {input_count() + layer_count()};
    topology_.nodes.push_back(std::move(node));
  }

  void forget_plans() {
    forget();
    plans_.clear();
  }

  /// Finds the parameters and buffers of all layers, after the layers have changed.
  void collect_parameters() {
    parameters_.clear();
    buffers_.clear();
    for (detail::LayerEntry<T>& entry : topology_.layers) {
      const std::vector<Parameter<T>*> parameters = entry.layer.parameters();
      entry.first_parameter = parameters_.size();
      entry.parameter_count = parameters.size();
      for (Parameter<T>* parameter : parameters) parameters_.push_back(parameter);
      for (NamedTensor<T>* buffer : entry.layer.buffers()) buffers_.push_back(buffer);
    }
  }

  /// The node at an index in the order of adding.
  const detail::Node& node(Index i) const {
    if (i < 0 || i >= layer_count()) {
      throw ValueError("network: there is no layer ", i, " of ", layer_count());
    }
    return topology_.nodes[static_cast<std::size_t>(i)];
  }

  const detail::Node& node_of(std::string_view name) const {
    std::string names;
    for (const detail::Node& each : topology_.nodes) {
      if (each.name == name) return each;
      names += str_cat(names.empty() ? "" : ", ", each.name);
    }
    throw ValueError("network: there is no layer '", name, "' among these: ", names);
  }

  detail::LayerEntry<T>& entry_of(std::string_view name) {
    return topology_.layers[static_cast<std::size_t>(node_of(name).layer)];
  }

  void set_rate_scale(std::string_view name, double rate_scale) {
    for (Parameter<T>* parameter : entry_of(name).layer.parameters()) {
      parameter->rate_scale = rate_scale;
    }
  }

  void expect_one_output() const {
    if (output_count() == 1) return;
    throw ShapeError(kind_, ": expected one output, got ", output_count(), "; see predict_all");
  }

  /// The inputs of a pass of a layer.
  template <class Pass>
  static std::span<const TensorView<const T>> inputs_of(const Pass& pass) {
    return pass.inputs.empty() ? std::span(&pass.x, 1) : pass.inputs;
  }

  /// The plan for inputs of which only the shapes are known.
  const Plan& plan_for(std::span<const Shape> x, bool with_backward,
                       std::optional<Plan>& temporary) const {
    std::vector<TensorView<const T>> views;
    for (const Shape& shape : x) views.emplace_back(nullptr, shape);
    return plans_.plan_for(topology_, views, with_backward, temporary);
  }

  const Plan& prediction_plan(std::span<const TensorView<const T>> x,
                              std::optional<Plan>& temporary) const {
    expect_contiguous(x);
    return plans_.plan_for(topology_, x, /*with_backward=*/false, temporary);
  }

  static void expect_contiguous(std::span<const TensorView<const T>> x) {
    for (const auto& each : x) {
      if (!each.is_contiguous()) throw ShapeError("network: expected x to be contiguous");
    }
  }

  void run_prediction(const Plan& plan, std::span<const TensorView<const T>> x,
                      std::span<const TensorView<T>> y) const;
  const Tensor<T>& run_forward(std::span<const TensorView<const T>> x, PassMode mode);
  void run_backward(std::span<const TensorView<const T>> dy, bool with_dx);

  /// @throws ShapeError or ValueError unless dy belongs to a forward pass of the unchanged network.
  void expect_forward(std::span<const TensorView<const T>> dy) const;
  /// @throws ValueError if a tensor that is written shares memory with dy or x.
  void expect_apart(std::string_view name, TensorView<const T> written,
                    std::span<const TensorView<const T>> dy) const;

  void update_buffers(const Plan& plan, const std::byte* saved) {
    std::vector<Shape> shapes;
    for (const auto& step : plan.steps()) {
      detail::LayerEntry<T>& entry = topology_.layers[static_cast<std::size_t>(step.layer)];
      if (entry.always_evaluates) continue;
      plan.shapes_into(step, shapes);
      entry.layer.update_buffers(shapes, plan.saved(saved, step, 0));
    }
  }

  std::string_view kind_;
  detail::Topology<T> topology_;
  std::vector<Parameter<T>*> parameters_;
  std::vector<NamedTensor<T>*> buffers_;
  std::uint64_t step_ = 0;  // number of training passes so far
  detail::PlanCache<T> plans_;

  // The state of the last batch.
  const Plan* plan_ = nullptr;
  std::vector<TensorView<const T>> x_;  // empty without a forward pass
  Tensor<T> own_x_;                     // the memory of x if `forward` was given an expiring tensor
  PassMode mode_ = PassMode::train;
  std::vector<Tensor<T>> y_;
  std::vector<Tensor<T>> dx_;
  std::vector<TensorView<T>> gradients_;
  Tensor<std::byte> saved_;
};

template <std::floating_point T>
void NeuralNetwork<T>::run_prediction(const Plan& plan, std::span<const TensorView<const T>> x,
                                      std::span<const TensorView<T>> y) const {
  if (!plan.rows_steps().empty()) {
    return detail::run_rows<T>(plan, x.front().data(), y.front().data());
  }
  const auto is_empty = [](const auto& view) { return view.empty(); };
  if (std::all_of(x.begin(), x.end(), is_empty) && std::all_of(y.begin(), y.end(), is_empty)) {
    return;
  }
  const Index rows = plan.rows();
  const Index pieces = (rows - 1) / rows_per_prediction + 1;
  if (pieces <= 1) return detail::run_forward<T>(topology_, plan, {.x = x, .y = y});

  // The pieces have two sizes.
  const auto part = [](const auto& views, detail::Rows range, const auto& into) {
    for (std::size_t i = 0; i < views.size(); ++i) into[static_cast<Index>(i)] = range.of(views[i]);
  };
  const Scratch<TensorView<const T>> example(std::ssize(x));
  const auto plan_of = [&](Index piece_rows, std::optional<Plan>& temporary) -> const Plan& {
    part(x, {0, piece_rows}, example);
    return plans_.plan_for(topology_, {example.data(), x.size()}, false, temporary);
  };
  std::optional<Plan> temporary_smaller, temporary_larger;
  const Plan& smaller = plan_of(rows / pieces, temporary_smaller);
  const Plan& larger = rows % pieces == 0 ? smaller : plan_of(rows / pieces + 1, temporary_larger);
  parallel_for(pieces, [&](Index piece) {
    const detail::Rows range{piece_begin(rows, pieces, piece),
                             piece_begin(rows, pieces, piece + 1)};
    const Scratch<TensorView<const T>> x_rows(std::ssize(x));
    const Scratch<TensorView<T>> y_rows(std::ssize(y));
    part(x, range, x_rows);
    part(y, range, y_rows);
    const Plan& own = range.last - range.first == smaller.rows() ? smaller : larger;
    detail::run_forward<T>(topology_, own,
                           {.x = {x_rows.data(), x.size()}, .y = {y_rows.data(), y.size()}});
  });
}

template <std::floating_point T>
const Tensor<T>& NeuralNetwork<T>::run_forward(std::span<const TensorView<const T>> x,
                                               PassMode mode) {
  expect_contiguous(x);
  if (plans_.is_full()) forget_plans();
  std::optional<Plan> temporary;  // not used: the cache has room
  const Plan& plan = plans_.plan_for(topology_, x, /*with_backward=*/true, temporary);
  for (const Tensor<T>& y : y_) {
    for (const auto& each : x) {
      detail::expect_dense_apart("network", "the result", y.view(), "x", each);
    }
  }
  forget();
  y_.resize(static_cast<std::size_t>(plan.output_count()));
  const Scratch<TensorView<T>> y(plan.output_count());
  for (Index k = 0; k < plan.output_count(); ++k) {
    Tensor<T>& each = y_[static_cast<std::size_t>(k)];
    each.resize(plan.output_shape(k));
    y[k] = each;
  }
  saved_.resize({plan.stored_bytes()});
  detail::run_forward<T>(
      topology_, plan,
      {.x = x, .y = {y.data(), y_.size()}, .saved = saved_.data(), .mode = mode, .step = step_});
  if (mode == PassMode::train) {
    if (!buffers_.empty()) update_buffers(plan, saved_.data());
    ++step_;
  }
  // Not before: where a layer throws, there is nothing to go back from.
  x_.assign(x.begin(), x.end());
  mode_ = mode;
  plan_ = &plan;
  return y_.front();
}

template <std::floating_point T>
void NeuralNetwork<T>::run_backward(std::span<const TensorView<const T>> dy, bool with_dx) {
  expect_forward(dy);
  const Scratch<TensorView<T>> dx(std::ssize(x_));
  for (Index k = 0; k < std::ssize(x_); ++k) {
    dx[k] = {nullptr, x_[static_cast<std::size_t>(k)].shape()};
  }
  if (with_dx) {
    for (const Tensor<T>& each : dx_) expect_apart("the gradient of x", each, dy);
    dx_.resize(x_.size());
    for (std::size_t k = 0; k < x_.size(); ++k) {
      dx_[k].resize(x_[k].shape());
      dx[static_cast<Index>(k)] = dx_[k];
    }
  }
  gradients_.clear();
  for (Parameter<T>* parameter : parameters_) {
    if (parameter->is_frozen()) {
      parameter->gradient = {};
      gradients_.emplace_back(nullptr, parameter->value.shape());
    } else {
      parameter->gradient.resize(parameter->value.shape());
      gradients_.emplace_back(parameter->gradient);
    }
  }
  const Scratch<TensorView<const T>> y(std::ssize(y_));
  for (Index k = 0; k < std::ssize(y_); ++k) y[k] = y_[static_cast<std::size_t>(k)];
  detail::run_backward<T>(topology_, *plan_,
                          {.x = x_,
                           .y = {y.data(), y_.size()},
                           .dy = dy,
                           .dx = {dx.data(), x_.size()},
                           .gradients = gradients_,
                           .saved = saved_.data(),
                           .mode = mode_});
}

template <std::floating_point T>
void NeuralNetwork<T>::expect_forward(std::span<const TensorView<const T>> dy) const {
  if (dy.size() != y_.size() && !y_.empty()) {
    throw ShapeError("network: expected the gradients of ", y_.size(), " outputs, got ", dy.size());
  }
  for (std::size_t k = 0; k < y_.size(); ++k) {
    if (dy[k].shape() != y_[k].shape() || !dy[k].is_contiguous()) {
      throw ShapeError("network: expected dy of the shape ", y_[k].shape(),
                       " that forward returned, got ", dy[k].shape());
    }
  }
  if (x_.empty()) {
    throw ValueError("network: expected a forward pass before backward, and none since a layer ",
                     "was added or set to another mode");
  }
  if (const auto* changed = plan_->changed_tensor()) {
    throw ShapeError("network: ", changed->tensor->name, " was of shape ", changed->shape,
                     " in forward and is now ", changed->tensor->value.shape());
  }
  for (const Parameter<T>* parameter : parameters_) {
    expect_apart("the gradient of a parameter", parameter->gradient, dy);
  }
}

template <std::floating_point T>
void NeuralNetwork<T>::expect_apart(std::string_view name, TensorView<const T> written,
                                    std::span<const TensorView<const T>> dy) const {
  for (const auto& each : dy) detail::expect_dense_apart("network", name, written, "dy", each);
  for (const auto& each : x_) detail::expect_dense_apart("network", name, written, "x", each);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
