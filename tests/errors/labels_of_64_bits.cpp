// expect: labels_are_int32_from_range_or_cast_makes_them
#include <cstdint>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  SoftmaxCrossEntropy<float> loss;
  loss.forward(Tensor<float>({2, 3}), Tensor<std::int64_t>({2}));
}
