// expect: a variable of type Rng follows the options
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { Dropout<float> dropout({.ratio = 0.5}); }
