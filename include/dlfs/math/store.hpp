#pragma once

namespace dlfs {

/// What a kernel does with the values that are in its output already.
enum class Store : bool { overwrite, add };

}  // namespace dlfs
