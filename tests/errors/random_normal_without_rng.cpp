// expect: a variable of type Rng follows the shape
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { auto x = random_normal<float>({2, 3}); }
