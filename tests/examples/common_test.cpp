// The classes of examples/common, by hand, against those of the library, in double.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/functions.hpp"
#include "common/gradient.hpp"
#include "common/layers.hpp"
#include "common/util.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using common::Array;

/// The largest difference of two elements, relative to the largest of the library's if that is
/// above 1. NaN, or infinity for different shapes, if they cannot be compared.
double difference(const Array& by_hand, const Array& library) {
  if (by_hand.shape() != library.shape()) return INFINITY;
  return max(abs(by_hand - library)) / std::max(1.0, max(abs(library)));
}

Array random_array(const Shape& shape, std::uint64_t seed) {
  Rng rng(seed);
  return random_normal<double>(shape, rng);
}

/// Runs a layer by hand and a network of the library on one batch. Returns the largest difference
/// of their outputs, of their input gradients, and of each parameter's gradient.
double layer_difference(common::Layer& by_hand, const std::vector<const Array*>& gradients,
                        Sequential<double> library, const Array& x,
                        PassMode mode = PassMode::train) {
  by_hand.train_flg = mode == PassMode::train;
  const Array& y = library.forward(x, mode);
  double largest = difference(by_hand.forward(x), y);
  const Array dout = random_array(y.shape(), 99);
  if (mode == PassMode::evaluate) return largest;
  largest = std::max(largest, difference(by_hand.backward(dout), library.backward_to_input(dout)));
  const auto parameters = library.parameters();
  if (parameters.size() != gradients.size()) return INFINITY;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    largest = std::max(largest, difference(*gradients[i], parameters[i]->gradient));
  }
  return largest;
}

double relu_difference() {
  common::Relu by_hand;
  return layer_difference(by_hand, {}, {{"relu", Relu<double>()}}, random_array({5, 7}, 1));
}

double sigmoid_difference() {
  common::Sigmoid by_hand;
  return layer_difference(by_hand, {}, {{"sigmoid", Sigmoid<double>()}},
                          5 * random_array({5, 7}, 1));
}

double affine_difference() {
  double largest = 0;
  for (const Shape& shape : {Shape{4, 6}, Shape{3, 1, 2, 3}}) {
    Array W = random_array({6, 5}, 1), b = random_array({5}, 2);
    common::Affine by_hand(W, b);
    largest = std::max(
        largest, layer_difference(by_hand, {&by_hand.dW, &by_hand.db},
                                  {{"affine", Affine<double>(W, b)}}, random_array(shape, 3)));
  }
  return largest;
}

double softmax_with_loss_difference() {
  const Array x = 3 * random_array({6, 4}, 1);
  const auto t = array<std::int32_t>({0, 1, 2, 3, 0, 2});
  common::SoftmaxWithLoss by_hand;
  const double loss = by_hand.forward(x, t);
  SoftmaxCrossEntropy<double> library;
  library.forward(x, t);
  // The book's loss adds 1e-7 in the logarithm. Its gradient does not know of it.
  const Array probabilities = dlfs::softmax(x);
  double books_loss = 0;
  for (Index n = 0; n < t.size(); ++n) books_loss -= std::log(probabilities(n, t(n)) + 1e-7) / 6;
  return std::max(std::abs(loss - books_loss), difference(by_hand.backward(), library.backward()));
}

double dropout_difference() {
  const Array x = random_array({20, 50}, 1);
  Rng rng(2);
  common::Dropout by_hand(0.3, rng);
  const Sequential<double> library{
      {"dropout", Dropout<double>({.ratio = 0.3, .scaling = DropoutScaling::in_evaluation}, rng)}};
  double largest = layer_difference(by_hand, {}, library, x, PassMode::evaluate);

  // They draw different masks, so the library's function takes the mask of the layer by hand.
  by_hand.train_flg = true;
  const Array y = by_hand.forward(x);
  const Array mask = by_hand.backward(ones<double>(x.shape()));
  std::vector<std::byte> kept;
  for (double number : mask) kept.push_back(std::byte{number != 0});
  const double ratio = 1 - mean(mask);
  if (std::abs(ratio - 0.3) > 0.05) return INFINITY;
  Array expected(x.shape());
  scale_kept(x, kept.data(), 1.0, expected.view());
  largest = std::max(largest, difference(y, expected));
  const Array dout = random_array(x.shape(), 3);
  scale_kept(dout, kept.data(), 1.0, expected.view());
  return std::max(largest, difference(by_hand.backward(dout), expected));
}

