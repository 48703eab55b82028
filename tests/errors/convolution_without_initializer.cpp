// expect: followed by an initializer and a variable of type Rng
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  Convolution<float> convolution({.in = 1, .filters = 8, .kernel = 3}, rng);
}
