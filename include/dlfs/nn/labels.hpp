#pragma once

#include <cstdint>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The class of each sample as an index from 0; shape (N).
using Labels = Tensor<std::int32_t>;

}  // namespace dlfs
DLFS_STRICT_MATH_END
