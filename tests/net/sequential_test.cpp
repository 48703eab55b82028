#include "dlfs/net/sequential.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/allocation_counter.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Sequential<float>> && Layer<Sequential<double>>);
static_assert(LayerWithParameters<Sequential<float>> && LayerWithSavedBytes<Sequential<float>>);

/// Every kind of layer; small enough for numerical gradients, large enough for several segments.
template <class T>
Sequential<T> small_network(std::uint64_t seed) {
  Rng rng(seed);
  return {
      {"conv1", Convolution<T>({.in = 2, .filters = 4, .kernel = 3, .padding = 1}, He{}, rng)},
      {"relu1", Relu<T>()},
      {"pool1", MaxPooling<T>({.kernel = 2, .stride = 2})},
      {"conv2", Convolution<T>({.in = 4, .filters = 6, .kernel = {2, 3}, .groups = 2}, He{}, rng)},
      {"tanh", Tanh<T>()},
      {"pool2", AveragePooling<T>({.kernel = 2, .stride = 1})},
      {"flatten", Flatten<T>()},
      {"affine1", Affine<T>({.in = 6 * 3 * 1, .out = 5}, He{}, rng)},
      {"sigmoid", Sigmoid<T>()},
      {"affine2", Affine<T>({.in = 5, .out = 3}, He{}, rng)},
  };
}

template <class T>
Tensor<T> small_images(Index count, std::uint64_t seed = 7) {
  Rng rng(seed);
  return random_normal<T>({count, 2, 10, 8}, rng);
}

template <class T>
std::vector<T> values(const Tensor<T>& tensor) {
  return {tensor.begin(), tensor.end()};
}

/// The output, the input's gradient and every parameter's, one after the other.
std::vector<float> everything(Sequential<float>& network, const Tensor<float>& x) {
  Rng rng(3);
  std::vector<float> all = values(network.forward(x));
  const auto dy = random_normal<float>(network.output_shape(x.shape()), rng);
  const auto dx = values(network.backward_to_input(dy));
  all.insert(all.end(), dx.begin(), dx.end());
  for (const Parameter<float>* parameter : network.parameters()) {
    all.insert(all.end(), parameter->gradient.begin(), parameter->gradient.end());
  }
  return all;
}

class WithThreads : public ::testing::Test {
 protected:
  ~WithThreads() override { set_thread_count(before_); }

 private:
  int before_ = thread_count();
};
using SequentialThreads = WithThreads;

TEST(Sequential, GradientsAgreeWithCentralDifferences) {
  for (Index batch : {1, 2, 43}) {
    const auto report = check_gradients(small_network<double>(1), small_images<double>(batch));
    EXPECT_TRUE(report.passes(1e-7)) << "batch " << batch << ": " << to_string(report);
    EXPECT_EQ(report.tensors.size(), 1u + 8u);
  }
}

TEST(Sequential, PoolsBeforeAMonotoneActivationAndGivesTheSame) {
  for (const AnyLayer<double>& activation :
       {AnyLayer<double>(Relu<double>()), AnyLayer<double>(Sigmoid<double>()),
        AnyLayer<double>(Tanh<double>())}) {
    const MaxPooling<double> pool({.kernel = 2, .stride = 2});
    Sequential<double> network{{"activation", activation}, {"pool", pool}};
    Sequential<double> as_written{
        {"activation", activation}, {"apart", Identity<double>()}, {"pool", pool}};
    const auto x = small_images<double>(9);
    EXPECT_LT(network.saved_bytes(x.shape()), as_written.saved_bytes(x.shape()) / 2);
    const Tensor<double> y = network.forward(x);
    EXPECT_EQ(values(y), values(as_written.forward(x)));
    EXPECT_EQ(values(network.backward_to_input(y)), values(as_written.backward_to_input(y)));
    EXPECT_EQ(test::error_of<ShapeError>([&] {
                network.forward(Tensor<double>({2, 3}));
              }).substr(0, 14),
              "layer 2 (pool)");
  }
}

