#pragma once

#include <cstdint>

#include "dlfs/core/tensor.hpp"

namespace dlfs {

/// The class of each sample as an index from 0: shape (N).
using Labels = Tensor<std::int32_t>;

}  // namespace dlfs
