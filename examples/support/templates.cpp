#include "support/templates.hpp"

namespace dlfs {
template Mnist<float> load_mnist(const std::filesystem::path&);
template void load_weights(const std::filesystem::path&, Sequential<float>&);
}  // namespace dlfs
