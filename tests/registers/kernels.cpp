// The kernels, whose code check.py reads.

#include "dlfs/simd/kernels.hpp"

namespace dlfs::simd {

template const Kernels<float>& kernels<float>();
template const Kernels<double>& kernels<double>();

}  // namespace dlfs::simd
