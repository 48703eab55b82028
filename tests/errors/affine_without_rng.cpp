// expect: followed by an initializer and a variable of type Rng
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { Affine<float> affine({.in = 2, .out = 8}, He{}); }
