#include <initializer_list>
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "dlfs/models/alexnet.hpp"
#include "dlfs/models/inception.hpp"
#include "dlfs/models/lenet5.hpp"
#include "dlfs/models/resnet.hpp"
#include "dlfs/models/vgg.hpp"
#include "dlfs/tools/check_gradients.hpp"

// The networks of the papers: their sizes, their shapes, and their gradients where they are small.

namespace dlfs {
namespace {

/// Of all parameters, or of those only whose names end so.
template <class Network>
Index parameter_count(Network&& network, const std::string& ending = "") {
  Index count = 0;
  for (const auto* parameter : network.parameters()) {
    if (parameter->name.ends_with(ending)) count += parameter->value.size();
  }
  return count;
}

void expect_right_gradients(Sequential<double> network, const Shape& x,
                            PassMode mode = PassMode::train) {
  Rng rng(7);
  const auto report = check_gradients(network, random_normal<double>(x, rng), {}, mode);
  EXPECT_TRUE(report.passes(1e-6)) << to_string(report);
}

TEST(LeNet5, HasThePapersParameters) {
  Rng rng(1);
  auto network = lenet5<float>({}, rng);
  EXPECT_EQ(parameter_count(network), 61706);
  EXPECT_EQ(network.output_shape({3, 1, 28, 28}), (Shape{3, 10}));
}

TEST(LeNet5, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  expect_right_gradients(lenet5<double>({.image = 12, .classes = 3}, rng), {1, 1, 12, 12});
}

TEST(AlexNet, HasThePapersConvolutions) {
  Rng rng(1);
  auto network = alexnet<float>({.channels = 3, .image = 32, .hidden = 16}, rng);
  // Krizhevsky's: 5 x 5 x 48 x 256, 3 x 3 x 256 x 384, 3 x 3 x 192 x 384, 3 x 3 x 192 x 256
  const Index first = 5 * 5 * 3 * 96;
  const Index affine = 256 * 3 * 3 * 16 + 16 * 16 + 16 * 10;
  EXPECT_EQ(parameter_count(network, "weight"), first + 307200 + 884736 + 663552 + 442368 + affine);
  EXPECT_EQ(network.output_shape({2, 3, 32, 32}), (Shape{2, 10}));
}

TEST(AlexNet, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  expect_right_gradients(
      alexnet<double>({.image = 15, .filters = {2, 4, 4, 4, 2}, .hidden = 6, .classes = 3}, rng),
      {2, 1, 15, 15});
}

TEST(Vgg, Sixteen) {
  Rng rng(1);
  // The paper's 138,357,544 parameters less the 123,642,856 of its affine layers, and an affine
  // layer from 512 features to 10 classes.
  auto network = vgg<float>(
      {.channels = 3, .image = 32, .blocks = vgg16_blocks(), .hidden = {}, .classes = 10}, rng);
  EXPECT_EQ(parameter_count(network), 138357544 - 123642856 + 512 * 10 + 10);
  EXPECT_EQ(network.output_shape({2, 3, 32, 32}), (Shape{2, 10}));
}

TEST(Vgg, BatchNormalizationTakesThePlaceOfTheBias) {
  Rng rng(1);
  auto network = vgg<float>({.blocks = {{1, 4}}, .batch_normalization = true, .hidden = {}}, rng);
  EXPECT_EQ(parameter_count(network), 4 * 9 + 4 + 4 + 4 * 14 * 14 * 10 + 10);
}

TEST(Vgg, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const bool batch_normalization : {false, true}) {
    expect_right_gradients(vgg<double>({.channels = 2,
                                        .image = 8,
                                        .blocks = {{2, 3}, {1, 4}},
                                        .batch_normalization = batch_normalization,
                                        .hidden = {5},
                                        .classes = 3},
                                       rng),
                           {4, 2, 8, 8});
  }
}

/// A row of table 1 of the paper, which counts weights in units of 1024.
struct InceptionRow {
  std::string name;
  InceptionOptions options;
  Index out;
  double kilo_parameters;
};

TEST(Inception, HasTheParametersOfThePapersTable) {
  // Those rows whose count is the sum of what the row itself says; 4c, 4d, 5a and 5b are not, by up
  // to 7 %.
  const std::initializer_list<InceptionRow> rows = {
      {"3a", {192, 64, 96, 128, 16, 32, 32}, 256, 159},
      {"3b", {256, 128, 128, 192, 32, 96, 64}, 480, 380},
      {"4b", {512, 160, 112, 224, 24, 64, 64}, 512, 437}};
  for (const InceptionRow& row : rows) {
    SCOPED_TRACE(row.name);
    Rng rng(1);
    auto block = inception<float>(row.options, rng);
    EXPECT_EQ(block.output_shape({1, row.options.in, 7, 7}), (Shape{1, row.out, 7, 7}));
    EXPECT_NEAR(static_cast<double>(parameter_count(block, "weight")) / 1024, row.kilo_parameters,
                1);
  }
}

TEST(Inception, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  expect_right_gradients({{"inception", inception<double>({3, 2, 2, 3, 2, 2, 3}, rng)}},
                         {2, 3, 5, 5});
}

TEST(ResNet, HasThePapersParameters) {
  // Table 6: ResNet-20 0.27 M, 32 0.46 M, 44 0.66 M, 56 0.85 M, 110 1.7 M.
  const auto count = [](Index blocks) {
    Rng rng(1);
    return parameter_count(resnet<float>({.channels = 3, .blocks = blocks}, rng));
  };
  EXPECT_EQ(count(3), 269722);
  EXPECT_EQ(count(5), 464154);
  EXPECT_EQ(count(7), 658586);
  EXPECT_EQ(count(9), 853018);
  EXPECT_EQ(count(18), 1727962);
}

TEST(ResNet, TakesImagesOfMnistAndOfCifar) {
  Rng rng(1);
  EXPECT_EQ(resnet<float>({}, rng).output_shape({2, 1, 28, 28}), (Shape{2, 10}));
  EXPECT_EQ(resnet<float>({.channels = 3}, rng).output_shape({2, 3, 32, 32}), (Shape{2, 10}));
}

TEST(ResNet, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  expect_right_gradients(resnet<double>({.filters = {2, 4}, .blocks = 2, .classes = 3}, rng),
                         {4, 1, 7, 7});
}

}  // namespace
}  // namespace dlfs
