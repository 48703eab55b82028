// expect: this layer has another element type than the network
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  Sequential<float> network{{"affine1", Affine<float>({.in = 2, .out = 8}, He{}, rng)},
                            {"relu1", Relu<double>()}};
}