TEST(Sequential, AListOfLayersServesOnce) {
  const std::initializer_list<NamedLayer<float>> list = {{"relu", Relu<float>()}};
  EXPECT_EQ(Sequential<float>(list).layer_count(), 1);
  EXPECT_EQ(test::error_of<ValueError>([&] { Sequential<float> second(list); }),
            "network: its list of layers was used before");
}

TEST(Sequential, ANestedNetworkComputesTheSame) {
  const auto flat = small_network<float>(1);
  Sequential<float> whole = flat;
  Sequential<float> nested{{"inner", flat}, {"end", Identity<float>()}};
  const auto x = small_images<float>(43);
  EXPECT_EQ(everything(whole, x), everything(nested, x));
  EXPECT_EQ(nested.parameters()[0]->name, "inner.conv1.weight");
}

TEST(Sequential, ANestedNetworkThatRunsInTilesComputesTheSame) {
  Rng rng(1);
  const Convolution<float> conv1({.in = 2, .filters = 16, .kernel = 3, .padding = 1}, He{}, rng);
  const Convolution<float> conv2({.in = 16, .filters = 3, .kernel = 3}, He{}, rng);
  const MaxPooling<float> pool({.kernel = 2, .stride = 2});
  Sequential<float> flat{
      {"conv1", conv1}, {"relu", Relu<float>()}, {"pool", pool}, {"conv2", conv2}};
  const Sequential<float> front{{"conv1", conv1}, {"relu", Relu<float>()}, {"pool", pool}};
  Sequential<float> nested{{"front", front}, {"conv2", conv2}};
  EXPECT_FALSE(nested.traits().whole_batch);
  const auto x = small_images<float>(200);
  EXPECT_EQ(values(flat.forward(x)), values(nested.forward(x)));

  const auto a = everything(flat, x);
  const auto b = everything(nested, x);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-3f) << i;
}

TEST_F(SequentialThreads, ResultsAreTheSameBitByBitForAnyNumberOfThreads) {
  const auto x = small_images<float>(203);
  std::vector<float> first;
  for (int threads : {1, 2, 3, 7}) {
    set_thread_count(threads);
    auto network = small_network<float>(1);
    const auto all = everything(network, x);
    if (first.empty()) first = all;
    EXPECT_EQ(all, first) << threads << " threads";
  }
}

TEST(Sequential, PredictAgreesWithForward) {
  auto network = small_network<float>(1);
  const auto x = small_images<float>(300);
  const auto y = values(network.forward(x, PassMode::evaluate));
  const auto predicted = values(network.predict(x));
  ASSERT_EQ(y.size(), predicted.size());
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(predicted[i], y[i], 1e-5f);
}

TEST_F(SequentialThreads, PredictMayBeCalledFromManyThreadsAtOnce) {
  set_thread_count(2);
  const auto network = small_network<float>(1);
  const auto x = small_images<float>(150);
  const auto expected = values(network.predict(x));
  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) result = values(network.predict(x));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

TEST(Sequential, PredictTakesPartOfABatchAndAnEmptyOne) {
  const auto network = small_network<float>(1);
  const auto x = small_images<float>(5);
  const auto all = network.predict(x);
  const auto two = network.predict(x.rows(1, 3));
  for (Index j = 0; j < 3; ++j) EXPECT_NEAR(two(0, j), all(1, j), 1e-6f);
  EXPECT_EQ(network.predict(x.rows(0, 0)).shape(), (Shape{0, 3}));
  EXPECT_THROW(network.predict(x.view().transpose({0, 1, 3, 2})), ShapeError);
}

/// Layers that compute dense rows, and none other.
template <class T>
Sequential<T> rows_network() {
  Rng rng(1);
  return Sequential<T>({5}, rng,
                       {{"affine1", Affine<T>({.out = 16}, He{})},
                        {"relu", Relu<T>()},
                        {"affine2", Affine<T>({.out = 33}, He{})},
                        {"tanh", Tanh<T>()},
                        {"affine3", Affine<T>({.out = 2}, He{})},
                        {"sigmoid", Sigmoid<T>()}});
}

