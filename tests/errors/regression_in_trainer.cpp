// expect: a trainer's loss compares the network's output with Labels
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  Dataset<float, Tensor<float>> data{random_normal<float>({9, 3}, rng),
                                     random_normal<float>({9, 1}, rng)};
  Sequential<float> network{{"affine1", Affine<float>({.in = 3, .out = 1}, Xavier{}, rng)}};
  Trainer trainer(network, MeanSquaredError<float>(), Adam<float>(), {.epochs = 3});
  trainer.fit(data, data);
}
