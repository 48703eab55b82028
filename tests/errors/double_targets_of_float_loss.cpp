// expect: Huber loss compares tensors of the network's element type
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Huber<float> loss;
  loss.forward(Tensor<float>({2, 3}), Tensor<double>({2, 3}));
}
