#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "dlfs/dlfs.hpp"
#include "dlfs/io/mnist.hpp"
#include "dlfs/io/weights.hpp"

// What most programs run, compiled once for all of them, in compiled.cpp.

namespace dlfs {

extern template const simd::Kernels<float>& simd::kernels<float>();
extern template const simd::BlockPooling<float>& simd::block_pooling<float>();

extern template void detail::matmul(const TensorView<const float>&, const TensorView<const float>&,
                                    const TensorView<float>&, Store);
extern template void convolution(const TensorView<const float>&, TensorView<const float>,
                                 TensorView<const float>, const Window&, Index, TensorView<float>);
extern template void convolution_backward_input(const TensorView<const float>&,
                                                TensorView<const float>, const Window&, Index,
                                                TensorView<float>);
extern template void convolution_backward_weights(const TensorView<const float>&,
                                                  TensorView<const float>, const Window&, Index,
                                                  TensorView<float>, TensorView<float>, Store);

extern template void max_pooling(const TensorView<const float>&, const Window&, TensorView<float>,
                                 std::uint16_t*);
extern template void max_pooling_backward(const TensorView<const float>&, const std::uint16_t*,
                                          const Window&, TensorView<float>);
extern template float softmax_cross_entropy(const Tensor<float>&, TensorView<const std::int32_t>,
                                            TensorView<float>);

extern template class Affine<float>;
extern template class BatchNormalization<float>;
extern template class Convolution<float>;
extern template class Dropout<float>;
extern template class MaxPooling<float>;
extern template class Relu<float>;
extern template class SoftmaxCrossEntropy<float>;
extern template class Sequential<float>;
extern template class Trainer<float, SoftmaxCrossEntropy<float>, Adam<float>>;
extern template class Trainer<float, SoftmaxCrossEntropy<float>, Sgd<float>>;
extern template std::vector<NamedTensor<float>> activations(const Sequential<float>&,
                                                            TensorView<const float>, Mode);
extern template double accuracy(const Sequential<float>&, const Dataset<float>&, Index);
extern template Dataset<float> generated_digits(Index, const Rng&);
extern template Mnist<float> load_mnist(const std::filesystem::path&);
extern template void load_weights(const std::filesystem::path&, Sequential<float>&);

}  // namespace dlfs
