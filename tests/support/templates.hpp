#pragma once

#include "dlfs/dlfs.hpp"

// What most tests run beyond dlfs::compiled, compiled once for all of them.

namespace dlfs {
extern template GradientReport check_gradients(const Sequential<double>&, Tensor<double>,
                                               const GradientCheckOptions&, PassMode);
}  // namespace dlfs
