#pragma once

#include <string>
#include <utility>

#include "dlfs/core/tensor.hpp"

namespace dlfs {

/// A tensor that training changes, with the gradient of the loss with respect to it.
template <class T>
struct Parameter {
  Parameter(std::string name_, Tensor<T> value_)
      : name(std::move(name_)), value(std::move(value_)) {}

  std::string name;  // "weight" in a layer, "conv1.weight" in a network
  Tensor<T> value;
  Tensor<T> gradient;  // shaped like value after a backward pass, empty before the first
};

}  // namespace dlfs
