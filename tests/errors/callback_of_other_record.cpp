// expect: EpochRecord
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>());
  trainer.on_epoch([](int) {});
}
