// expect: softmax cross entropy compares logits with Labels, which are int32
#include <vector>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  SoftmaxCrossEntropy<float> loss;
  loss.forward(Tensor<float>({2, 3}), std::vector<int>{1, 2});
}
