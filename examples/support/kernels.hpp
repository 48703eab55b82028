#pragma once

#include "dlfs/dlfs.hpp"

// What most programs run, compiled once for all of them, in kernels.cpp.

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

}  // namespace dlfs
