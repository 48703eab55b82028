// A program of a user: one step of training, whose figures are printed to the last bit.
#if defined(DLFS_SINGLE_HEADER)
#include <dlfs.single.hpp>
#else
#include <dlfs/dlfs.hpp>
#endif

#include <cstdio>

int main() {
  using namespace dlfs;
  Rng rng(1);
  Sequential<float> network{
      {"conv1", Convolution<float>({.in = 1, .filters = 2, .kernel = 5}, He{}, rng)},
      {"relu1", Relu<float>()},
      {"pool1", MaxPooling<float>({.kernel = 2, .stride = 2})},
      {"affine1", Affine<float>({.in = 2 * 12 * 12, .out = 10}, He{}, rng)}};
  const auto digits = generated_digits<float>(8, rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(),
                  {.epochs = 1, .batch_size = 8});
  trainer.fit(digits, digits);

  double sum = 0;
  const auto logits = network.predict(digits.inputs);
  for (const float logit : logits) {
    std::printf("%a\n", static_cast<double>(logit));
    sum += logit;
  }
  return sum == sum ? 0 : 1;
}
