#pragma once

#include <memory>
#include <string>
#include <utility>

#include "dlfs/core/tensor.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A tensor to write, and its name. Owns the tensor if it was expiring.
template <class T>
struct NamedView {
  ///@{
  /// A name and what is written under it.
  NamedView(std::string name_, TensorView<const T> value_)
      : name(std::move(name_)), value(value_) {}
  NamedView(std::string name_, const Tensor<T>& value_)
      : NamedView(std::move(name_), value_.view()) {}
  NamedView(std::string name_, Tensor<T>&& expiring)
      : name(std::move(name_)),
        owned(std::make_shared<const Tensor<T>>(std::move(expiring))),
        value(*owned) {}
  NamedView(std::string name_, const Tensor<T>&& expiring) = delete;
  NamedView(const NamedTensor<T>& tensor) : NamedView(tensor.name, tensor.value) {}
  NamedView(NamedTensor<T>&& expiring)
      : NamedView(std::move(expiring.name), std::move(expiring.value)) {}
  NamedView(const NamedTensor<T>&& expiring) = delete;
  ///@}

  std::string name;                          ///< the array's name in the file
  std::shared_ptr<const Tensor<T>> owned{};  ///< holds the tensor where it expires
  TensorView<const T> value;                 ///< what is written
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
