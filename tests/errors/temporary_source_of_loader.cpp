// expect: a_source_outlives_its_loader
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() { Loader<float> loader(Dataset<float>{Tensor<float>({8, 1}), Labels({8})}, Rng(1)); }
