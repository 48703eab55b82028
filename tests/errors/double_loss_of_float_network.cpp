// expect: a trainer's loss has the network's element type as Scalar
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  Trainer trainer(network, SoftmaxCrossEntropy<double>(), Adam<float>(), {.epochs = 3});
}
