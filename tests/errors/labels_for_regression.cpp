// expect: fit takes sources whose targets are those of the loss
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  const Dataset<float> data{random_normal<float>({9, 3}, rng), Labels({9})};
  Sequential<float> network{{"affine1", Affine<float>({.in = 3, .out = 1}, Xavier{}, rng)}};
  Trainer trainer(network, MeanSquaredError<float>(), Adam<float>(), {.epochs = 3});
  trainer.fit(data, data);
}
