#include "support/templates.hpp"

namespace dlfs {
template GradientReport check_gradients(const Sequential<double>&, Tensor<double>,
                                        const GradientCheckOptions&, PassMode);
}  // namespace dlfs
