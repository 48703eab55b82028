#include "support/templates.hpp"

namespace dlfs {
template LoadedWeights load_weights(const std::filesystem::path&, NeuralNetwork<float>&,
                                    const LoadWeightsOptions&);
}  // namespace dlfs
