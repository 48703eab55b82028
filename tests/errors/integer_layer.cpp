// expect: floating_point
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { Relu<int> relu; }
