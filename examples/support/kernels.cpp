#include "support/kernels.hpp"

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

}  // namespace dlfs
