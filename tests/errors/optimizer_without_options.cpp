// expect: an optimizer has Scalar, step(
#include <span>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

struct Halved {
  using Scalar = float;
  void step(std::span<Parameter<float>* const>) {}
};
int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Halved());
}
