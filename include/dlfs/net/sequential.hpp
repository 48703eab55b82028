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
#include "dlfs/net/partial_gradients.hpp"
#include "dlfs/net/plan.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A layer in the list that constructs a network. The network moves the layer out of the list,
/// because weights may be large.
template <std::floating_point T>
struct NamedLayer {
  std::string name;           ///< stands before the names of its parameters
  mutable AnyLayer<T> layer;  ///< any type that satisfies Layer
};

/// Consecutive layers, each with a name. It is a layer itself, so networks can be nested.
///
///   Sequential<float> net{{"affine1", Affine<float>({.in = 784, .out = 50}, He{}, rng)},
///                         {"relu1", Relu<float>()},
///                         {"affine2", Affine<float>({.in = 50, .out = 10}, He{}, rng)}};
///
/// It owns the activations between its layers, and decides how a batch runs through them.
/// Neighbouring layers that do not need the whole batch form a segment. A segment divides the batch
/// into pieces, which run in parallel, and a piece into tiles of samples. A tile is so small that
/// the output of one layer is still in the cache when the next layer reads it. Activations that the
/// backward pass needs are stored once, for the whole batch; the others live only for a tile.
///
/// Pieces depend only on shapes, and their gradients are added in order: results are the same, bit
/// by bit, for any number of threads. A step with an earlier shape does not allocate.
///
/// Max pooling after ReLU, sigmoid or tanh runs before it, which gives the same values and
/// gradients with fewer elements.
template <std::floating_point T>
class Sequential {
 public:
  using Scalar = T;  ///< the element type

  Sequential() = default;
  /// @throws ValueError for a name that is empty or used twice, or if the list was already used.
  Sequential(std::initializer_list<NamedLayer<T>> layers) {
    for (const auto& [name, layer] : layers) {
      if (layer.is_empty()) throw ValueError("network: its list of layers was used before");
      add(name, std::move(layer));
    }
  }
  /// Does not compile; the message says what to write instead.
  template <detail::HasScalar... L>
    requires(sizeof...(L) > 0)
  DLFS_REFUSED("each layer of a network has a name: {\"relu1\", Relu<float>()}")
  explicit Sequential(L...);
  /// Does not compile; the message says what to write instead.
  DLFS_REFUSED("a network takes its layers as a list in braces, or one by one: add(name, layer)")
  explicit Sequential(const std::vector<NamedLayer<T>>&);
  ///@{
  /// A copy has layers and parameters of its own.
  Sequential(const Sequential& other) {
    for (const auto& link : other.chain_) append(link);
    step_ = other.step_;
  }
  Sequential(Sequential&&) noexcept = default;
  ///@}
  ///@{
  /// Takes the layers, or copies them.
  Sequential& operator=(const Sequential& other) { return *this = Sequential(other); }
  Sequential& operator=(Sequential&&) noexcept = default;
  ///@}
  ~Sequential() = default;

  /// Appends a layer, and prefixes its name to those of its parameters: "conv1.weight".
  /// @throws ValueError for a name that is empty or already used, or a layer that was moved from.
  Sequential& add(const std::string& name, AnyLayer<T> layer) {
    if (name.empty()) throw ValueError("network: a layer's name is empty");
    for (const Link& link : chain_) {
      if (link.name == name) throw ValueError("network: two layers have the name '", name, "'");
    }
    if (layer.is_empty()) throw ValueError("network: the layer '", name, "' was moved away");
    shapes_.clear();
    for (Parameter<T>* parameter : layer.parameters()) {
      parameter->name = str_cat(name, '.', parameter->name);
    }
    for (NamedTensor<T>* buffer : layer.buffers()) {
      buffer->name = str_cat(name, '.', buffer->name);
    }
    append({.number = layer_count() + 1, .name = name, .layer = std::move(layer)});
    const std::size_t last = chain_.size() - 1;
    if (last > 0 && may_change_places(chain_[last - 1], chain_[last])) {
      std::swap(chain_[last - 1], chain_[last]);
    }
    return *this;
  }

  /// Does not compile; the message says what to write instead.
  template <Layer L>
  DLFS_REFUSED("each layer of a network has a name: add(\"relu1\", Relu<float>())")
  void add(L);

