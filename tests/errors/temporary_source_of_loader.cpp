// expect: a loader refers to its source, which must outlive it: give the source a name
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { Loader<float> loader(Dataset<float>{Tensor<float>({8, 1}), Labels({8})}, Rng(1)); }
