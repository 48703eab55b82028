// expect: the type of the elements is written
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { auto x = array({1.5, 2.5}); }
