// expect: a schedule maps the updates so far to a rate
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>());
  trainer.schedule([](auto) { return 0.1; });
}
