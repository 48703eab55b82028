// expect: Tensor
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  network.predict(Tensor<int>({9, 3}));
}