TEST(Sequential, PredictsAnyNumberOfRowsWithTheBitsOfForward) {
  auto network = rows_network<float>();
  Rng rng(2);
  for (const Index rows : {0, 1, 2, 7, 130, 3000}) {
    const auto x = random_normal<float>({rows, 5}, rng);
    const auto expected = copy(network.forward(x, PassMode::evaluate));
    test::expect_equal(network.predict(x), expected);
    auto y = full<float>({rows, 2}, 7);
    network.predict(x, y);
    test::expect_equal(y, expected);
  }
}

TEST(Sequential, PredictsWithTheWeightsThatItHasNow) {
  auto network = rows_network<float>();
  const auto x = ones<float>({1, 5});
  network.predict(x);
  for (Parameter<float>* parameter : network.parameters()) {
    parameter->value = full<float>(parameter->value.shape(), 0.5f);
  }
  test::expect_equal(network.predict(x), copy(network.forward(x, PassMode::evaluate)));
  network.parameters()[0]->value = ones<float>({4, 16});
  EXPECT_THROW(network.predict(x), ShapeError);
}

TEST(Sequential, PredictsWithoutAllocationIntoMemoryOfTheCaller) {
  const auto network = rows_network<float>();
  const auto x = ones<float>({1, 5});
  auto y = zeros<float>({1, 2});
  for (int run = 0; run < 2; ++run) network.predict(x, y);
  const test::AllocationCounter counter;
  for (int run = 0; run < 3; ++run) network.predict(x, y);
  EXPECT_EQ(counter.count(), 0);
}

TEST(Sequential, BackwardOverwritesRatherThanAccumulates) {
  auto network = small_network<float>(1);
  const auto x = small_images<float>(43);
  const auto once = everything(network, x);
  EXPECT_EQ(everything(network, x), once);
}

/// Hands on what it gets, and asks for the whole batch: segments end before and after it.
struct WholeBatch {
  using Scalar = double;
  static LayerTraits traits() { return {.kind = "whole batch", .whole_batch = true}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<double>& pass) const { assign(pass.y, pass.x); }
  void backward(const BackwardPass<double>& pass) const { assign(pass.dx, pass.dy); }
};

// The gradients between segments lie in two buffers that take turns. Here a segment of two layers
// makes them wider, in many tiles, so that sharing one buffer would overwrite what is still unread.
TEST(Sequential, BackwardKeepsTheGradientsBetweenSegmentsApart) {
  Sequential<double> network{{"whole1", WholeBatch()},
                             {"tanh", Tanh<double>()},
                             {"pool", AveragePooling<double>({.kernel = 2, .stride = 2})},
                             {"whole2", WholeBatch()}};
  Rng rng(1);
  const auto x = random_normal<double>({40, 1, 40, 40}, rng);
  network.forward(x);
  const Tensor<double> dx = network.backward_to_input(ones<double>({40, 1, 20, 20}));
  for (Index i = 0; i < x.size(); ++i) {
    const double y = std::tanh(x.data()[i]);
    ASSERT_NEAR(dx.data()[i], 0.25 * (1 - y * y), 1e-12) << i;
  }
}

/// Counts how often a plan asks for its shape.
struct AskedForShape {
  using Scalar = double;
  int* times;
  static LayerTraits traits() { return {.kind = "asked for shape"}; }
  Shape output_shape(const Shape& x) const { return ++*times, x; }
  void forward(const ForwardPass<double>& pass) const { assign(pass.y, pass.x); }
  void backward(const BackwardPass<double>& pass) const { assign(pass.dx, pass.dy); }
};

TEST(Sequential, TrainingUpdatesTheBuffersOfItsLayers) {
  Sequential<double> network{{"norm", BatchNormalization<double>({.features = 1})}};
  const Tensor<double> x({2, 1}, {1, 3});
  network.forward(x, PassMode::evaluate);
  EXPECT_EQ(network.buffers()[0]->value(0), 0);
  network.forward(x);
  EXPECT_DOUBLE_EQ(network.buffers()[0]->value(0), 0.1 * 2);
}

