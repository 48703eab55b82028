// The classes of examples/common, by hand, against those of the library, in double.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
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

#include "ch05/two_layer_net.hpp"
#include "ch05/two_layer_net_library.hpp"
#include "ch07/simple_convnet.hpp"
#include "ch07/simple_convnet_by_hand.hpp"
#include "ch08/deep_convnet.hpp"
#include "ch08/deep_convnet_by_hand.hpp"
#include "common/functions.hpp"
#include "common/gradient.hpp"
#include "common/layers.hpp"
#include "common/multi_layer_net.hpp"
#include "common/multi_layer_net_extend.hpp"
#include "common/network.hpp"
#include "common/optimizer.hpp"
#include "common/params.hpp"
#include "common/trainer.hpp"
#include "common/util.hpp"
#include "dlfs/io/mnist.hpp"
#include "dlfs/io/weights.hpp"
#include "io/files.hpp"
#include "optim/book_paths.hpp"
#include "support/expect_tensor.hpp"
#include "support/program.hpp"

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
        {"batch_norm", BatchNormalization<double>(
                           {.features = 6, .epsilon = 1e-6, .unbiased_running_variance = false})}};
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
    largest = std::max({largest, difference(by_hand.running_mean, running[0]->value),
                        difference(by_hand.running_var, running[1]->value)});
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

/// Both take five steps with the same gradients, from the same parameters.
double optimizer_difference(common::Optimizer& by_hand, dlfs::Optimizer auto library) {
  common::Arrays params{{"W1", random_array({3, 4}, 1)}, {"b1", random_array({4}, 2)}};
  Parameter<double> W("W1", params["W1"]), b("b1", params["b1"]);
  Parameter<double>* const parameters[] = {&W, &b};
  double largest = 0;
  for (std::uint64_t step = 0; step < 5; ++step) {
    W.gradient = random_array({3, 4}, 10 + step);
    b.gradient = random_array({4}, 20 + step);
    by_hand.update(params, {{"W1", W.gradient}, {"b1", b.gradient}});
    library.step(parameters);
    largest =
        std::max({largest, difference(params["W1"], W.value), difference(params["b1"], b.value)});
  }
  return largest;
}

double sgd_difference() {
  common::SGD by_hand(0.1);
  return optimizer_difference(by_hand, Sgd<double>({.learning_rate = 0.1}));
}

double momentum_difference() {
  common::Momentum by_hand(0.1, 0.8);
  return optimizer_difference(by_hand, Momentum<double>({.learning_rate = 0.1, .momentum = 0.8}));
}

double nesterov_difference() {
  common::Nesterov by_hand(0.1, 0.8);
  return optimizer_difference(by_hand, Nesterov<double>({.learning_rate = 0.1, .momentum = 0.8}));
}

double ada_grad_difference() {
  common::AdaGrad by_hand(0.1);
  return optimizer_difference(by_hand, AdaGrad<double>({.learning_rate = 0.1}));
}

double rms_prop_difference() {
  common::RMSprop by_hand(0.1, 0.9);
  return optimizer_difference(by_hand, RmsProp<double>({.learning_rate = 0.1, .decay_rate = 0.9}));
}

double adam_difference() {
  common::Adam by_hand(0.1);
  return optimizer_difference(by_hand, Adam<double>({.learning_rate = 0.1}));
}

/// A library network's parameters by the book's names: W1, b1, gamma1, beta1, W2, ...
std::map<std::string, Parameter<double>*> by_book_name(Sequential<double>& library) {
  std::map<std::string, int> counts;
  std::map<std::string, Parameter<double>*> parameters;
  for (auto* parameter : library.parameters()) {
    std::string kind = parameter->name.substr(parameter->name.rfind('.') + 1);
    if (kind == "weight") kind = "W";
    if (kind == "bias") kind = "b";
    parameters[kind + std::to_string(++counts[kind])] = parameter;
  }
  return parameters;
}

