// expect: fit takes sources whose targets are those of the loss: Dataset<T>
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  Sequential<float> network{{"relu1", Relu<float>()}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>());
  trainer.fit(random_normal<float>({9, 3}, rng), Labels({9}));
}