// Many tiles and pieces, each of which must know which samples it holds.
TEST(Sequential, DropsOtherElementsOfEachSample) {
  Rng rng(1);
  Sequential<float> network{{"dropout", Dropout<float>({.ratio = 0.5}, rng)}};
  const Tensor<float> y = network.forward(ones<float>({64, 50000}));
  for (Index i = 1; i < 64; ++i) {
    EXPECT_FALSE(array_equal(y[i], y[0])) << i;
    EXPECT_FALSE(array_equal(y[i], y[i - 1])) << i;
  }
}

// Each of the pieces, at most 16, has several tiles of 2 MB.
TEST(Sequential, AddsUpTheGradientsOfAllTiles) {
  Rng rng(1);
  Sequential<float> network{
      {"conv", Convolution<float>({.in = 1, .filters = 1, .kernel = 1}, He{}, rng)}};
  const auto x = ones<float>({4000, 1, 50, 50});
  network.forward(x);
  network.backward(x);
  EXPECT_EQ(network.parameters()[0]->gradient(0, 0, 0, 0), 4000 * 50 * 50);
  EXPECT_EQ(network.parameters()[1]->gradient(0), 4000 * 50 * 50);
}

// The largest of these x gives the smallest swish(x).
TEST(Sequential, LeavesPoolingBehindALayerThatIsNotMonotone) {
  const Sequential<float> network{{"swish", Swish<float>()},
                                  {"pool", MaxPooling<float>({.kernel = 2, .stride = 2})}};
  const Tensor<float> x({1, 1, 2, 2}, {-1.25f, -20, -10, -5});
  const Sequential<float> swish{{"swish", Swish<float>()}};
  EXPECT_EQ(network.predict(x)(0, 0, 0, 0), max(swish.predict(x)));
}

TEST(Sequential, RefusesTheNameOfAnyEarlierLayer) {
  Sequential<float> network{{"a", Relu<float>()}, {"b", Relu<float>()}};
  for (const std::string name : {"a", "b"}) {
    EXPECT_EQ(test::error_of<ValueError>([&] { network.add(name, Relu<float>()); }),
              "network: two layers have the name '" + name + "'");
  }
}

// Many tiles and pieces, each of which saves positions of maxima.
TEST(Sequential, KeepsApartWhatTheTilesSave) {
  Sequential<float> network{{"pool", MaxPooling<float>({.kernel = 2, .stride = 2})}};
  Rng rng(1);
  const auto x = random_normal<float>({30, 3, 100, 100}, rng);
  const auto dy = random_normal<float>({30, 3, 50, 50}, rng);
  network.forward(x);
  const Tensor<float> dx = network.backward_to_input(dy);
  for (Index i = 0; i < 30; ++i) {
    const Tensor<float> sample = copy(x.rows(i, i + 1));
    network.forward(sample);
    test::expect_equal(network.backward_to_input(copy(dy.rows(i, i + 1))), copy(dx.rows(i, i + 1)));
  }
}

TEST(Sequential, PlansOncePerStepAndPrediction) {
  int times = 0;
  Sequential<double> network{{"asked", AskedForShape{&times}},
                             {"norm", BatchNormalization<double>({.features = 4})}};
  const auto x = ones<double>({3, 4});
  network.forward(x);
  network.backward(x);
  EXPECT_EQ(times, 1);
  network.predict(x);
  EXPECT_EQ(times, 2);
}

TEST(Sequential, ABatchThatDoesNotFitLeavesTheLastForwardValid) {
  Rng rng(1);
  Sequential<double> network{{"affine", Affine<double>({.in = 4, .out = 2}, He{}, rng)},
                             {"tanh", Tanh<double>()}};
  const auto x = ones<double>({3, 4});
  network.forward(x);
  const auto other = ones<double>({5, 3});
  EXPECT_THROW(network.forward(other), ShapeError);
  network.backward(ones<double>({3, 2}));
  EXPECT_EQ(network.parameters()[1]->gradient.shape(), (Shape{2}));
}