  /// Runs a batch x (N, ...) and keeps what `backward` needs. The result is valid until the next
  /// call. x must stay alive and unchanged until `backward`; an expiring x is moved into the
  /// network.
  /// @throws ShapeError, naming the layer, if the layer's input does not fit; ValueError if x is
  /// the result of an earlier `forward`.
  const Tensor<T>& forward(const Tensor<T>& x, PassMode mode = PassMode::train) & {
    const TemporaryPlan plan(chain_, x.shape(), /*with_backward=*/true);
    detail::expect_apart("network", "the result", y_.view(), "x", x.view());
    shapes_.clear();
    y_.resize(plan.y(plan.count() - 1));
    saved_.resize({plan.stored_bytes()});
    x_ = x.view();
    mode_ = mode;
    plan_ = plan.copy_in(steps_);
    run_forward(*plan_, {.x = x_, .y = y_, .saved = saved_.data(), .mode = mode, .step = step_});
    if (mode == PassMode::train) {
      update_buffers(*plan_, saved_.data());
      ++step_;
    }
    shapes_.push_back(x_.shape());
    for (const Parameter<T>* parameter : parameters_) shapes_.push_back(parameter->value.shape());
    return y_;
  }
  /// The same for an expiring x, which the network keeps.
  const Tensor<T>& forward(Tensor<T>&& x, PassMode mode = PassMode::train) & {
    forget();
    own_x_ = std::move(x);
    return forward(own_x_, mode);
  }
  const Tensor<T>& forward(const Tensor<T>&& x, PassMode mode = PassMode::train) & = delete;

  /// Does not compile; the message says what to write instead.
  template <AnyTensor X>
    requires(!std::same_as<Element<X>, T>)
  DLFS_REFUSED("x has another element type than the network; cast<float>(x) makes it float")
  void forward(const X&, PassMode = PassMode::train);

  /// Computes the gradient of every parameter, which it overwrites, from dy, the gradient with
  /// respect to the result of `forward`. It does not compute the gradient with respect to x.
  /// @throws ShapeError unless dy is shaped like the result of `forward` and the parameters still
  /// have their shapes; ValueError if there was no `forward`, or if dy or x is a gradient that is
  /// overwritten.
  void backward(const Tensor<T>& dy) {
    expect_forward(dy);
    backward(dy, {});
  }

  /// Like `backward`, but returns the gradient with respect to x, valid until the next call.
  const Tensor<T>& backward_to_input(const Tensor<T>& dy) & {
    expect_forward(dy);
    detail::expect_apart("network", "the gradient of x", dx_.view(), "dy", dy.view());
    detail::expect_apart("network", "the gradient of x", dx_.view(), "x", x_);
    dx_.resize(x_.shape());
    backward(dy, dx_.view());
    return dx_;
  }

  /// Drops the reference to the last x, so that it may be destroyed. `backward` then needs a new
  /// `forward`.
  void forget() { shapes_.clear(); }

  /// The result for a batch x (N, ...). It does not change the network, so any number of threads
  /// may call it at the same time. @throws ShapeError like `forward`, or if x is not contiguous.
  Tensor<T> predict(TensorArg<T> x) const {
    if (!x.is_contiguous()) throw ShapeError("network: expected x to be contiguous");
    const TemporaryPlan plan(chain_, x.shape(), /*with_backward=*/false);
    auto y = Tensor<T>::uninitialized(plan.y(plan.count() - 1));
    const Index rows = x.extent(0);
    if (x.empty() && y.empty()) return y;
    const Index pieces = (rows - 1) / rows_per_prediction + 1;
    if (pieces <= 1) return run_forward(plan, {.x = x, .y = y}), y;
    parallel_for(pieces, [&](Index piece) {
      const Index first = piece_begin(rows, pieces, piece);
      const Index last = piece_begin(rows, pieces, piece + 1);
      forward(ForwardPass<T>{.x = x.rows(first, last), .y = y.rows(first, last)});
    });
    return y;
  }

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
  /// PassMode::train makes it run as the network does.
  /// @throws ValueError, naming the layers that there are, unless one has this name.
  void set_mode(std::string_view name, PassMode mode) {
    link_of(name).always_evaluates = mode == PassMode::evaluate;
  }

  /// How many layers there are.
  Index layer_count() const { return std::ssize(chain_); }

