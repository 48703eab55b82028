// expect: expected real numbers
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { softmax(Tensor<int>({2, 3})); }