void copy_parameters(const common::Arrays& params, Sequential<double>& library) {
  for (const auto& [name, parameter] : by_book_name(library)) parameter->value = params.at(name);
}

/// The largest difference of the scores and of each gradient of a training step. The library's
/// gradients include no weight decay, so `decay` times the weight is added.
double network_difference(const common::Arrays& params, const Array& scores,
                          const common::Arrays& grads, Sequential<double> library, const Array& x,
                          const Labels& t, double decay = 0) {
  copy_parameters(params, library);
  SoftmaxCrossEntropy<double> loss;
  const Array& expected = library.forward(x);
  double largest = difference(scores, expected);
  loss.forward(expected, t);
  library.backward(loss.backward());
  const auto parameters = by_book_name(library);
  if (grads.size() != parameters.size()) return INFINITY;
  for (const auto& [name, parameter] : parameters) {
    const double decay_here = name[0] == 'W' ? decay : 0;
    largest = std::max(
        largest, difference(grads.at(name), parameter->gradient + decay_here * parameter->value));
  }
  return largest;
}

double network_difference(common::Network& by_hand, const Sequential<double>& library,
                          const Array& x, const Labels& t, double decay = 0) {
  return network_difference(by_hand.params, by_hand.predict(x, true), by_hand.gradient(x, t),
                            library, x, t, decay);
}

double multi_layer_net_difference() {
  const Array x = random_array({6, 5}, 1);
  const auto t = array<std::int32_t>({0, 1, 2, 0, 1, 2});
  double largest = 0;
  for (const char* activation : {"relu", "sigmoid"}) {
    Rng rng(1);
    common::MultiLayerNet by_hand({.input_size = 5,
                                   .hidden_size_list = {7, 6},
                                   .output_size = 3,
                                   .activation = activation,
                                   .weight_init_std = 0.7,
                                   .weight_decay_lambda = 0.1},
                                  rng);
    using Activation = dlfs::MultiLayerNetOptions::Activation;
    const auto kind = activation == std::string("relu") ? Activation::relu : Activation::sigmoid;
    largest = std::max(
        largest, network_difference(
                     by_hand,
                     multi_layer_net<double>(
                         {.in = 5, .hidden = {7, 6}, .out = 3, .activation = kind}, He{}, rng),
                     x, t, 0.1));
  }
  return largest;
}

double multi_layer_net_extend_difference() {
  const Array x = random_array({6, 5}, 1);
  const auto t = array<std::int32_t>({0, 1, 2, 0, 1, 2});
  Rng rng(1);
  common::MultiLayerNetExtendOptions options{.input_size = 5,
                                             .hidden_size_list = {7, 6},
                                             .output_size = 3,
                                             .weight_decay_lambda = 0.1,
                                             .use_batchnorm = true};
  common::MultiLayerNetExtend normalized(options, rng);
  const double largest = network_difference(
      normalized,
      multi_layer_net<double>({.in = 5, .hidden = {7, 6}, .out = 3, .batch_normalization = true},
                              He{}, rng),
      x, t, 0.1);

  // Dropout draws other masks than the library's, so it is compared in evaluation.
  options.use_batchnorm = false;
  options.use_dropout = true;
  options.dropout_ration = 0.3;
  common::MultiLayerNetExtend thinned(options, rng);
  auto library = multi_layer_net<double>({.in = 5,
                                          .hidden = {7, 6},
                                          .out = 3,
                                          .dropout = 0.3,
                                          .dropout_scaling = DropoutScaling::in_evaluation},
                                         He{}, rng);
  copy_parameters(thinned.params, library);
  return std::max(largest, difference(thinned.predict(x), library.predict(x)));
}

double two_layer_net_difference() {
  Rng rng(1);
  ch05::TwoLayerNet by_hand(6, 5, 4, rng, 0.5);
  const Array x = random_array({8, 6}, 1);
  const auto t = array<std::int32_t>({0, 1, 2, 3, 0, 1, 2, 3});
  return network_difference(by_hand.params, by_hand.predict(x), by_hand.gradient(x, t),
                            ch05::two_layer_net<double>(6, 5, 4, rng), x, t);
}

