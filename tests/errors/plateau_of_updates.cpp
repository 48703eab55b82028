// expect: a plateau is one of an epoch's values
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  ReduceOnPlateau plateau({.rate = 0.1});
  Sequential<float> network{{"relu1", Relu<float>()}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>());
  trainer.schedule([&](Index updates) { return plateau(updates); });
}
