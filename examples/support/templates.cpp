#include "support/templates.hpp"

namespace dlfs {
template void load_weights(const std::filesystem::path&, NeuralNetwork<float>&);
}  // namespace dlfs
