#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/net/neural_network.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Calls `visit(name, y)` with the output of each layer for a batch x (N, ...), in order. It is
/// meant for inspection, not for speed, and does not change the network.
/// @throws ShapeError if x does not fit, or is not contiguous.
template <std::floating_point T, class Visit>
void for_each_activation(const NeuralNetwork<T>& network, std::type_identity_t<TensorArg<T>> x,
                         PassMode mode, const Visit& visit) {
  if (!x.is_contiguous()) throw ShapeError("activations: expected x to be contiguous");
  network.output_shape(x.shape());
  const Composition<T> composition = network.composition();
  std::vector<Tensor<T>> outputs;
  const auto value = [&](Index i) -> TensorView<const T> {
    return i == 0 ? TensorView<const T>(x) : outputs[static_cast<std::size_t>(i - 1)].view();
  };
  for (const typename Composition<T>::Part& part : composition.parts) {
    std::vector<TensorView<const T>> inputs;
    std::vector<Shape> shapes;
    for (const Index i : part.inputs) {
      inputs.push_back(value(i));
      shapes.push_back(inputs.back().shape());
    }
    Tensor<T>& y = outputs.emplace_back(part.layer->output_shape(shapes));
    part.layer->forward({.x = inputs.front(), .y = y, .mode = mode, .inputs = inputs});
    visit(part.name, std::as_const(y));
  }
}

/// The output of each layer for a batch, under the layer's name; see for_each_activation.
template <std::floating_point T>
std::vector<NamedTensor<T>> activations(const NeuralNetwork<T>& network,
                                        std::type_identity_t<TensorArg<T>> x,
                                        PassMode mode = PassMode::evaluate) {
  std::vector<NamedTensor<T>> outputs;
  for_each_activation(network, x, mode, [&](const std::string& name, const Tensor<T>& y) {
    outputs.push_back({name, y});
  });
  return outputs;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
