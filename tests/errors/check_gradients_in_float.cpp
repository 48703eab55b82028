// expect: gradients are checked in double
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  check_gradients(network, Tensor<float>({9, 3}));
}
