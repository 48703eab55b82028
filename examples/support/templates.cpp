#include "support/templates.hpp"

DLFS_INSTANTIATE_TEMPLATES(float)

namespace dlfs {
template Mnist<float> load_mnist(const std::filesystem::path&);
template void load_weights(const std::filesystem::path&, Sequential<float>&);
}  // namespace dlfs
