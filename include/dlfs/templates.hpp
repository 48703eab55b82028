#pragma once

// Compiles the most used templates once, for programs of several source files.
//
// A header of the program names each element type that the program uses:
//
//   #include <dlfs/templates.hpp>
//   DLFS_EXTERN_TEMPLATES(float)
//
// One source file includes that header and compiles the templates:
//
//   DLFS_INSTANTIATE_TEMPLATES(float)
//
// A source file with layers and a trainer then takes two fifths of the time to compile. Both macros
// must be outside of any namespace, and all files must have the same compiler flags. Templates that
// are not in the list below are compiled where they are used.

#include <cstdint>
#include <vector>

#include "dlfs/dlfs.hpp"

/// Declares that another source file compiles these templates for elements of type T.
#define DLFS_EXTERN_TEMPLATES(T) DLFS_TEMPLATES(extern, T)

/// Compiles them.
#define DLFS_INSTANTIATE_TEMPLATES(T) DLFS_TEMPLATES(, T)

#define DLFS_TEMPLATES(EXTERN, T)                                                              \
  namespace dlfs {                                                                             \
  EXTERN template const simd::Kernels<T>& simd::kernels<T>();                                  \
  EXTERN template const simd::BlockPooling<T>& simd::block_pooling<T>(Index);                  \
                                                                                               \
  EXTERN template void detail::matmul(const TensorView<const T>&, const TensorView<const T>&,  \
                                      const TensorView<T>&, Store);                            \
  EXTERN template void convolution(const TensorView<const T>&, TensorArg<T>, TensorArg<T>,     \
                                   const Window2d&, Index, TensorView<T>);                     \
  EXTERN template void convolution_backward_input(const TensorView<const T>&, TensorArg<T>,    \
                                                  const Window2d&, Index, TensorView<T>);      \
  EXTERN template void convolution_backward_weights(const TensorView<const T>&, TensorArg<T>,  \
                                                    const Window2d&, Index, TensorView<T>,     \
                                                    TensorView<T>, Store);                     \
  EXTERN template void relu(const TensorView<const T>&, TensorView<T>);                        \
  EXTERN template void relu_backward(const TensorView<const T>&, TensorArg<T>, TensorView<T>); \
  EXTERN template void max_pooling(const TensorView<const T>&, const Window2d&, TensorView<T>, \
                                   std::uint16_t*);                                            \
  EXTERN template void max_pooling_backward(const TensorView<const T>&, const std::uint16_t*,  \
                                            const Window2d&, TensorView<T>);                   \
  EXTERN template T softmax_cross_entropy(const Tensor<T>&, TensorArg<std::int32_t>,           \
                                          TensorView<T>);                                      \
                                                                                               \
  EXTERN template class Affine<T>;                                                             \
  EXTERN template class BatchNormalization<T>;                                                 \
  EXTERN template class Convolution<T>;                                                        \
  EXTERN template class Dropout<T>;                                                            \
  EXTERN template class MaxPooling<T>;                                                         \
  EXTERN template class Relu<T>;                                                               \
  EXTERN template class SoftmaxCrossEntropy<T>;                                                \
  EXTERN template AnyLayer<T>::AnyLayer(Affine<T>);                                            \
  EXTERN template AnyLayer<T>::AnyLayer(BatchNormalization<T>);                                \
  EXTERN template AnyLayer<T>::AnyLayer(Convolution<T>);                                       \
  EXTERN template AnyLayer<T>::AnyLayer(Dropout<T>);                                           \
  EXTERN template AnyLayer<T>::AnyLayer(MaxPooling<T>);                                        \
  EXTERN template AnyLayer<T>::AnyLayer(Relu<T>);                                              \
  EXTERN template class detail::Plan<T>;                                                       \
  EXTERN template class Sequential<T>;                                                         \
                                                                                               \
  EXTERN template std::vector<NamedTensor<T>> activations(const Sequential<T>&, TensorArg<T>,  \
                                                          PassMode);                           \
  EXTERN template double accuracy(const Sequential<T>&, const Dataset<T>&, Index);             \
  EXTERN template Dataset<T> generated_digits(Index, const Rng&);                              \
  EXTERN template class Trainer<T, SoftmaxCrossEntropy<T>, Adam<T>>;                           \
  EXTERN template class Trainer<T, SoftmaxCrossEntropy<T>, Sgd<T>>;                            \
  }
