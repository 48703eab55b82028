#pragma once

#include <dlfs/dlfs.hpp>

namespace ch03 {

/// The network of section 3.6.2: 784 - 50 - 100 - 10 with two sigmoids. Softmax is left out, as it
/// does not change which logit is the largest. The weights have to be loaded or trained.
inline dlfs::Sequential<float> sample_network(std::uint64_t seed = 0) {
  using namespace dlfs;
  Rng rng(seed);
  return {{"affine1", Affine<float>({.in = 784, .out = 50}, Xavier{}, rng)},
          {"sigmoid1", Sigmoid<float>()},
          {"affine2", Affine<float>({.in = 50, .out = 100}, Xavier{}, rng)},
          {"sigmoid2", Sigmoid<float>()},
          {"affine3", Affine<float>({.in = 100, .out = 10}, Xavier{}, rng)}};
}

}  // namespace ch03
