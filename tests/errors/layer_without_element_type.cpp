// expect: deduction
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { Sequential<float> network{{"relu1", Relu()}}; }