  /// A layer and its name. The index counts from 0 in the order in which layers were added.
  /// @throws ValueError unless 0 <= i < layer_count().
  const AnyLayer<T>& layer(Index i) const& { return link_of(i).layer; }
  const AnyLayer<T>& layer(Index i) const&& = delete;
  /// The name of a layer.
  const std::string& layer_name(Index i) const& { return link_of(i).name; }
  const std::string& layer_name(Index i) const&& = delete;

  // The layer interface, for use in a larger network.

  /// What a network must know of this layer.
  LayerTraits traits() const {
    LayerTraits traits{.kind = "sequential"};
    if (chain_.empty()) return traits;
    traits.skips_gradients = true;
    traits.keeps_input = chain_.front().layer.traits().keeps_input;
    traits.keeps_output = chain_.back().layer.traits().keeps_output;
    for (const Link& link : chain_) traits.whole_batch |= link.layer.traits().whole_batch;
    return traits;
  }

  /// The shape of y.
  Shape output_shape(const Shape& x) const {
    const TemporaryPlan plan(chain_, x, /*with_backward=*/false);
    return plan.y(plan.count() - 1);
  }

  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const {
    const TemporaryPlan plan(chain_, x, /*with_backward=*/false);
    Index sum = 0;
    for (Index i = 0; i < plan.count(); ++i) {
      sum = detail::checked_sum("flops", sum, link(i).layer.flops(plan.shape_into(i)));
    }
    return sum;
  }

  /// The layers that it consists of.
  Composition<T> composition() const& {
    Composition<T> composition;
    for (Index i = 0; i < layer_count(); ++i) {
      composition.parts.push_back({layer_name(i), &layer(i)});
    }
    return composition;
  }
  Composition<T> composition() const&& = delete;

  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const {
    return TemporaryPlan(chain_, x, /*with_backward=*/true).stored_bytes();
  }

  /// Takes what a training pass has saved into the buffers.
  void update_buffers(const Shape& x, const std::byte* saved) {
    if (buffers_.empty()) return;
    update_buffers(TemporaryPlan(chain_, x, /*with_backward=*/true), saved);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    run_forward(TemporaryPlan(chain_, pass.x.shape(), pass.saved != nullptr), pass);
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    run_backward(TemporaryPlan(chain_, pass.x.shape(), /*with_backward=*/true), pass);
  }

 private:
  using Link = detail::Link<T>;
  using Plan = detail::Plan<T>;
  using TemporaryPlan = detail::TemporaryPlan<T>;
  using Rows = detail::Rows;
  using Segment = detail::Segment;

  // Number of rows: enough for products to run at full speed, few enough to share among threads.
  static constexpr Index rows_per_prediction = 128;

  /// Whether the second of two layers may run before the first.
  static bool may_change_places(const Link& first, const Link& second) {
    return second.layer.traits().takes_maximum && first.layer.traits().is_monotone &&
           first.parameter_count == 0 && second.parameter_count == 0;
  }

  /// Appends a link, and sets the range of its parameters.
  void append(Link link) {
    const std::vector<Parameter<T>*> parameters = link.layer.parameters();
    link.first_parameter = parameters_.size();
    link.parameter_count = parameters.size();
    for (Parameter<T>* parameter : parameters) parameters_.push_back(parameter);
    for (NamedTensor<T>* buffer : link.layer.buffers()) buffers_.push_back(buffer);
    chain_.push_back(std::move(link));
  }

  /// The link at an index in the order of adding.
  const Link& link_of(Index i) const {
    for (const Link& link : chain_) {
      if (link.number - 1 == i) return link;
    }
    throw ValueError("network: there is no layer ", i, " of ", layer_count());
  }

  Link& link_of(std::string_view name) {
    std::string names;
    for (Link& link : chain_) {
      if (link.name == name) return link;
      names += str_cat(names.empty() ? "" : ", ", link.name);
    }
    throw ValueError("network: there is no layer '", name, "' among these: ", names);
  }

  void set_rate_scale(std::string_view name, double rate_scale) {
    for (Parameter<T>* parameter : link_of(name).layer.parameters()) {
      parameter->rate_scale = rate_scale;
    }
  }

  /// The link at an index in the order of execution.
  const Link& link(Index i) const { return chain_[static_cast<std::size_t>(i)]; }

