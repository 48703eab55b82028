#pragma once

#include <concepts>
#include <memory>
#include <utility>
#include <vector>

#include "dlfs/net/composition.hpp"
#include "dlfs/nn/layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A layer that is made of others, and shows them.
template <class L>
concept CompositeLayer = Layer<L> && requires(const L& layer) {
  { layer.composition() } -> std::same_as<Composition<typename L::Scalar>>;
};

/// A layer of any type behind one type, with value semantics: copying it copies the layer. One that
/// was moved away throws a ValueError where it is used.
template <std::floating_point T>
class AnyLayer {
 public:
  /// Takes any layer of this scalar type, so that a list of layers reads as such.
  template <Layer L>
    requires(std::same_as<typename L::Scalar, T>&& detail::OptionalMembersFit<L>)
  AnyLayer(L layer);

  template <Layer L>
    requires(std::same_as<typename L::Scalar, T> && !detail::OptionalMembersFit<L>)
  DLFS_REFUSED(
      "parameters() of a layer returns pointers to Parameter<Scalar>, buffers() beside observe(x, "
      "saved) to NamedTensor<Scalar>; flops(x) and saved_bytes(x) are const and return Index")
  AnyLayer(L);
  template <Layer L>
    requires(!std::same_as<typename L::Scalar, T>)
  DLFS_REFUSED(
      "this layer has another element type than the network, as Relu<double> in a float one")
  AnyLayer(L);
  template <class L>
    requires(!Layer<L> && !detail::HasScalar<L>)
  DLFS_REFUSED("this is no layer of a network: see the concept dlfs::Layer in nn/layer.hpp")
  AnyLayer(L);
  template <class L>
    requires(!Layer<L> && detail::HasScalar<L> && !detail::HasTraits<L>)
  DLFS_REFUSED("a layer needs LayerTraits traits(), const or static")
  AnyLayer(L);
  template <class L>
    requires(!Layer<L> && detail::HasScalar<L> && detail::HasTraits<L> &&
             !detail::HasOutputShape<L>)
  DLFS_REFUSED("a layer needs Shape output_shape(const Shape& x) const")
  AnyLayer(L);
  template <class L>
    requires(!Layer<L> && detail::HasScalar<L> && detail::HasTraits<L> && detail::HasOutputShape<L>)
  DLFS_REFUSED(
      "a layer needs forward(const ForwardPass<Scalar>&) and "
      "backward(const BackwardPass<Scalar>&), both const, and has to be copyable")
  AnyLayer(L);

  AnyLayer(const AnyLayer& other) : model_(other.is_empty() ? nullptr : other.model_->clone()) {}
  AnyLayer(AnyLayer&&) noexcept = default;
  AnyLayer& operator=(AnyLayer other) noexcept {
    model_ = std::move(other.model_);
    return *this;
  }
  ~AnyLayer() = default;

  /// Whether the layer was moved away.
  bool is_empty() const { return model_ == nullptr; }

  LayerTraits traits() const { return model().traits(); }
  Shape output_shape(const Shape& x) const { return model().output_shape(x); }
  Index saved_bytes(const Shape& x) const { return model().saved_bytes(x); }
  Index flops(const Shape& x) const { return model().flops(x); }
  Composition<T> composition() const& { return model().composition(); }
  Composition<T> composition() const&& = delete;
  void forward(const ForwardPass<T>& pass) const { model().forward(pass); }
  void backward(const BackwardPass<T>& pass) const { model().backward(pass); }
  std::vector<Parameter<T>*> parameters() & { return model().parameters(); }
  std::vector<const Parameter<T>*> parameters() const& {
    const auto list = model().parameters();
    return {list.begin(), list.end()};
  }
  std::vector<const Parameter<T>*> parameters() const&& = delete;
  std::vector<NamedTensor<T>*> buffers() & { return model().buffers(); }
  void observe(const Shape& x, const std::byte* saved) { model().observe(x, saved); }

 private:
  struct Interface {
    Interface() = default;
    Interface(const Interface&) = default;
    virtual ~Interface() = default;
    virtual std::unique_ptr<Interface> clone() const = 0;
    virtual LayerTraits traits() const = 0;
    virtual Shape output_shape(const Shape& x) const = 0;
    virtual Index saved_bytes(const Shape& x) const = 0;
    virtual Index flops(const Shape& x) const = 0;
    virtual Composition<T> composition() const = 0;
    virtual void forward(const ForwardPass<T>& pass) const = 0;
    virtual void backward(const BackwardPass<T>& pass) const = 0;
    virtual std::vector<Parameter<T>*> parameters() = 0;
    virtual std::vector<NamedTensor<T>*> buffers() = 0;
    virtual void observe(const Shape& x, const std::byte* saved) = 0;
  };

  template <class L>
  struct Model final : Interface {
    explicit Model(L&& l) : layer(std::move(l)) {}
    std::unique_ptr<Interface> clone() const override { return std::make_unique<Model>(*this); }
    LayerTraits traits() const override { return layer.traits(); }
    Shape output_shape(const Shape& x) const override { return layer.output_shape(x); }
    Index saved_bytes(const Shape& x) const override {
      if constexpr (LayerWithSavedBytes<L>) {
        return layer.saved_bytes(x);
      } else {
        return 0;
      }
    }
    Index flops(const Shape& x) const override {
      if constexpr (LayerWithFlops<L>) {
        return layer.flops(x);
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
    void forward(const ForwardPass<T>& pass) const override { layer.forward(pass); }
    void backward(const BackwardPass<T>& pass) const override { layer.backward(pass); }
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
    void observe(const Shape& x, const std::byte* saved) override {
      if constexpr (LayerWithBuffers<L>) layer.observe(x, saved);
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
template <Layer L>
  requires(std::same_as<typename L::Scalar, T>&& detail::OptionalMembersFit<L>)
AnyLayer<T>::AnyLayer(L layer) : model_(std::make_unique<Model<L>>(std::move(layer))) {}

}  // namespace dlfs
DLFS_STRICT_MATH_END
