// expect: deduction
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { Sequential network{{"relu1", Relu<float>()}}; }
