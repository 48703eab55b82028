// expect: each layer of a network has a name
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  Sequential<float> network{Affine<float>({.in = 2, .out = 8}, He{}, rng), Relu<float>()};
}
