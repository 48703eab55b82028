// expect: softmax cross entropy compares logits with Labels, which are int32
#include <cstdint>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  SoftmaxCrossEntropy<float> loss;
  loss.forward(Tensor<float>({2, 3}), Tensor<std::int64_t>({2}));
}
