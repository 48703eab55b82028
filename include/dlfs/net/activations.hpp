#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/net/sequential.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Calls `visit(name, y)` with the output of each layer for a batch x (N, ...), in order. It is
/// meant for inspection, not for speed, and does not change the network.
/// @throws ShapeError if x does not fit, or is not contiguous.
template <std::floating_point T, class Visit>
void for_each_activation(const Sequential<T>& network, std::type_identity_t<TensorArg<T>> x,
                         PassMode mode, const Visit& visit) {
  if (!x.is_contiguous()) throw ShapeError("activations: expected x to be contiguous");
  network.output_shape(x.shape());
  TensorView<const T> input = x;
  Tensor<T> before;
  for (Index i = 0; i < network.layer_count(); ++i) {
    const AnyLayer<T>& layer = network.layer(i);
    auto y = Tensor<T>::uninitialized(layer.output_shape(input.shape()));
    layer.forward({.x = input, .y = y, .mode = mode});
    visit(network.layer_name(i), y);
    before = std::move(y);
    input = before;
  }
}

/// The output of each layer for a batch, under the layer's name; see for_each_activation.
template <std::floating_point T>
std::vector<NamedTensor<T>> activations(const Sequential<T>& network,
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