TEST(Sequential, GradientsOfAnEmptyBatchAreZero) {
  auto network = small_network<float>(1);
  const auto x = small_images<float>(4);
  network.forward(x);
  network.backward(ones<float>({4, 3}));
  const Tensor<float> nothing({0, 2, 10, 8});
  network.forward(nothing);
  EXPECT_EQ(network.backward_to_input(Tensor<float>({0, 3})).shape(), nothing.shape());
  for (const auto* parameter : network.parameters()) {
    EXPECT_EQ(values(parameter->gradient), values(zeros<float>(parameter->value.shape())))
        << parameter->name;
  }
}

TEST(Sequential, BackwardWithoutTheInputGradientGivesTheSameParameterGradients) {
  auto network = small_network<float>(1);
  const auto x = small_images<float>(43);
  const Tensor<float> dy = network.forward(x);
  network.backward_to_input(dy);
  std::vector<std::vector<float>> gradients;
  for (const auto* parameter : network.parameters())
    gradients.push_back(values(parameter->gradient));
  network.backward(dy);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    EXPECT_EQ(values(network.parameters()[i]->gradient), gradients[i]);
  }
}

TEST(Sequential, ACopyIsACopy) {
  auto network = small_network<float>(1);
  auto copy = network;
  const auto x = small_images<float>(3);
  const auto before = values(network.predict(x));
  for (Parameter<float>* parameter : copy.parameters()) parameter->value.fill(0);
  EXPECT_EQ(values(network.predict(x)), before);
  EXPECT_NE(values(copy.predict(x)), before);
  copy = network;
  EXPECT_EQ(values(copy.predict(x)), before);
  const auto moved = std::move(copy);
  EXPECT_EQ(values(moved.predict(x)), before);
}

TEST(Sequential, NamesItsParametersByLayer) {
  auto network = small_network<float>(1);
  std::vector<std::string> names;
  for (const auto* parameter : network.parameters()) names.push_back(parameter->name);
  const std::vector<std::string> expected{"conv1.weight",   "conv1.bias",     "conv2.weight",
                                          "conv2.bias",     "affine1.weight", "affine1.bias",
                                          "affine2.weight", "affine2.bias"};
  EXPECT_EQ(names, expected);
}

TEST(Sequential, AShapeErrorNamesTheLayer) {
  auto network = small_network<float>(1);
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              network.forward(Tensor<float>({4, 3, 10, 8}));
            }),
            "layer 1 (conv1): convolution: expected 2 input channels (weight (4, 2, 3, 3), groups "
            "1), got x of shape (4, 3, 10, 8)");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              network.predict(Tensor<float>({4, 2, 12, 8}));
            }),
            "layer 8 (affine1): affine: expected x of shape (N, 18) for the weight (18, 5), got "
            "(4, 24)");
  EXPECT_EQ(test::error_of<ShapeError>([&] { network.predict(Tensor<float>(Shape{})); }),
            "network: expected x of shape (N, ...), got ()");
}

TEST(Sequential, BackwardRefusesAnotherShapeThanForwardReturned) {
  auto network = small_network<float>(1);
  network.forward(small_images<float>(4));
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              network.backward(Tensor<float>({4, 2}));
            }),
            "network: expected dy of the shape (4, 3) that forward returned, got (4, 2)");
  Sequential<float> fresh = network;
  EXPECT_THROW(fresh.backward(Tensor<float>({4, 3})), ValueError);
}

TEST(Sequential, RefusesItsOwnMemoryWhereItWouldBeOverwritten) {
  Sequential<float> network{{"tanh", Tanh<float>()},
                            {"affine", Affine<float>(ones<float>({3, 3}), Tensor<float>({3}))}};
  const auto x = ones<float>({3, 3});
  EXPECT_EQ(test::error_of<ValueError>([&] { network.forward(network.forward(x)); }),
            "network: the result shares memory with x, which is read while it is written; pass a "
            "copy()");
  const Tensor<float>& y = network.forward(x);
  test::expect_equal(network.predict(y), network.predict(copy(y)));
  const Tensor<float>& dx = network.backward_to_input(y);
  EXPECT_THROW(network.backward_to_input(dx), ValueError);
  EXPECT_THROW(network.backward(network.parameters()[0]->gradient), ValueError);
  network.backward(dx);
  network.forward(dx);
  EXPECT_THROW(network.backward_to_input(x), ValueError);
  network.forward(network.parameters()[0]->gradient);
  EXPECT_THROW(network.backward(x), ValueError);
}

