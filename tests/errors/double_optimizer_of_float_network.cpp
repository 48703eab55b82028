// expect: a trainer's optimizer has the element type of the network
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<double>(), {.epochs = 3});
}
