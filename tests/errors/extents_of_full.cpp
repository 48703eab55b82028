// expect: the extents stand in braces
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { auto x = full<float>(3, 1.5f); }
