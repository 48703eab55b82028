#pragma once

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/net/sequential.hpp"

namespace dlfs {

/// What each layer of a network makes of a batch x (N, ...), under the layers' names and in their
/// order: for a look inside, not for speed. Leaves no trace in the network.
/// @throws ShapeError where x does not fit, or is not contiguous.
template <std::floating_point T>
std::vector<NamedTensor<T>> activations(const Sequential<T>& network,
                                        std::type_identity_t<TensorView<const T>> x,
                                        Mode mode = Mode::evaluate) {
  if (!x.is_contiguous()) throw ShapeError("activations: expected x to be contiguous");
  network.output_shape(x.shape());
  std::vector<NamedTensor<T>> outputs;
  for (Index i = 0; i < network.layer_count(); ++i) {
    const AnyLayer<T>& layer = network.layer(i);
    auto y = Tensor<T>::uninitialized(layer.output_shape(x.shape()));
    layer.forward({.x = x, .y = y, .mode = mode});
    outputs.emplace_back(network.layer_name(i), std::move(y));
    x = outputs.back().value.view();
  }
  return outputs;
}

}  // namespace dlfs
