#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/net/any_stepper.hpp"
#include "dlfs/net/composition.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A layer that is made of other layers, and can list them.
template <class L>
concept CompositeLayer = LayerOrMultiInputLayer<L> && requires(const L& layer) {
  { layer.composition() } -> std::same_as<Composition<typename L::Scalar>>;
};

namespace detail {

[[noreturn, gnu::noinline, gnu::cold]] inline void throw_input_count(std::string_view kind,
                                                                     std::size_t count) {
  throw ShapeError(kind, ": expected one input, got ", count);
}

}  // namespace detail

/// A layer's `forward_rows`, or nullptr if it has none.
template <std::floating_point T>
struct RowsFunction {
  const void* layer = nullptr;  ///< the first argument of `call`
  void (*call)(const void* layer, const DenseRows<T>& rows) = nullptr;  ///< writes rows.y
};

/// A layer of any type (type erasure), with value semantics: copying it copies the layer. Using one
/// after a move from it throws ValueError.
template <std::floating_point T>
class AnyLayer {
 public:
  /// Implicit, so that layers can be listed without their wrapper.
  template <LayerOrMultiInputLayer L>
    requires(std::same_as<typename L::Scalar, T>&& detail::OptionalMembersFit<L>)
  AnyLayer(L layer);

  /// Does not compile; the message says what to write instead.
  template <LayerOrMultiInputLayer L>
    requires(std::same_as<typename L::Scalar, T> && !detail::OptionalMembersFit<L>)
  DLFS_REFUSED(
      "parameters() of a layer returns pointers to Parameter<Scalar>, buffers() beside "
      "update_buffers(x, saved) to NamedTensor<Scalar>; forward_rows(rows) is const; flops(x) and "
      "saved_bytes(x) are const and "
      "return Index; step_axis(x, axis) is const and returns int, stepper(x) a LayerStepper")
  AnyLayer(L);
  /// Does not compile; the message says what to write instead.
  template <LayerOrMultiInputLayer L>
    requires(!std::same_as<typename L::Scalar, T>)
  DLFS_REFUSED(
      "this layer has another element type than the network, as Relu<double> in a float one")
  AnyLayer(L);
  /// Does not compile; the message says what to write instead.
  template <class L>
    requires(!LayerOrMultiInputLayer<L> && !detail::HasScalar<L>)
  DLFS_REFUSED("this is no layer of a network: see the concept dlfs::Layer in nn/layer.hpp")
  AnyLayer(L);
  /// Does not compile; the message says what to write instead.
  template <class L>
    requires(!LayerOrMultiInputLayer<L> && detail::HasScalar<L> && !detail::HasTraits<L>)
  DLFS_REFUSED("a layer needs LayerTraits traits(), const or static")
  AnyLayer(L);
  /// Does not compile; the message says what to write instead.
  template <class L>
    requires(!LayerOrMultiInputLayer<L> && detail::HasScalar<L> && detail::HasTraits<L> &&
             !detail::HasOutputShape<L>)
  DLFS_REFUSED("a layer needs Shape output_shape(const Shape& x) const")
  AnyLayer(L);
  /// Does not compile; the message says what to write instead.
  template <class L>
    requires(!LayerOrMultiInputLayer<L> && detail::HasScalar<L> && detail::HasTraits<L> &&
             detail::HasOutputShape<L>)
  DLFS_REFUSED(
      "a layer needs forward(const ForwardPass<Scalar>&) and "
      "backward(const BackwardPass<Scalar>&), both const, and has to be copyable")
  AnyLayer(L);

  ///@{
  /// A copy has a layer of its own; a layer that is moved away leaves none.
  AnyLayer(const AnyLayer& other) : model_(other.is_empty() ? nullptr : other.model_->clone()) {}
  AnyLayer(AnyLayer&&) noexcept = default;
  ///@}
  /// Takes the other's layer.
  AnyLayer& operator=(AnyLayer other) noexcept {
    model_ = std::move(other.model_);
    return *this;
  }
  ~AnyLayer() = default;

  /// Whether the layer was moved from.
  bool is_empty() const { return model_ == nullptr; }

