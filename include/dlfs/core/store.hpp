#pragma once

#include "dlfs/core/strict_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Whether a kernel overwrites its output or adds to it.
enum class Store : bool { overwrite, add };

}  // namespace dlfs
DLFS_STRICT_MATH_END
