#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/net/neural_network.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A layer in the list that constructs a network. The network moves the layer out of the list,
/// because weights may be large.
template <std::floating_point T>
struct NamedLayer {
  std::string name;           ///< stands before the names of its parameters
  mutable AnyLayer<T> layer;  ///< any type that satisfies Layer
};

/// Consecutive layers, each with a name.
///
///   Sequential<float> net{{"affine1", Affine<float>({.in = 784, .out = 50}, He{}, rng)},
///                         {"relu1", Relu<float>()},
///                         {"affine2", Affine<float>({.in = 50, .out = 10}, He{}, rng)}};
template <std::floating_point T>
class Sequential : public NeuralNetwork<T> {
 public:
  Sequential() : NeuralNetwork<T>("sequential") { this->add_input("x"); }
  /// @throws ValueError for a name that is empty or used twice, or if the list was already used.
  Sequential(std::initializer_list<NamedLayer<T>> layers) : Sequential() {
    for (const auto& [name, layer] : layers) {
      if (layer.is_empty()) throw ValueError("network: its list of layers was used before");
      add(name, std::move(layer));
    }
  }
  /// The same for layers that were not given their sizes, or weights: they find them, given the
  /// shape of one sample, without N.
  ///
  ///   Sequential<float> net({784}, rng, {{"affine1", Affine<float>({.out = 50}, He{})}, ...});
  ///
  /// @throws ShapeError, naming the layer whose input does not fit.
  Sequential(const Shape& sample, Rng& rng, std::initializer_list<NamedLayer<T>> layers)
      : Sequential(layers) {
    this->initialize(detail::batch_of_one(sample), rng);
  }
  /// Does not compile; the message says what to write instead.
  template <detail::HasScalar... L>
    requires(sizeof...(L) > 0)
  DLFS_REFUSED("each layer of a network has a name: {\"relu1\", Relu<float>()}")
  explicit Sequential(L...);
  /// Does not compile; the message says what to write instead.
  DLFS_REFUSED("a network takes its layers as a list in braces, or one by one: add(name, layer)")
  explicit Sequential(const std::vector<NamedLayer<T>>&);

  /// Appends a layer, and prefixes its name to those of its parameters: "conv1.weight".
  /// @throws ValueError for a name that is empty or already used, or a layer that was moved from.
  Sequential& add(const std::string& name, AnyLayer<T> layer) {
    if (this->input_count() == 0) this->add_input("x");  // of a network that was moved away
    this->add_node(name, std::move(layer), {this->layer_count()});
    return *this;
  }

  /// Does not compile; the message says what to write instead.
  template <Layer L>
  DLFS_REFUSED("each layer of a network has a name: add(\"relu1\", Relu<float>())")
  void add(L);
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