  // Rows of the input and the output of layer i: the caller's, or stored between the layers. They
  // are without data if they are not kept.
  static TensorView<const T> input(const Plan& plan, TensorView<const T> x, std::byte* store,
                                   Index i, Rows rows) {
    return i == 0 ? rows.of(x) : plan.stored_y(store, i - 1, rows);
  }
  template <class U>
  static TensorView<U> output(const Plan& plan, TensorView<U> y, std::byte* store, Index i,
                              Rows rows) {
    return i == plan.count() - 1 ? rows.of(y) : plan.stored_y(store, i, rows);
  }

  /// One of the two buffers that the layers of a tile use alternately.
  static TensorView<T> between_layers(const Segment& segment, const Scratch<T>& memory, Index i,
                                      const Shape& shape) {
    return {memory.data() + i % 2 * segment.tile_elements, shape};
  }

  /// The first layer that learns, in the order of execution: one of whose gradients has data.
  Index first_layer_to_train(std::span<const TensorView<T>> gradients) const {
    std::size_t k = 0;
    while (k < gradients.size() && gradients[k].data() == nullptr) ++k;
    Index i = 0;
    while (i < layer_count() && k >= link(i).first_parameter + link(i).parameter_count) ++i;
    return i;
  }

  /// @throws ShapeError or ValueError unless dy belongs to a forward pass of the unchanged network.
  void expect_forward(const Tensor<T>& dy) const {
    if (dy.shape() != y_.shape()) {
      throw ShapeError("network: expected dy of the shape ", y_.shape(),
                       " that forward returned, got ", dy.shape());
    }
    if (shapes_.empty()) {
      throw ValueError("network: expected a forward pass before backward, and none since a layer ",
                       "was added");
    }
    for (std::size_t k = 0; k < parameters_.size(); ++k) {
      const Parameter<T>& parameter = *parameters_[k];
      if (parameter.value.shape() != shapes_[k + 1]) {
        throw ShapeError("network: parameter ", parameter.name, " was of shape ", shapes_[k + 1],
                         " in forward and is now ", parameter.value.shape());
      }
      const TensorView<const T> gradient = parameter.gradient;
      detail::expect_apart("network", "the gradient of a parameter", gradient, "dy", dy.view());
      detail::expect_apart("network", "the gradient of a parameter", gradient, "x", x_);
    }
  }

  void backward(const Tensor<T>& dy, TensorView<T> dx) {
    const Scratch<TensorView<T>> gradients(std::ssize(parameters_));
    for (std::size_t k = 0; k < parameters_.size(); ++k) {
      Parameter<T>& parameter = *parameters_[k];
      if (parameter.is_frozen()) {
        parameter.gradient = {};
        gradients[static_cast<Index>(k)] = {nullptr, parameter.value.shape()};
      } else {
        parameter.gradient.resize(parameter.value.shape());
        gradients[static_cast<Index>(k)] = parameter.gradient;
      }
    }
    run_backward(*plan_, {.x = x_,
                          .y = y_,
                          .dy = dy,
                          .dx = dx,
                          .gradients = {gradients.data(), parameters_.size()},
                          .saved = saved_.data(),
                          .mode = mode_});
  }

  void update_buffers(const Plan& plan, const std::byte* saved) {
    for (Index i = 0; i < plan.count(); ++i) {
      Link& link = chain_[static_cast<std::size_t>(i)];
      if (link.always_evaluates) continue;
      link.layer.update_buffers(plan.shape_into(i), plan.saved(saved, i, 0));
    }
  }

  void run_forward(const Plan& plan, const ForwardPass<T>& pass) const;
  void run_backward(const Plan& plan, const BackwardPass<T>& pass) const;
  /// Runs layers [first, segment.last) of a segment backward, from dy to dx and the gradients.
  void run_backward(const Plan& plan, const Segment& segment, Index first,
                    const BackwardPass<T>& pass, TensorView<const T> dy, TensorView<T> dx) const;

  std::vector<Link> chain_;
  std::vector<Parameter<T>*> parameters_;
  std::vector<NamedTensor<T>*> buffers_;
  std::uint64_t step_ = 0;  // number of training passes so far

  // The state of the last batch.
  std::optional<Plan> plan_;
  std::vector<typename Plan::Step> steps_;
  std::vector<Shape> shapes_;  // shapes of x and of the parameters; empty without a forward pass
  TensorView<const T> x_;
  Tensor<T> own_x_;  // the memory of x_ if `forward` was given an expiring tensor
  PassMode mode_ = PassMode::train;
  Tensor<T> y_;
  Tensor<T> dx_;
  Tensor<std::byte> saved_;
};