double batch_normalization_difference() {
  double largest = 0;
  for (const Shape& shape : {Shape{8, 6}, Shape{8, 2, 3, 1}}) {
    Array gamma = random_array({6}, 1), beta = random_array({6}, 2);
    common::BatchNormalization by_hand(gamma, beta);
    Sequential<double> library{
        {"batch_norm", BatchNormalization<double>({.features = 6, .epsilon = 1e-6})}};
    library.parameters()[0]->value = gamma;
    library.parameters()[1]->value = beta;
    const auto running = library.buffers();
    for (auto* statistics : running) statistics->value.fill(0);
    for (std::uint64_t step = 0; step < 3; ++step) {
      const Array x = 2 + 3 * random_array(shape, 10 + step);
      by_hand.train_flg = true;
      const Array& y = library.forward(x);
      largest = std::max(largest, difference(by_hand.forward(x), y));
      const Array dout = random_array(shape, 20 + step);
      largest =
          std::max({largest, difference(by_hand.backward(dout), library.backward_to_input(dout)),
                    difference(by_hand.dgamma, library.parameters()[0]->gradient),
                    difference(by_hand.dbeta, library.parameters()[1]->gradient)});
    }
    // The library's running variance is that of an unbiased estimate: n / (n - 1) of the book's.
    largest = std::max({largest, difference(by_hand.running_mean, running[0]->value),
                        difference(by_hand.running_var, running[1]->value * 7 / 8)});
    running[1]->value = by_hand.running_var;
    largest = std::max(largest, layer_difference(by_hand, {}, library, random_array(shape, 30),
                                                 PassMode::evaluate));
  }
  return largest;
}

double convolution_difference() {
  double largest = 0;
  for (const auto& [stride, pad] :
       {std::pair<Index, Index>{1, 0}, {1, 1}, {2, 0}, {2, 2}, {3, 1}}) {
    for (const Shape& filters : {Shape{4, 3, 3, 3}, Shape{5, 3, 2, 4}}) {
      Array W = random_array(filters, 1), b = random_array({filters[0]}, 2);
      common::Convolution by_hand(W, b, stride, pad);
      const ConvolutionOptions options{.in = 3,
                                       .filters = filters[0],
                                       .kernel = {filters[2], filters[3]},
                                       .stride = stride,
                                       .padding = pad};
      largest = std::max(largest, layer_difference(by_hand, {&by_hand.dW, &by_hand.db},
                                                   {{"conv", Convolution<double>(options, W, b)}},
                                                   random_array({2, 3, 9, 8}, 3)));
    }
  }
  return largest;
}

double pooling_difference() {
  double largest = 0;
  for (const auto& [kernel, stride] : {std::pair<Index, Index>{2, 2}, {3, 1}, {3, 2}, {2, 3}}) {
    common::Pooling by_hand(kernel, kernel, stride);
    largest = std::max(
        largest,
        layer_difference(by_hand, {},
                         {{"pool", MaxPooling<double>({.kernel = kernel, .stride = stride})}},
                         random_array({2, 3, 9, 8}, 1)));
  }
  return largest;
}

/// Every class of examples/common that computes, and its difference to the library.
const std::map<std::string, std::function<double()>> compared = {
    {"Relu", relu_difference},
    {"Sigmoid", sigmoid_difference},
    {"Affine", affine_difference},
    {"SoftmaxWithLoss", softmax_with_loss_difference},
    {"Dropout", dropout_difference},
    {"BatchNormalization", batch_normalization_difference},
    {"Convolution", convolution_difference},
    {"Pooling", pooling_difference},
};

