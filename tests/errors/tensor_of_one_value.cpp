// expect: full<float>({2, 3}, 1)
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { Tensor<float> x({2, 3}, 0.5f); }