TEST(Sequential, BackwardRefusesAForwardThatThrew) {
  Rng rng(1);
  Sequential<float> network{{"affine", Affine<float>({.in = 3, .out = 3}, He{}, rng)},
                            {"norm", BatchNormalization<float>({.features = 3})}};
  const auto x = random_normal<float>({6, 3}, rng);
  const auto one = ones<float>({1, 3});
  EXPECT_THROW(network.forward(one), ValueError);  // a variance of one sample
  EXPECT_THROW(network.backward(one), ValueError);
  network.forward(x);
  EXPECT_THROW(network.forward(one), ValueError);
  EXPECT_THROW(network.backward(one), ValueError);
  EXPECT_THROW(network.backward(x), Error);
  network.forward(x);
  network.backward(x);
}

TEST(Sequential, BackwardRefusesAModeThatForwardHadNot) {
  Rng rng(1);
  const auto x = random_normal<float>({6, 3}, rng);
  const auto change = [&](std::string_view name, auto layer) {
    Sequential<float> network{{"affine", Affine<float>({.in = 3, .out = 3}, He{}, rng)}};
    network.add(std::string(name), layer);
    network.forward(x);
    network.freeze(name);
    EXPECT_THROW(network.backward(x), ValueError) << name;
    network.forward(x);
    network.freeze(name);
    network.backward(x);  // nothing has changed
    network.unfreeze(name);
    EXPECT_THROW(network.backward(x), ValueError) << name;
    network.forward(x);
    network.set_mode(name, PassMode::evaluate);
    EXPECT_THROW(network.backward_to_input(x), ValueError) << name;
  };
  change("norm", BatchNormalization<float>({.features = 3}));
  change("dropout", Dropout<float>({.ratio = 0.5}));
  change("block", Residual<float>({{"norm", BatchNormalization<float>({.features = 3})}}));
}

TEST(Sequential, BackwardRefusesWhatHasChangedSinceForward) {
  Sequential<float> network{{"affine1", Affine<float>(ones<float>({3, 5}), Tensor<float>({5}))},
                            {"relu", Relu<float>()},
                            {"affine2", Affine<float>(ones<float>({5, 3}), Tensor<float>({3}))}};
  const auto x = ones<float>({2, 3});
  network.forward(x);
  network.add("tanh", Tanh<float>());
  EXPECT_EQ(test::error_of<ValueError>([&] { network.backward(x); }),
            "network: expected a forward pass before backward, and none since a layer was added "
            "or set to another mode");
  network.forward(x);
  network.parameters()[0]->value = ones<float>({3, 6});
  EXPECT_EQ(test::error_of<ShapeError>([&] { network.backward(x); }),
            "network: affine1.weight was of shape (3, 5) in forward and is now (3, 6)");
  EXPECT_EQ(test::error_of<ShapeError>([&] { network.forward(x); }),
            "layer 1 (affine1): affine: expected affine1.bias of shape (6,), got (5,)");
  EXPECT_THROW(network.set_step(-1), ValueError);
}

TEST(Sequential, RefusesNamesThatAreEmptyOrUsedTwice) {
  Sequential<float> network{{"relu", Relu<float>()}};
  EXPECT_EQ(test::error_of<ValueError>([&] { network.add("relu", Relu<float>()); }),
            "network: two layers have the name 'relu'");
  EXPECT_EQ(test::error_of<ValueError>([&] { network.add("", Relu<float>()); }),
            "network: a layer's name is empty");
  EXPECT_EQ(test::error_of<ValueError>([] {
              Sequential<float>().predict(Tensor<float>({1, 1}));
            }),
            "network: it has no layers");
}

