#pragma once

#include <dlfs/dlfs.hpp>

namespace ch05 {

/// The network of section 5.7.2, of the library: affine - relu - affine - (softmax). Book:
/// ch05/two_layer_net.py.
template <class T>
dlfs::Sequential<T> two_layer_net(dlfs::Index in, dlfs::Index hidden, dlfs::Index out,
                                  dlfs::Rng& rng, double weight_init_std = 0.01) {
  using namespace dlfs;
  return {{"affine1", Affine<T>({.in = in, .out = hidden}, Normal{weight_init_std}, rng)},
          {"relu1", Relu<T>()},
          {"affine2", Affine<T>({.in = hidden, .out = out}, Normal{weight_init_std}, rng)}};
}

}  // namespace ch05