double simple_convnet_difference() {
  Rng rng(1);
  ch07::SimpleConvNet by_hand(
      {.image = 12, .filter_num = 4, .filter_size = 3, .weight_init_std = 0.3}, rng);
  return network_difference(by_hand,
                            simple_convnet<double>(rng, {.image = 12, .filters = 4, .kernel = 3}),
                            random_array({5, 1, 12, 12}, 1), array<std::int32_t>({0, 1, 2, 3, 9}));
}

/// With a dropout ratio of 0 in training, against a network without dropout; and as it is, in
/// evaluation.
double deep_convnet_difference() {
  Rng rng(1);
  Sequential<double> library;
  Index channels = 1;
  int number = 0;
  for (const auto& [filters, padding] :
       {std::pair<Index, Index>{16, 1}, {16, 1}, {32, 1}, {32, 2}, {64, 1}, {64, 1}}) {
    const std::string suffix = std::to_string(++number);
    library.add(
        "conv" + suffix,
        Convolution<double>({.in = channels, .filters = filters, .padding = padding}, He{}, rng));
    library.add("relu" + suffix, Relu<double>());
    if (number % 2 == 0)
      library.add("pool" + suffix, MaxPooling<double>({.kernel = 2, .stride = 2}));
    channels = filters;
  }
  library.add("affine1", Affine<double>({.in = 1024, .out = 50}, He{}, rng));
  library.add("relu", Relu<double>());
  library.add("affine2", Affine<double>({.in = 50, .out = 10}, He{}, rng));
  const Array x = random_array({3, 1, 28, 28}, 1);
  ch08::DeepConvNet without_dropout(rng, 0);
  const double largest =
      network_difference(without_dropout, library, x, array<std::int32_t>({0, 5, 9}));

  ch08::DeepConvNet by_hand(rng);
  auto network = deep_convnet<double>(rng);
  copy_parameters(by_hand.params, network);
  return std::max(largest, difference(by_hand.predict(x), network.predict(x)));
}

/// 20 steps of a trainer by hand, and of the library with the same samples.
double trainer_difference() {
  const auto digits = generated_digits<double>(50, Rng(1));
  Rng rng(1);
  common::MultiLayerNet network({.hidden_size_list = {10}}, rng);
  auto library = multi_layer_net<double>({.hidden = {10}}, He{}, rng);
  copy_parameters(network.params, library);
  common::SGD by_hand(0.1);
  common::Trainer trainer(network, digits, digits, by_hand,
                          {.epochs = 4, .mini_batch_size = 10, .seed = 3, .verbose = false});
  trainer.train();

  Rng choice(3);
  Sgd<double> sgd({.learning_rate = 0.1});
  SoftmaxCrossEntropy<double> loss;
  Dataset<double> batch;
  for (int step = 0; step < 20; ++step) {
    std::vector<Index> samples(10);
    for (Index& n : samples) n = choice.below(50);
    digits.take(samples, batch);
    loss.forward(library.forward(batch.inputs), batch.targets);
    library.backward(loss.backward());
    sgd.step(library.parameters());
  }
  if (trainer.train_loss_list.size() != 20 || trainer.train_acc_list.size() != 4) return INFINITY;
  return difference(network.predict(digits.inputs), library.predict(digits.inputs));
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
    {"SGD", sgd_difference},
    {"Momentum", momentum_difference},
    {"Nesterov", nesterov_difference},
    {"AdaGrad", ada_grad_difference},
    {"RMSprop", rms_prop_difference},
    {"Adam", adam_difference},
    {"MultiLayerNet", multi_layer_net_difference},
    {"MultiLayerNetExtend", multi_layer_net_extend_difference},
    {"Trainer", trainer_difference},
    {"TwoLayerNet", two_layer_net_difference},  // of chapters 5, 7 and 8
    {"SimpleConvNet", simple_convnet_difference},
    {"DeepConvNet", deep_convnet_difference},
};

