#pragma once

#include <concepts>
#include <optional>
#include <utility>
#include <vector>

#include "dlfs/io/onnx_importer.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/linear.hpp"
#include "dlfs/nn/layers/standardization.hpp"
#include "dlfs/tensor/elementwise.hpp"

// Layers of the weights of an ONNX file.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

/// Draws nothing: the weights are set.
struct NoInitializer {
  template <class T>
  void operator()(Tensor<T>&, Fans, Rng&) const {}
};

template <std::floating_point T>
AnyLayer<T> with_weights(AnyLayer<T> layer, std::vector<Tensor<T>> weights) {
  const auto parameters = layer.parameters();
  for (std::size_t i = 0; i < weights.size(); ++i) parameters[i]->value = std::move(weights[i]);
  return layer;
}

template <std::floating_point T>
AnyLayer<T> with_buffers(AnyLayer<T> layer, std::vector<Tensor<T>> values) {
  const auto buffers = layer.buffers();
  for (std::size_t i = 0; i < values.size(); ++i) buffers[i]->value = std::move(values[i]);
  return layer;
}

template <std::floating_point T>
Tensor<T> flat(const Tensor<T>& x) {
  return copy(x.view().reshape(Shape{x.size()}));
}

/// The axis of x along which a constant has its numbers, one for each place; none if it has them
/// along several. One number is along the last axis.
template <std::floating_point T>
std::optional<int> axis_of(const Tensor<T>& c, const Value& x) {
  if (c.rank() > x.rank() || x.rank() < 2) return std::nullopt;
  int found = -1;
  for (int axis = 0; axis < c.rank(); ++axis) {
    if (c.shape()[axis] == 1) continue;
    if (found >= 0) return std::nullopt;
    found = axis + x.rank() - c.rank();
    if (c.shape()[axis] != x.extent(found)) return std::nullopt;
  }
  if (found < 0) found = x.has_samples(x.rank() - 1) ? 1 : x.rank() - 1;
  if (x.has_samples(found)) return std::nullopt;
  return found;
}

/// y = (x - mean) / deviation, or y = x deviation + mean.
template <std::floating_point T>
AnyLayer<T> standardization(bool inverse, Tensor<T> mean, Tensor<T> deviation) {
  Standardization<T> layer({.features = mean.size(), .inverse = inverse});
  return with_buffers<T>(std::move(layer), {std::move(mean), std::move(deviation)});
}

template <std::floating_point T>
AnyLayer<T> fully_connected(const Shape& x, Tensor<T> weight, Tensor<T> bias) {
  if (x.rank() == 2) return Affine<T>(std::move(weight), std::move(bias));
  Rng rng(0);
  Linear<T> layer({.in = weight.extent(0), .out = weight.extent(1)}, NoInitializer{}, rng);
  return with_weights<T>(std::move(layer), {std::move(weight), std::move(bias)});
}

/// A layer that treats each number alike.
template <std::floating_point T>
void elementwise(Importer<T>& in, const Value& x, AnyLayer<T> layer) {
  in.result_view(
      in.in_order_of(x, [&](const Value& plain) { return in.layer(std::move(layer), {plain}); }));
}

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
