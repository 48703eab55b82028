#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A tensor of a layer's state, with its name in files.
template <class T>
struct NamedTensor {
  /// A name and a tensor.
  NamedTensor(std::string name_, Tensor<T> value_)
      : name(std::move(name_)), value(std::move(value_)) {}

  std::string name;  ///< "weight" in a layer, "conv1.weight" in a network
  Tensor<T> value;   ///< the numbers
};

/// A tensor that an optimizer changes, with the gradient of the loss with respect to it.
template <class T>
struct Parameter : NamedTensor<T> {
  using NamedTensor<T>::NamedTensor;

  /// Shaped like value after a backward pass; empty before the first, and for a frozen parameter.
  Tensor<T> gradient;

  /// Factors of an optimizer's learning rate and weight decay. A rate of 0 freezes the parameter.
  /// Layers set the decay of biases, gammas and betas to 0.
  double rate_scale = 1;
  double decay_scale = 1;  ///< what the weight decay is multiplied by

  /// Whether training leaves it alone: networks do not compute its gradient, optimizers do not
  /// change it, and clipping does not count it.
  bool is_frozen() const { return rate_scale == 0; }
};

namespace detail {

/// Layers check a parameter's shape before a run, because anyone may assign another tensor to it.
/// @throws ShapeError, naming the layer's kind and the tensor, for another shape.
template <class T>
void expect_shape(std::string_view kind, const NamedTensor<T>& tensor, const Shape& shape) {
  if (tensor.value.shape() == shape) return;
  throw ShapeError(kind, ": expected ", tensor.name, " of shape ", shape, ", got ",
                   tensor.value.shape());
}

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