/// Those that do not compute: options, and bases of other classes.
const std::set<std::string> others = {"Layer",
                                      "LayerWithWeights",
                                      "MultiLayerNetExtendOptions",
                                      "MultiLayerNetOptions",
                                      "Network",
                                      "Optimizer",
                                      "TrainerOptions"};

class ByHand : public testing::TestWithParam<std::string> {};

TEST_P(ByHand, AgreesWithTheLibrary) {
  const double largest = compared.at(GetParam())();
  std::printf("largest difference of %s: %.1e\n", GetParam().c_str(), largest);
  EXPECT_LE(largest, 1e-12);
}

TEST(Common, TheComparisonSeesADifference) {
  const Array x = random_array({2, 3}, 1);
  EXPECT_EQ(difference(x, x), 0);
  EXPECT_GT(difference(x + 1e-11, x), 1e-12);
  EXPECT_FALSE(difference(x * NAN, x) <= 1e-12);
  EXPECT_FALSE(difference(copy(x.reshape({3, 2})), x) <= 1e-12);
}

std::vector<std::string> names_of_compared() {
  std::vector<std::string> names;
  for (const auto& [name, compare] : compared) names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Common, ByHand, testing::ValuesIn(names_of_compared()));

/// The names of the classes in a folder's headers.
std::set<std::string> classes_of(const std::filesystem::path& folder) {
  const std::regex definition("^(?:class|struct) (\\w+)");
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    std::smatch match;
    for (std::string line; std::getline(file, line);) {
      if (std::regex_search(line, match, definition)) found.insert(match[1]);
    }
  }
  return found;
}

TEST(Common, EveryClassIsComparedWithTheLibrary) {
  const auto classes = classes_of(std::filesystem::path(DLFS_EXAMPLES) / "common");
  EXPECT_GE(classes.size(), 24u);
  for (const std::string& name : classes) {
    EXPECT_TRUE(compared.contains(name) || others.contains(name))
        << name << " is neither compared with the library nor listed as one that does not compute";
  }
  for (const std::string& name : others) EXPECT_TRUE(classes.contains(name)) << name;
}

TEST(Common, ParamsComeFromAFileByTheirNames) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "params.npz";
  const common::Arrays saved{{"W1", random_array({2, 3}, 1)}, {"b1", random_array({3}, 2)}};
  common::save_params(file, saved);
  common::Arrays params{{"W1", Array({2, 3})}, {"b1", Array({3})}};
  common::load_params(file, params);
  for (const auto& [name, value] : saved) test::expect_equal(params[name], value);

  common::Arrays other_shape{{"W1", Array({3, 2})}, {"b1", Array({3})}};
  EXPECT_THROW(common::load_params(file, other_shape), FormatError);
  common::Arrays more{{"W1", Array({2, 3})}, {"b1", Array({3})}, {"W2", Array({3, 3})}};
  EXPECT_THROW(common::load_params(file, more), FormatError);
  common::Arrays fewer{{"W1", Array({2, 3})}};
  EXPECT_THROW(common::load_params(file, fewer), FormatError);
}

TEST(Common, ParamsOfTheLibraryHaveTheBooksNames) {
  Rng rng(1);
  auto library = simple_convnet<double>(rng);
  load_weights(examples::in_examples("ch07/params.npz"), library);
  ch07::SimpleConvNet by_hand({}, rng);
  common::load_params(examples::in_examples("ch07/params.npz"), by_hand.params);
  for (const auto& [name, parameter] : by_book_name(library)) {
    test::expect_equal(by_hand.params.at(name), parameter->value);
  }
}

/// The book's weights in a network by hand classify so many of MNIST's test images rightly.
void expect_books_accuracy(common::Network& network, const char* file, double accuracy) {
  const char* book = std::getenv("DLFS_BOOK");
  if (book == nullptr) GTEST_SKIP() << "DLFS_BOOK does not name the folder of the book's files";
  const char* data = std::getenv("DLFS_DATA");
  if (data == nullptr) GTEST_SKIP() << "DLFS_DATA does not name the folder of MNIST";
  common::load_params(std::filesystem::path(book) / file, network.params);
  const auto test = detail::load_mnist_part(data, "t10k").numbers<double>();
  EXPECT_EQ(network.accuracy(test.inputs, test.targets), accuracy);
}