  /// What a network must know of this layer.
  LayerTraits traits() const { return model().traits(); }
  ///@{
  /// The shape of y. @throws ShapeError unless the input fits, or the inputs in their number too.
  Shape output_shape(const Shape& x) const { return output_shape(std::span(&x, 1)); }
  Shape output_shape(std::span<const Shape> x) const { return model().output_shape(x); }
  ///@}
  ///@{
  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const { return saved_bytes(std::span(&x, 1)); }
  Index saved_bytes(std::span<const Shape> x) const { return model().saved_bytes(x); }
  ///@}
  ///@{
  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const { return flops(std::span(&x, 1)); }
  Index flops(std::span<const Shape> x) const { return model().flops(x); }
  ///@}
  /// The axis of the steps of y: see LayerWithSteps.
  int step_axis(const Shape& x, int axis) const { return model().step_axis(x, axis); }
  /// The shape of one step of one sequence, or nothing if the layer does not know it.
  std::optional<Shape> step_shape() const { return model().step_shape(); }
  /// The layer's own stepper, or an empty one: then `forward` computes a step.
  AnyStepper<T> stepper(const Shape& x) const { return model().stepper(x); }
  /// The layers that it consists of.
  Composition<T> composition() const& { return model().composition(); }
  Composition<T> composition() const&& = delete;
  /// Shows its options. Returns whether it can: whether the layer has a `visit_options`, or no
  /// members that could be options.
  bool visit_options(OptionVisitor& visit) const { return model().visit_options(visit); }
  /// Gives it the shapes of its inputs, in which it finds sizes, and random numbers for its
  /// parameters.
  void initialize(std::span<const Shape> x, Rng& rng) { model().initialize(x, rng); }
  /// What computes dense rows, valid while this layer is neither changed nor destroyed.
  RowsFunction<T> rows_function() const { return model().rows_function(); }
  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { model().forward(pass); }
  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const { model().backward(pass); }
  ///@{
  /// What it learns.
  std::vector<Parameter<T>*> parameters() & { return model().parameters(); }
  std::vector<const Parameter<T>*> parameters() const& {
    const auto list = model().parameters();
    return {list.begin(), list.end()};
  }
  std::vector<const Parameter<T>*> parameters() const&& = delete;
  ///@}
  ///@{
  /// What it collects while it trains.
  std::vector<NamedTensor<T>*> buffers() & { return model().buffers(); }
  std::vector<const NamedTensor<T>*> buffers() const& {
    const auto list = model().buffers();
    return {list.begin(), list.end()};
  }
  std::vector<const NamedTensor<T>*> buffers() const&& = delete;
  ///@}
  ///@{
  /// Takes what a training pass has saved into the buffers.
  void update_buffers(const Shape& x, const std::byte* saved) {
    update_buffers(std::span(&x, 1), saved);
  }
  void update_buffers(std::span<const Shape> x, const std::byte* saved) {
    model().update_buffers(x, saved);
  }
  ///@}

 private:
  struct Interface {
    Interface() = default;
    Interface(const Interface&) = default;
    virtual ~Interface() = default;
    virtual std::unique_ptr<Interface> clone() const = 0;
    virtual LayerTraits traits() const = 0;
    virtual Shape output_shape(std::span<const Shape> x) const = 0;
    virtual Index saved_bytes(std::span<const Shape> x) const = 0;
    virtual Index flops(std::span<const Shape> x) const = 0;
    virtual Composition<T> composition() const = 0;
    virtual int step_axis(const Shape& x, int axis) const = 0;
    virtual std::optional<Shape> step_shape() const = 0;
    virtual AnyStepper<T> stepper(const Shape& x) const = 0;
    virtual bool visit_options(OptionVisitor& visit) const = 0;
    virtual void initialize(std::span<const Shape> x, Rng& rng) = 0;
    virtual RowsFunction<T> rows_function() const = 0;
    virtual void forward(const ForwardPass<T>& pass) const = 0;
    virtual void backward(const BackwardPass<T>& pass) const = 0;
    virtual std::vector<Parameter<T>*> parameters() = 0;
    virtual std::vector<NamedTensor<T>*> buffers() = 0;
    virtual void update_buffers(std::span<const Shape> x, const std::byte* saved) = 0;
  };

