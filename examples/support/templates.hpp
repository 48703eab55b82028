#pragma once

#include <filesystem>

#include "dlfs/dlfs.hpp"
#include "dlfs/io/weights.hpp"

// Templates that most programs use and dlfs::compiled lacks, compiled once for all programs.

namespace dlfs {
extern template LoadedWeights load_weights(const std::filesystem::path&, NeuralNetwork<float>&,
                                           const LoadWeightsOptions&);
}  // namespace dlfs
