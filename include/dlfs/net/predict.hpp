#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "dlfs/functional/softmax.hpp"
#include "dlfs/net/neural_network.hpp"
#include "dlfs/nn/labels.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "dlfs/tensor/reduce.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The classes that a classifier predicts: of each sample, or of each place in it.
///
///   x (N, ...), logits (N, C, ...) -> (N, ...)
///
/// @throws ShapeError if x does not fit the network, or unless its outputs are (N, C, ...).
template <std::floating_point T>
Labels predict_labels(const NeuralNetwork<T>& network, TensorArg<std::type_identity_t<T>> x) {
  const Tensor<T> logits = network.predict(x);
  if (logits.rank() < 2) {
    throw ShapeError("predict_labels: expected outputs (N, C, ...), got ", logits.shape());
  }
  return cast<std::int32_t>(argmax(logits, 1));
}

/// The probabilities of the classes that a classifier predicts: softmax of its outputs.
///
///   x (N, ...) -> (N, C)
///
/// @throws ShapeError if x does not fit the network, or unless its outputs are (N, C).
template <std::floating_point T>
Tensor<T> predict_probabilities(const NeuralNetwork<T>& network,
                                TensorArg<std::type_identity_t<T>> x) {
  Tensor<T> logits = network.predict(x);
  if (logits.rank() != 2) {
    throw ShapeError("predict_probabilities: expected outputs (N, C), got ", logits.shape());
  }
  softmax(logits, logits.view());
  return logits;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
