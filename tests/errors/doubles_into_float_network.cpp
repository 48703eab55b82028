// expect: x has another element type than the network
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  const Tensor<double> x({9, 3});
  network.forward(x);
}
