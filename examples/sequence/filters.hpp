#pragma once

#include <string>

#include <dlfs/dlfs.hpp>

namespace sequence {

// Networks that make one sound of another, (N, T, 1) -> (N, T, 1).

/// Its memory is as long as it learns it to be.
inline dlfs::Sequential<float> gru(dlfs::Rng& rng) {
  return {{"gru", dlfs::Gru<float>({.in = 1, .hidden = 16}, rng)},
          {"linear", dlfs::Linear<float>({.in = 16, .out = 1}, dlfs::Xavier{}, rng)}};
}

/// Causal convolutions, which see 1 + 2 (1 + 3 + 9 + 27) = 81 samples.
inline dlfs::Sequential<float> tcn(dlfs::Rng& rng) {
  dlfs::Sequential<float> network{
      {"channels", dlfs::Permute<float>({0, 2, 1})}};  // (N, T, C) -> (N, C, T)
  for (const dlfs::Index dilation : {1, 3, 9, 27}) {
    const std::string number = std::to_string(dilation);
    network.add("conv" + number, dlfs::Convolution1d<float>({.in = dilation == 1 ? 1 : 16,
                                                             .filters = 16,
                                                             .kernel = 3,
                                                             .dilation = dilation,
                                                             .causal = true},
                                                            dlfs::Xavier{}, rng));
    network.add("tanh" + number, dlfs::Tanh<float>());
  }
  network.add("mix", dlfs::Convolution1d<float>({.in = 16, .kernel = 1}, dlfs::Xavier{}, rng));
  network.add("steps", dlfs::Permute<float>({0, 2, 1}));
  return network;
}

}  // namespace sequence
