#pragma once

// The templates that the library dlfs::compiled holds for float and double. A program that links it
// has DLFS_COMPILED defined, by which dlfs.hpp includes this header: then the compiler leaves them
// out of the program's own files. What the list does not name is compiled where it is used.
//
// No name of the list depends on the instructions that a file is compiled for, so a file with other
// flags than the library, such as -march=native, links as well.

#include <cstdint>
#include <vector>

#include "dlfs/conv/convolution.hpp"
#include "dlfs/conv/pooling.hpp"
#include "dlfs/data/generated_digits.hpp"
#include "dlfs/functional/activation.hpp"
#include "dlfs/functional/cross_entropy.hpp"
#include "dlfs/net/activations.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/dropout.hpp"
#include "dlfs/nn/layers/max_pooling.hpp"
#include "dlfs/nn/layers/relu.hpp"
#include "dlfs/nn/losses/softmax_cross_entropy.hpp"
#include "dlfs/optim/adam.hpp"
#include "dlfs/optim/sgd.hpp"
#include "dlfs/tensor/matmul.hpp"
#include "dlfs/train/metrics.hpp"
#include "dlfs/train/trainer.hpp"

// NOLINTBEGIN(bugprone-macro-parentheses): types
/// EXTERN is `extern` to declare that another file compiles them, or nothing to compile them.
#define DLFS_COMPILED_TEMPLATES(EXTERN, T)                                                       \
  namespace dlfs {                                                                               \
  EXTERN template void detail::matmul(const TensorView<const T>&, const TensorView<const T>&,    \
                                      const TensorView<T>&, Store);                              \
  EXTERN template void convolution(const TensorView<const T>&, TensorArg<T>, TensorArg<T>,       \
                                   const Window2d&, Index, TensorView<T>, ConvolutionAlgorithm); \
  EXTERN template void convolution_backward_input(const TensorView<const T>&, TensorArg<T>,      \
                                                  const Window2d&, Index, TensorView<T>,         \
                                                  ConvolutionAlgorithm);                         \
  EXTERN template void convolution_backward_weights(const TensorView<const T>&, TensorArg<T>,    \
                                                    const Window2d&, Index, TensorView<T>,       \
                                                    TensorView<T>, Store, ConvolutionAlgorithm); \
  EXTERN template void relu(const TensorView<const T>&, TensorView<T>);                          \
  EXTERN template void relu_backward(const TensorView<const T>&, TensorArg<T>, TensorView<T>);   \
  EXTERN template void max_pooling(const TensorView<const T>&, const Window2d&, TensorView<T>,   \
                                   std::uint16_t*);                                              \
  EXTERN template void max_pooling_backward(const TensorView<const T>&, const std::uint16_t*,    \
                                            const Window2d&, TensorView<T>);                     \
  EXTERN template T softmax_cross_entropy(const Tensor<T>&, TensorArg<std::int32_t>,             \
                                          TensorView<T>, const SoftmaxCrossEntropyOptions<T>&,   \
                                          TensorArg<T>);                                         \
                                                                                                 \
  EXTERN template void detail::scale_variance(Tensor<T>&, Fans, Rng&, double, detail::Fan,       \
                                              detail::Distribution);                             \
  EXTERN template class Affine<T>;                                                               \
  EXTERN template class BatchNormalization<T>;                                                   \
  EXTERN template class Convolution<T>;                                                          \
  EXTERN template class Dropout<T>;                                                              \
  EXTERN template class MaxPooling<T>;                                                           \
  EXTERN template class Relu<T>;                                                                 \
  EXTERN template class SoftmaxCrossEntropy<T>;                                                  \
  EXTERN template AnyLayer<T>::AnyLayer(Affine<T>);                                              \
  EXTERN template AnyLayer<T>::AnyLayer(BatchNormalization<T>);                                  \
  EXTERN template AnyLayer<T>::AnyLayer(Convolution<T>);                                         \
  EXTERN template AnyLayer<T>::AnyLayer(Dropout<T>);                                             \
  EXTERN template AnyLayer<T>::AnyLayer(MaxPooling<T>);                                          \
  EXTERN template AnyLayer<T>::AnyLayer(Relu<T>);                                                \
  EXTERN template class detail::Plan<T>;                                                         \
  EXTERN template class NeuralNetwork<T>;                                                        \
  EXTERN template class Sequential<T>;                                                           \
                                                                                                 \
  EXTERN template std::vector<NamedTensor<T>> activations(const NeuralNetwork<T>&, TensorArg<T>, \
                                                          PassMode);                             \
  EXTERN template double accuracy(const NeuralNetwork<T>&, const Dataset<T>&, Index);            \
  EXTERN template Dataset<T> generated_digits(Index, const Rng&);                                \
  EXTERN template class Trainer<T, SoftmaxCrossEntropy<T>, Adam<T>>;                             \
  EXTERN template class Trainer<T, SoftmaxCrossEntropy<T>, Sgd<T>>;                              \
  }
// NOLINTEND(bugprone-macro-parentheses)

#if defined(DLFS_COMPILED)
DLFS_COMPILED_TEMPLATES(extern, float)
DLFS_COMPILED_TEMPLATES(extern, double)
#endif
