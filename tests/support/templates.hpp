#pragma once

#include "dlfs/templates.hpp"

// The templates that most tests use, compiled once for all of them.

DLFS_EXTERN_TEMPLATES(float)
DLFS_EXTERN_TEMPLATES(double)

namespace dlfs {
extern template GradientReport check_gradients(const Sequential<double>&, Tensor<double>,
                                               const GradientCheckOptions&, PassMode);
}  // namespace dlfs
