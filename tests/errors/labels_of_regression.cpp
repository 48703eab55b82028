// expect: mean squared error compares tensors of the network's element type
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  MeanSquaredError<float> loss;
  loss.forward(Tensor<float>({2, 3}), Labels({2}));
}
