#include "dlfs/models/multi_layer_net.hpp"

#include <gtest/gtest.h>

#include "dlfs/tools/check_gradients.hpp"

namespace dlfs {
namespace {

std::vector<std::string> parameter_names(Sequential<double>& network) {
  std::vector<std::string> names;
  for (const Parameter<double>* parameter : network.parameters()) names.push_back(parameter->name);
  return names;
}

TEST(MultiLayerNet, HasTheLayersOfTheBook) {
  Rng rng(1);
  auto plain = multi_layer_net<double>({.in = 4, .hidden = {3, 5}, .out = 2}, He{}, rng);
  EXPECT_EQ(plain.layer_count(), 5);
  EXPECT_EQ(parameter_names(plain),
            (std::vector<std::string>{"affine1.weight", "affine1.bias", "affine2.weight",
                                      "affine2.bias", "affine3.weight", "affine3.bias"}));
  auto extended = multi_layer_net<double>(
      {.in = 4, .hidden = {3}, .out = 2, .batch_normalization = true, .dropout = 0.5}, He{}, rng);
  EXPECT_EQ(extended.layer_count(), 5);
  EXPECT_EQ(parameter_names(extended),
            (std::vector<std::string>{"affine1.weight", "affine1.bias", "batch_norm1.gamma",
                                      "batch_norm1.beta", "affine2.weight", "affine2.bias"}));
}

TEST(MultiLayerNet, GradientsAgreeWithCentralDifferences) {
  for (MultiLayerNetOptions::Activation activation :
       {MultiLayerNetOptions::Activation::relu, MultiLayerNetOptions::Activation::sigmoid}) {
    Rng rng(2);
    auto network = multi_layer_net<double>({.in = 6,
                                            .hidden = {7, 5},
                                            .out = 3,
                                            .activation = activation,
                                            .batch_normalization = true,
                                            .dropout = 0.2},
                                           He{}, rng);
    // Before batch normalisation a bias changes nothing, and its gradient is rounding.
    const auto report = check_gradients(network, random_normal<double>({8, 6}, rng));
    for (const auto& tensor : report.tensors) {
      if (tensor.tensor == "affine1.bias" || tensor.tensor == "affine2.bias") {
        EXPECT_LT(tensor.mean_difference, 1e-9);
      } else {
        EXPECT_LE(tensor.worst_error, 1e-7) << tensor.tensor;
      }
    }
  }
}

}  // namespace
}  // namespace dlfs