  template <class L>
  struct Model final : Interface {
    explicit Model(L&& l) : layer(std::move(l)) {}
    std::unique_ptr<Interface> clone() const override { return std::make_unique<Model>(*this); }
    LayerTraits traits() const override { return layer.traits(); }
    /// What the layer is told of its inputs.
    static detail::InputShape<L> input(std::span<const Shape> x) {
      if constexpr (MultiInputLayer<L>) {
        return x;
      } else {
        return x.front();
      }
    }
    Shape output_shape(std::span<const Shape> x) const override {
      if (!MultiInputLayer<L> && x.size() != 1) detail::throw_input_count(traits().kind, x.size());
      return layer.output_shape(input(x));
    }
    Index saved_bytes(std::span<const Shape> x) const override {
      if constexpr (LayerWithSavedBytes<L>) {
        return layer.saved_bytes(input(x));
      } else {
        return 0;
      }
    }
    Index flops(std::span<const Shape> x) const override {
      if constexpr (LayerWithFlops<L>) {
        return layer.flops(input(x));
      } else {
        return 0;
      }
    }
    Composition<T> composition() const override {
      if constexpr (CompositeLayer<L>) {
        return layer.composition();
      } else {
        return {};
      }
    }
    int step_axis(const Shape& x, int axis) const override {
      if constexpr (LayerWithSteps<L>) {
        return layer.step_axis(x, axis);
      } else {
        return detail::default_step_axis(layer.traits(), axis);
      }
    }
    std::optional<Shape> step_shape() const override {
      if constexpr (LayerWithStepShape<L>) {
        return layer.step_shape();
      } else {
        return std::nullopt;
      }
    }
    AnyStepper<T> stepper([[maybe_unused]] const Shape& x) const override {
      if constexpr (LayerWithStepper<L>) {
        return layer.stepper(x);
      } else {
        return {};
      }
    }
    bool visit_options(OptionVisitor& visit) const override {
      if constexpr (LayerWithOptions<L>) layer.visit_options(visit);
      return LayerWithOptions<L> || std::is_empty_v<L>;
    }
    void initialize(std::span<const Shape> x, Rng& rng) override {
      if constexpr (LayerWithInitialize<L>) layer.initialize(input(x), rng);
    }
    RowsFunction<T> rows_function() const override {
      if constexpr (LayerWithForwardRows<L>) {
        return {&layer, [](const void* self, const DenseRows<T>& rows) {
                  static_cast<const L*>(self)->forward_rows(rows);
                }};
      } else {
        return {};
      }
    }
    void forward(const ForwardPass<T>& pass) const override {
      if constexpr (MultiInputLayer<L>) {
        if (pass.inputs.empty()) return forward_one_input(pass);
      }
      layer.forward(pass);
    }
    void backward(const BackwardPass<T>& pass) const override {
      if constexpr (MultiInputLayer<L>) {
        if (pass.inputs.empty()) return backward_one_input(pass);
      }
      layer.backward(pass);
    }
    void forward_one_input(ForwardPass<T> pass) const {
      const TensorView<const T> x = pass.x;
      pass.inputs = {&x, 1};
      layer.forward(pass);
    }
    void backward_one_input(BackwardPass<T> pass) const {
      const TensorView<const T> x = pass.x;
      const TensorView<T> dx = pass.dx;
      pass.inputs = {&x, 1};
      pass.dxs = {&dx, 1};
      layer.backward(pass);
    }
    std::vector<Parameter<T>*> parameters() override {
      if constexpr (LayerWithParameters<L>) {
        const auto list = layer.parameters();
        return {std::begin(list), std::end(list)};
      } else {
        return {};
      }
    }
    std::vector<NamedTensor<T>*> buffers() override {
      if constexpr (LayerWithBuffers<L>) {
        const auto list = layer.buffers();
        return {std::begin(list), std::end(list)};
      } else {
        return {};
      }
    }
    void update_buffers(std::span<const Shape> x, const std::byte* saved) override {
      if constexpr (LayerWithBuffers<L>) layer.update_buffers(input(x), saved);
    }
    L layer;
  };

  Interface& model() const {
    if (is_empty()) throw ValueError("layer: it was moved away");
    return *model_;
  }

  std::unique_ptr<Interface> model_;
};

template <std::floating_point T>
template <LayerOrMultiInputLayer L>
  requires(std::same_as<typename L::Scalar, T>&& detail::OptionalMembersFit<L>)
AnyLayer<T>::AnyLayer(L layer) : model_(std::make_unique<Model<L>>(std::move(layer))) {}

}  // namespace dlfs
DLFS_STRICT_MATH_END
