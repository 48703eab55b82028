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

template class Affine<float>;
template class BatchNormalization<float>;
template class Convolution<float>;
template class Dropout<float>;
template class MaxPooling<float>;
template class Relu<float>;
template class SoftmaxCrossEntropy<float>;
template class Sequential<float>;
template std::vector<NamedTensor<float>> activations(const Sequential<float>&,
                                                     TensorView<const float>, Mode);
template double accuracy(const Sequential<float>&, const Dataset<float>&, Index);
template Dataset<float> generated_digits(Index, const Rng&);
template Mnist<float> load_mnist(const std::filesystem::path&);

}  // namespace dlfs