/// Those that leave the computing to a class derived from them.
const std::set<std::string> bases = {"Layer", "LayerWithWeights"};

class ByHand : public testing::TestWithParam<std::string> {};

TEST_P(ByHand, AgreesWithTheLibrary) {
  const double largest = compared.at(GetParam())();
  std::printf("largest difference of %s: %.1e\n", GetParam().c_str(), largest);
  EXPECT_LE(largest, 1e-12);
}

std::vector<std::string> names_of_compared() {
  std::vector<std::string> names;
  for (const auto& [name, compare] : compared) names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Common, ByHand, testing::ValuesIn(names_of_compared()));

TEST(Common, EveryClassIsComparedWithTheLibrary) {
  const std::regex definition("^(?:class|struct) (\\w+)");
  std::set<std::string> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(DLFS_EXAMPLES) / "common")) {
    std::ifstream file(entry.path());
    std::smatch match;
    for (std::string line; std::getline(file, line);) {
      if (std::regex_search(line, match, definition)) found.insert(match[1]);
    }
  }
  std::set<std::string> known = bases;
  for (const auto& [name, compare] : compared) known.insert(name);
  EXPECT_EQ(found, known);
}

TEST(Common, FunctionsAgreeWithTheLibrary) {
  const Array x = 3 * random_array({5, 4}, 1);
  EXPECT_LE(difference(common::identity_function(x), x), 0);
  EXPECT_LE(difference(common::step_function(x), cast<double>(x > 0)), 0);
  EXPECT_LE(difference(common::sigmoid(x), dlfs::sigmoid(x)), 1e-12);
  EXPECT_LE(difference(common::softmax(x), dlfs::softmax(x)), 1e-12);
  EXPECT_LE(difference(common::softmax(copy(x[2])), dlfs::softmax(copy(x[2]))), 1e-12);
  for (const auto& [f, gradient] :
       {std::pair{&common::sigmoid, &common::sigmoid_grad}, {&common::relu, &common::relu_grad}}) {
    Array varied = x;
    const auto total = [f = f](const Array& z) { return sum(f(z)); };
    EXPECT_LE(difference(gradient(x), common::numerical_gradient(total, varied)), 1e-8);
  }
}

