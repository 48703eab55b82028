#pragma once

#include "dlfs/core/strict_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// What a kernel does with the values that are in its output already.
enum class Store : bool { overwrite, add };

}  // namespace dlfs
DLFS_STRICT_MATH_END
