#pragma once

#include <cstddef>
#include <vector>

#include "support/program.hpp"

namespace ch06 {

/// The option of the programs whose networks have equal hidden layers.
inline const dlfs::examples::WholeNumber hidden_size{
    .name = "--hidden-size", .help = "Units of each hidden layer", .value = 100};

/// The sizes of so many hidden layers.
inline std::vector<dlfs::Index> hidden_sizes(std::size_t layers,
                                             const dlfs::examples::Options& options) {
  return std::vector<dlfs::Index>(layers, options.whole.at("--hidden-size"));
}

}  // namespace ch06
