// A library that is loaded and unloaded while the process runs.
#include <cstdlib>

#include "dlfs/dlfs.hpp"

/// A sum over the prediction of a network, computed by `threads` threads.
extern "C" double predict(int threads) {
  dlfs::set_thread_count(threads);
  dlfs::Rng rng(1);
  const dlfs::Sequential<float> network{
      {"affine", dlfs::Affine<float>({.in = 400, .out = 10}, dlfs::He{}, rng)},
      {"relu", dlfs::Relu<float>()}};
  return static_cast<double>(sum(network.predict(dlfs::ones<float>({1000, 400}))));
}

extern "C" void stop() { dlfs::stop_threads(); }
