#include "support/compiled.hpp"

namespace dlfs {

template const simd::Kernels<float>& simd::kernels<float>();
template const simd::BlockPooling<float>& simd::block_pooling<float>();

template void detail::matmul(const TensorView<const float>&, const TensorView<const float>&,
                             const TensorView<float>&, Store);
template void convolution(const TensorView<const float>&, TensorView<const float>,
                          TensorView<const float>, const Window&, Index, TensorView<float>);
template void convolution_backward_input(const TensorView<const float>&, TensorView<const float>,
                                         const Window&, Index, TensorView<float>);
template void convolution_backward_weights(const TensorView<const float>&, TensorView<const float>,
                                           const Window&, Index, TensorView<float>,
                                           TensorView<float>, Store);

template void max_pooling(const TensorView<const float>&, const Window&, TensorView<float>,
                          std::uint16_t*);
template void max_pooling_backward(const TensorView<const float>&, const std::uint16_t*,
                                   const Window&, TensorView<float>);
template float softmax_cross_entropy(const Tensor<float>&, TensorView<const std::int32_t>,
                                     TensorView<float>);

template class Affine<float>;
template class BatchNormalization<float>;
template class Convolution<float>;
template class Dropout<float>;
template class MaxPooling<float>;
template class Relu<float>;
template class SoftmaxCrossEntropy<float>;
template class Sequential<float>;
template class Trainer<float, SoftmaxCrossEntropy<float>, Adam<float>>;
template class Trainer<float, SoftmaxCrossEntropy<float>, Sgd<float>>;
template std::vector<NamedTensor<float>> activations(const Sequential<float>&,
                                                     TensorView<const float>, Mode);
template double accuracy(const Sequential<float>&, const Dataset<float>&, Index);
template Dataset<float> generated_digits(Index, const Rng&);
template Mnist<float> load_mnist(const std::filesystem::path&);
template void load_weights(const std::filesystem::path&, Sequential<float>&);

}  // namespace dlfs
