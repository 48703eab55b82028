#pragma once

#include <filesystem>

#include "dlfs/io/mnist.hpp"
#include "dlfs/io/weights.hpp"
#include "dlfs/templates.hpp"

// What most programs run, compiled once for all of them.

DLFS_EXTERN_TEMPLATES(float)
DLFS_EXTERN_TEMPLATES(double)

namespace dlfs {
extern template Mnist<float> load_mnist(const std::filesystem::path&);
extern template void load_weights(const std::filesystem::path&, Sequential<float>&);
}  // namespace dlfs
