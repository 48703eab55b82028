// expect: the extents stand in braces
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { auto x = zeros<float>(2, 3); }