TEST(Sequential, ACopyCountsItsStepsFromThoseOfTheFirst) {
  Sequential<float> network{{"relu", Relu<float>()}};
  network.forward(ones<float>({1, 2}));
  const Sequential<float> copied = network;
  EXPECT_EQ(copied.step(), 1);
  Sequential<float> assigned;
  assigned = network;
  EXPECT_EQ(assigned.step(), 1);
}

/// Counts its backward passes and what it was asked for; it cannot leave out gradients.
struct Counted {
  using Scalar = double;
  explicit Counted(std::string name) : weight(std::move(name), Tensor<double>({1})) {
    weight.value(0) = 2;
  }
  static LayerTraits traits() { return {.kind = "counted", .keeps_input = true}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<double>& pass) const {
    for (Index i = 0; i < pass.x.size(); ++i) {
      pass.y.data()[i] = weight.value(0) * pass.x.data()[i];
    }
  }
  void backward(const BackwardPass<double>& pass) const {
    ++*calls;
    double sum = pass.store == Store::add ? pass.gradients[0](0) : 0;
    for (Index i = 0; i < pass.x.size(); ++i) sum += pass.x.data()[i] * pass.dy.data()[i];
    pass.gradients[0].data()[0] = sum;
    if (!pass.needs_dx()) return;
    for (Index i = 0; i < pass.dx.size(); ++i) {
      pass.dx.data()[i] = weight.value(0) * pass.dy.data()[i];
    }
  }
  std::array<Parameter<double>*, 1> parameters() { return {&weight}; }
  Parameter<double> weight;
  std::shared_ptr<std::atomic<int>> calls = std::make_shared<std::atomic<int>>(0);
};

/// Layers of every kind that learns, small and large enough for several pieces.
Sequential<double> network_to_freeze() {
  Rng rng(1);
  Sequential<double> body{
      {"conv", Convolution<double>({.in = 4, .filters = 4, .kernel = 3, .padding = 1}, He{}, rng)},
      {"norm", BatchNormalization<double>({.features = 4})}};
  return {{"conv1", Convolution<double>({.in = 1, .filters = 4, .kernel = 3}, He{}, rng)},
          {"up1", TransposedConvolution<double>({.in = 4, .filters = 4, .kernel = 2}, He{}, rng)},
          {"block1", Residual<double>(body)},
          {"norm1", BatchNormalization<double>({.features = 4})},
          {"scale1", Counted("scale")},
          {"drop1", Dropout<double>({.ratio = 0.5}, rng)},
          {"affine1", Affine<double>({.in = 4 * 17 * 17, .out = 5}, He{}, rng)},
          {"norm2", LayerNormalization<double>({.features = 5})},
          {"affine2", Affine<double>({.in = 5, .out = 3}, He{}, rng)}};
}

TEST(Sequential, AFrozenLayerHasNoGradientAndTheOthersHaveTheirs) {
  Rng rng(2);
  const auto x = random_normal<double>({64, 1, 18, 18}, rng);
  const auto dy = random_normal<double>({64, 3}, rng);
  const auto gradients_of = [&](Sequential<double>& network) {
    network.set_step(0);
    network.forward(x, PassMode::evaluate);
    std::vector<double> dx(static_cast<std::size_t>(x.size()));
    const auto& of_x = network.backward_to_input(dy);
    std::copy(of_x.begin(), of_x.end(), dx.begin());
    return dx;
  };
  auto whole = network_to_freeze();
  const auto expected_dx = gradients_of(whole);
  const Index layers = whole.layer_count();
  for (Index frozen = 0; frozen < layers; ++frozen) {
    for (const bool is_last_frozen : {false, true}) {
      auto network = network_to_freeze();
      network.freeze(network.layer_name(frozen));
      if (is_last_frozen) network.freeze(network.layer_name((frozen + 3) % layers));
      EXPECT_EQ(gradients_of(network), expected_dx);
      for (std::size_t k = 0; k < network.parameters().size(); ++k) {
        const auto* parameter = network.parameters()[k];
        if (parameter->is_frozen()) {
          EXPECT_TRUE(parameter->gradient.empty()) << parameter->name;
        } else {
          test::expect_equal(parameter->gradient, whole.parameters()[k]->gradient);
        }
      }
    }
  }
}

