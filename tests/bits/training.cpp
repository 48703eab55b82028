// Digests of what networks compute while they are trained: see compare.sh.
#include "bits/digest.hpp"
#include "dlfs/dlfs.hpp"

namespace {

using namespace dlfs;
using test::print_digest;

/// The network of the book's section 7.5, with batch normalisation and dropout.
Sequential<float> convnet() {
  Rng rng(1);
  return {
      {"conv1", Convolution<float>({.in = 1, .filters = 6, .kernel = 5}, He{}, rng)},
      {"norm1", BatchNormalization<float>({.features = 6})},
      {"relu1", Relu<float>()},
      {"pool1", MaxPooling<float>({.kernel = 2, .stride = 2})},
      {"conv2", Convolution<float>({.in = 6, .filters = 20, .kernel = 3, .padding = 1}, He{}, rng)},
      {"relu2", Relu<float>()},
      {"conv3",
       Convolution<float>({.in = 20, .filters = 20, .kernel = 3, .padding = 1}, He{}, rng)},
      {"pool3", AveragePooling<float>({.kernel = 2, .stride = 2})},
      {"affine1", Affine<float>({.in = 20 * 3 * 3, .out = 37}, He{}, rng)},
      {"norm2", BatchNormalization<float>({.features = 37})},
      {"relu3", Relu<float>()},
      {"dropout", Dropout<float>({.ratio = 0.3}, rng)},
      {"affine2", Affine<float>({.in = 37, .out = 10}, He{}, rng)}};
}

template <class Optimizer>
void train(const char* name, Optimizer optimizer, int steps) {
  Sequential<float> network = convnet();
  SoftmaxCrossEntropy<float> loss;
  ExponentialMovingAverage<float> average(network, 0.9);
  const CosineDecay rate{.rate = optimizer.options().learning_rate, .steps = 60};
  Rng rng(2);
  const Tensor<float> x = random_uniform<float>({120, 1, 16, 16}, rng);
  const Tensor<std::int32_t> labels = random_integers<std::int32_t>({120}, rng, 0, 10);
  Tensor<double> losses({steps, 2});
  for (Index i = 0; i < steps; ++i) {
    const Index first = i % 4 * 30;
    const Tensor<float> batch = copy(x.rows(first, first + 30));
    losses(i, 0) = static_cast<double>(
        loss.forward(network.forward(batch), copy(labels.rows(first, first + 30))));
    network.backward(loss.backward());
    losses(i, 1) = clip_gradient_norm<float>(network.parameters(), 5);
    optimizer.options().learning_rate = rate(i);
    optimizer.step(network.parameters());
    average.update(network);
  }
  print_digest(name, losses, network.predict(x), average.network().predict(x));
}

void print() {
  train("adam", Adam<float>({.weight_decay = 1e-3}), 50);
  train("sgd", Sgd<float>(), 5);
  train("momentum", Momentum<float>(), 5);
  train("nesterov", Nesterov<float>(), 5);
  train("ada_grad", AdaGrad<float>(), 5);
  train("rms_prop", RmsProp<float>(), 5);
  train("adam_w", AdamW<float>(), 5);
}

}  // namespace

int main() { return test::print_levels(print); }
