#pragma once

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "dlfs/io.hpp"

/// Trains a network on generated digits and gives its accuracy. Static: each unit compiles its own
/// copy, and shares with the other what dlfs defines.
static double use_everything() {
  using namespace dlfs;
  EXPECT_THROW(load_mnist<float>("no such folder"), IoError);

  Rng rng(1);
  Sequential<float> network{
      {"conv1", Convolution<float>({.in = 1, .filters = 2, .kernel = 5}, He{}, rng)},
      {"relu1", Relu<float>()},
      {"pool1", MaxPooling<float>({.kernel = 2, .stride = 2})},
      {"affine1", Affine<float>({.in = 2 * 12 * 12, .out = 10}, He{}, rng)}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 1});
  const auto digits = generated_digits<float>(200, rng);
  trainer.fit(digits, digits);
  return accuracy(network, digits);
}
