// expect: the type of the elements is written
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { auto x = zeros({2, 3}); }