TEST(Sequential, OneFrozenParameterOfALayerLeavesTheOther) {
  Rng rng(2);
  const auto x = random_normal<double>({64, 1, 18, 18}, rng);
  const auto dy = random_normal<double>({64, 3}, rng);
  auto whole = network_to_freeze();
  whole.forward(x, PassMode::evaluate);
  whole.backward(dy);
  for (std::size_t k = 0; k < whole.parameters().size(); ++k) {
    auto network = network_to_freeze();
    network.parameters()[k]->rate_scale = 0;
    network.forward(x, PassMode::evaluate);
    network.backward(dy);
    for (std::size_t i = 0; i < whole.parameters().size(); ++i) {
      if (i == k) {
        EXPECT_TRUE(network.parameters()[i]->gradient.empty());
      } else {
        test::expect_equal(network.parameters()[i]->gradient, whole.parameters()[i]->gradient);
      }
    }
  }
}

TEST(Sequential, LayersBelowTheFirstThatLearnsHaveNoBackwardPass) {
  Counted first("w"), second("w"), third("w");
  Sequential<double> network{{"first", first}, {"second", second}, {"third", third}};
  const auto x = ones<double>({2, 3});
  network.freeze("first");
  network.freeze("second");
  network.forward(x);
  network.backward(x);
  EXPECT_EQ(first.calls->load() + second.calls->load(), 0);
  EXPECT_EQ(third.calls->load(), 1);
  network.freeze("third");
  network.forward(x);
  network.backward(x);
  EXPECT_EQ(third.calls->load(), 1);
  network.unfreeze("first");
  network.forward(x);
  network.backward(x);
  EXPECT_EQ(first.calls->load(), 1);
  EXPECT_EQ(network.parameters()[0]->gradient(0), 24);
}

TEST(Sequential, AFrozenPartRunsAsInEvaluation) {
  Rng rng(3);
  const auto x = random_normal<double>({8, 4}, rng);
  Sequential<double> network{{"norm1", BatchNormalization<double>({.features = 4})},
                             {"norm2", BatchNormalization<double>({.features = 4})},
                             {"drop1", Dropout<double>({.ratio = 0.5}, rng)}};
  network.freeze("norm1");
  network.set_mode("drop1", PassMode::evaluate);
  const Sequential<double> before = network;
  const auto y = network.forward(x, PassMode::train);
  test::expect_equal(network.buffers()[0]->value, before.buffers()[0]->value);
  test::expect_equal(network.buffers()[1]->value, before.buffers()[1]->value);
  EXPECT_FALSE(array_equal(network.buffers()[2]->value, before.buffers()[2]->value));
  // norm2 sees what norm1 gives by its running statistics, and nothing is dropped.
  for (Index f = 0; f < 4; ++f) {
    double sum = 0;
    for (Index n = 0; n < 8; ++n) sum += y(n, f);
    EXPECT_NEAR(sum, 0, 1e-12);
  }
  Sequential<double> copied = network;
  copied.forward(x, PassMode::train);
  test::expect_equal(copied.buffers()[0]->value, before.buffers()[0]->value);
  network.unfreeze("norm1");
  network.forward(x, PassMode::train);
  EXPECT_FALSE(array_equal(network.buffers()[0]->value, before.buffers()[0]->value));
}

TEST(Sequential, NamesItsLayersWhereOneIsMissing) {
  Sequential<double> network{{"relu1", Relu<double>()}, {"relu2", Relu<double>()}};
  EXPECT_EQ(test::error_of<ValueError>([&] { network.freeze("relu"); }),
            "network: there is no layer 'relu' among these: relu1, relu2");
  EXPECT_THROW(network.unfreeze(""), ValueError);
  EXPECT_THROW(network.set_mode("relu3", PassMode::evaluate), ValueError);
}

}  // namespace
}  // namespace dlfs
