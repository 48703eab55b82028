// expect: const Tensor<T>& backward()
#include <dlfs/dlfs.hpp>

using namespace dlfs;

struct Entropy {
  using Scalar = float;
  float forward(const Tensor<float>&, const Labels&) { return 0; }
};
int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  Trainer trainer(network, Entropy(), Adam<float>());
}