TEST(Common, ErrorsAreTheBooks) {
  const auto t = array<double>({0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  const auto says_2 = array<double>({0.1, 0.05, 0.6, 0, 0.05, 0.1, 0, 0.1, 0, 0});
  const auto says_7 = array<double>({0.1, 0.05, 0.1, 0, 0.05, 0.1, 0, 0.6, 0, 0});
  EXPECT_NEAR(common::sum_squared_error(says_2, t), 0.0975, 1e-13);
  EXPECT_NEAR(common::sum_squared_error(says_7, t), 0.5975, 1e-13);
  EXPECT_NEAR(common::cross_entropy_error(says_2, t), 0.510825457099338, 1e-13);
  EXPECT_NEAR(common::cross_entropy_error(says_7, t), 2.302584092994546, 1e-12);
}

TEST(Common, CrossEntropyOfLabelsIsThatOfOneHotRows) {
  const auto y = array<double>({{0.1, 0.7, 0.2}, {0.3, 0.3, 0.4}});
  const auto labels = array<std::int32_t>({1, 0});
  EXPECT_NEAR(common::cross_entropy_error(y, labels),
              common::cross_entropy_error(y, array<double>({{0, 1, 0}, {1, 0, 0}})), 1e-15);
  EXPECT_EQ(common::softmax_loss(y, labels),
            common::cross_entropy_error(common::softmax(y), labels));
}

TEST(Common, NumericalGradientIsTheLibrarys) {
  Array x = random_array({3, 2, 2}, 1);
  const Array before = x;
  const auto f = [](const Array& z) { return sum(z * square(z)); };
  EXPECT_LE(difference(common::numerical_gradient(f, x), dlfs::numerical_gradient(f, x)), 1e-12);
  test::expect_equal(x, before);
}

// From the book's smooth_curve with NumPy.
TEST(Common, SmoothCurveIsTheBooks) {
  std::vector<double> curve;
  for (int i = 0; i < 14; ++i) curve.push_back(std::sin(i * 1.7) + i * 0.1);
  const std::vector<double> expected{0.39398908244351266, 0.34152857536157255, 0.32235537825593913,
                                     0.4383112276565833,  0.522751794671047,   0.5133266547031192,
                                     0.5883191749127071,  0.6896833652995344,  0.8143393082489194,
                                     0.9466457088516678,  1.0576069632210676,  1.1123099391467237,
                                     1.1612315994873899,  1.2161556340033468};
  const std::vector<double> smooth = common::smooth_curve(curve);
  ASSERT_EQ(smooth.size(), expected.size());
  for (std::size_t i = 0; i < smooth.size(); ++i) EXPECT_NEAR(smooth[i], expected[i], 1e-12) << i;
}

TEST(Common, SmoothCurveLeavesAShortOneAsItIs) {
  EXPECT_EQ(common::smooth_curve({1, 5, 2}), (std::vector<double>{1, 5, 2}));
}

TEST(Common, ShuffleKeepsSamplesAndLabelsTogether) {
  const Array x = arange(0.0, 40.0).reshape({20, 2});
  const Labels t = arange<std::int32_t>(20);
  Rng rng(1);
  const auto [shuffled_x, shuffled_t] = common::shuffle_dataset(x, t, rng);
  std::set<std::int32_t> labels;
  for (Index n = 0; n < 20; ++n) {
    labels.insert(shuffled_t(n));
    EXPECT_EQ(shuffled_x(n, 1), 2 * shuffled_t(n) + 1);
  }
  EXPECT_EQ(labels.size(), 20u);
  EXPECT_FALSE(array_equal(shuffled_t, t));
}

TEST(Common, Im2colGivesARowForEachPosition) {
  const Array x = random_array({10, 3, 7, 7}, 1);
  EXPECT_EQ(common::im2col(copy(x.rows(0, 1)), 5, 5).shape(), (Shape{9, 75}));
  const Array patches = common::im2col(x, 5, 5);
  ASSERT_EQ(patches.shape(), (Shape{90, 75}));
  // Position (1, 2) of image 4: the first rows of its channels.
  const auto row = patches[4 * 9 + 1 * 3 + 2];
  for (Index channel = 0; channel < 3; ++channel) {
    for (Index tap = 0; tap < 5; ++tap) {
      EXPECT_EQ(row(channel * 25 + tap), x(4, channel, 1, 2 + tap));
    }
  }
}

TEST(Common, Im2colAndCol2imAreTheLibrarysForEachImage) {
  const Array x = random_array({2, 3, 9, 8}, 1);
  for (const auto& [stride, pad] : {std::pair<Index, Index>{1, 0}, {1, 2}, {2, 1}, {3, 0}}) {
    const Window2d window{.kernel = {3, 2}, .stride = stride, .padding = pad};
    const Size2d out = window.output_size({9, 8}, "test");
    EXPECT_EQ(common::conv_output_size(9, 3, stride, pad), out.height);
    const Array col = common::im2col(x, 3, 2, stride, pad);
    const Array image = common::col2im(col, x.shape(), 3, 2, stride, pad);
    for (Index n = 0; n < 2; ++n) {
      Array columns({3 * 3 * 2, out.height * out.width}), sums({3, 9, 8});
      dlfs::im2col(x[n], window, columns.view());
      dlfs::col2im(columns, window, sums.view());
      const Index positions = out.height * out.width;
      test::expect_equal(copy(col.rows(n * positions, (n + 1) * positions)),
                         copy(columns.transpose()));
      EXPECT_LE(difference(copy(image[n]), sums), 1e-12);
    }
  }
}

}  // namespace
}  // namespace dlfs
