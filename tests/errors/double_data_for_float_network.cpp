// expect: fit takes sources whose targets are those of the loss
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  const Dataset<double> data{random_normal<double>({9, 3}, rng), Labels({9})};
  Sequential<float> network{{"affine1", Affine<float>({.in = 3, .out = 2}, Xavier{}, rng)}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>());
  trainer.fit(data);
}
