// expect: followed by an initializer and a variable of type Rng
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  Affine<float> affine({.in = 2, .out = 8}, rng);
}
