#include "support/templates.hpp"

DLFS_INSTANTIATE_TEMPLATES(double)

namespace dlfs {
template GradientReport check_gradients(const Sequential<double>&, Tensor<double>,
                                        const GradientCheckOptions&, Mode);
}  // namespace dlfs
