// expect: different element types
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { matmul(Tensor<float>({2, 2}), Tensor<double>({2, 2})); }
