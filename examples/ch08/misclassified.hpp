#pragma once

#include <vector>

#include <dlfs/dlfs.hpp>

namespace ch08 {

/// An image that the network classifies as another digit.
struct Mistake {
  dlfs::Index image;  // its index in the dataset
  int label;
  int guess;
};

/// All mistakes, in the order of the images.
template <class T>
std::vector<Mistake> mistakes(const dlfs::Sequential<T>& network, const dlfs::Dataset<T>& dataset) {
  using namespace dlfs;
  const Tensor<Index> guesses = argmax(network.predict(dataset.inputs), 1);
  std::vector<Mistake> all;
  for (Index n = 0; n < dataset.size(); ++n) {
    const int guess = static_cast<int>(guesses(n));
    if (guess != dataset.targets(n)) all.push_back({n, dataset.targets(n), guess});
  }
  return all;
}

}  // namespace ch08