template <std::floating_point T>
void Sequential<T>::run_forward(const Plan& plan, const ForwardPass<T>& pass) const {
  const bool with_backward = pass.saved != nullptr;
  const Scratch<std::byte> temporary(with_backward ? 0 : plan.stored_bytes());
  std::byte* store = with_backward ? pass.saved : temporary.data();
  for (Index first = 0; first < plan.count();) {
    const Segment segment = plan.segment_from(first);
    parallel_for(segment.pieces, [&](Index piece) {
      const Scratch<T> memory(2 * segment.tile_elements);
      segment.for_each_tile(plan.rows(), piece, [&](Rows rows) {
        auto x = input(plan, pass.x, store, segment.first, rows);
        for (Index i = segment.first; i < segment.last; ++i) {
          auto y = output(plan, pass.y, store, i, rows);
          if (y.data() == nullptr) y = between_layers(segment, memory, i, y.shape());
          std::byte* saved = with_backward ? plan.saved(store, i, rows.first) : nullptr;
          link(i).layer.forward({.x = x,
                                 .y = y,
                                 .saved = saved,
                                 .mode = link(i).mode(pass.mode),
                                 .step = pass.step,
                                 .first_sample = pass.first_sample + rows.first});
          x = y;
        }
      });
    });
    first = segment.last;
  }
}

template <std::floating_point T>
void Sequential<T>::run_backward(const Plan& plan, const BackwardPass<T>& pass) const {
  const Index lowest = pass.needs_dx() ? 0 : first_layer_to_train(pass.gradients);
  const detail::WrittenGradients<T> written(chain_, pass.gradients);
  BackwardPass<T> own = pass;
  own.gradients = written.views();
  const Index most = plan.largest_between_segments();
  const Scratch<T> between(2 * most);
  TensorView<const T> dy = pass.dy;
  for (Index last = plan.count(), turn = 0; last > lowest; ++turn) {
    const Segment segment = plan.segment_to(last);
    const Index first = std::max(segment.first, lowest);
    TensorView<T> dx = pass.dx;
    if (first > lowest) dx = {between.data() + turn % 2 * most, plan.shape_into(first)};
    run_backward(plan, segment, first, own, dy, dx);
    dy = dx;
    last = segment.first;
  }
}

template <std::floating_point T>
void Sequential<T>::run_backward(const Plan& plan, const Segment& segment, Index first,
                                 const BackwardPass<T>& pass, TensorView<const T> dy,
                                 TensorView<T> dx) const {
  const Link& lowest = link(first);
  const Link& highest = link(segment.last - 1);
  const detail::PartialGradients<T> partial(
      segment.pieces, pass.gradients.subspan(lowest.first_parameter, highest.first_parameter +
                                                                         highest.parameter_count -
                                                                         lowest.first_parameter));
  parallel_for(segment.pieces, [&](Index piece) {
    const Scratch<T> memory(2 * segment.tile_elements);
    Store store = segment.pieces == 1 ? pass.store : Store::overwrite;
    segment.for_each_tile(plan.rows(), piece, [&](Rows rows) {
      auto dy_of_tile = dy.rows(rows.first, rows.last);
      for (Index i = segment.last; i-- > first;) {
        const auto x = input(plan, pass.x, pass.saved, i, rows);
        TensorView<T> dx_of_tile;
        if (i > first) {
          dx_of_tile = between_layers(segment, memory, i, x.shape());
        } else if (dx.data() != nullptr) {
          dx_of_tile = dx.rows(rows.first, rows.last);
        }
        link(i).layer.backward(
            {.x = x,
             .y = output(plan, pass.y, pass.saved, i, rows),
             .dy = dy_of_tile,
             .dx = dx_of_tile,
             .gradients = partial.of(piece).subspan(
                 link(i).first_parameter - lowest.first_parameter, link(i).parameter_count),
             .store = store,
             .saved = plan.saved(pass.saved, i, rows.first),
             .mode = link(i).mode(pass.mode)});
        dy_of_tile = dx_of_tile;
      }
      store = Store::add;
    });
  });
  partial.add_up(pass.store);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
