// expect: followed by an initializer and a variable of type Rng
#include <random>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  std::mt19937 generator;
  Convolution<float> convolution({.in = 1, .filters = 8, .kernel = 3}, He{}, generator);
}