TEST(BookWeightsByHand, OfChapter3Reach9352) {
  Rng rng(0);
  common::MultiLayerNet network({.hidden_size_list = {50, 100}, .activation = "sigmoid"}, rng);
  expect_books_accuracy(network, "sample_weight.pkl", 0.9352);
}

TEST(BookWeightsByHand, OfChapter7Reach9890) {
  Rng rng(0);
  ch07::SimpleConvNet network({}, rng);
  expect_books_accuracy(network, "params.pkl", 0.9890);
}

TEST(BookWeightsByHand, OfChapter8Reach9935) {
  Rng rng(0);
  ch08::DeepConvNet network(rng);
  expect_books_accuracy(network, "deep_convnet_params.pkl", 0.9935);
}

/// 30 steps down x^2 / 20 + y^2 from (-7, 2).
void expect_books_path(common::Optimizer& optimizer, const double (&expected)[4][2]) {
  common::Arrays params{{"x", array<double>({-7})}, {"y", array<double>({2})}};
  int recorded = 0;
  for (int step = 1; step <= 30; ++step) {
    optimizer.update(params, {{"x", params["x"] / 10}, {"y", 2 * params["y"]}});
    if (step != test::book::recorded_steps[recorded]) continue;
    EXPECT_NEAR(params["x"](0) / expected[recorded][0], 1, 1e-10) << step;
    EXPECT_NEAR(params["y"](0) / expected[recorded][1], 1, 1e-10) << step;
    ++recorded;
  }
  EXPECT_EQ(recorded, 4);
}

TEST(Common, OptimizersTakeTheBooksPaths) {
  common::SGD sgd(0.95);
  expect_books_path(sgd, test::book::sgd);
  common::Momentum momentum(0.1);
  expect_books_path(momentum, test::book::momentum);
  common::AdaGrad ada_grad(1.5);
  expect_books_path(ada_grad, test::book::ada_grad);
  common::Adam adam(0.3);
  expect_books_path(adam, test::book::adam);
}

TEST(Common, WeightDecayAndInitialScalesAreTheBooks) {
  EXPECT_EQ(common::initial_scale(0.3, 50), 0.3);
  for (const char* name : {"relu", "he"}) EXPECT_EQ(common::initial_scale(name, 50), 0.2);
  for (const char* name : {"sigmoid", "xavier"}) EXPECT_EQ(common::initial_scale(name, 25), 0.2);
  EXPECT_THROW(common::initial_scale("other", 50), ValueError);
  EXPECT_THROW(common::make_activation("other"), ValueError);

  const Array x = random_array({6, 5}, 1);
  const auto t = array<std::int32_t>({0, 1, 2, 0, 1, 2});
  Rng rng(1);
  common::MultiLayerNet network({.input_size = 5,
                                 .hidden_size_list = {7},
                                 .output_size = 3,
                                 .activation = "sigmoid",
                                 .weight_decay_lambda = 0.1},
                                rng);
  const auto numerical = network.numerical_gradient(x, t);
  for (const auto& [name, gradient] : network.gradient(x, t)) {
    EXPECT_LE(difference(gradient, numerical.at(name)), 1e-6) << name;  // 1e-7 in the logarithm
  }
}

TEST(Common, AccuracyCountsTheTail) {
  Rng rng(1);
  common::MultiLayerNet network({.input_size = 5, .hidden_size_list = {7}, .output_size = 3}, rng);
  const Array x = random_array({130, 5}, 1);
  const auto t = cast<std::int32_t>(argmax(network.predict(x), 1));
  EXPECT_EQ(network.accuracy(x, t), 1);
  EXPECT_EQ(network.accuracy(x, remainder(t + 1, 3)), 0);
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
