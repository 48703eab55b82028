#include "dlfs/net/graph.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"
#include "support/random_graph.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Graph<float>> && MultiInputLayer<Graph<float>>);
static_assert(CompositeLayer<Graph<float>> && LayerWithBuffers<Graph<float>>);

std::vector<float> numbers_of(const Tensor<float>& x) { return {x.begin(), x.end()}; }

/// A picture and numbers, as a network of two inputs.
template <class T>
Graph<T> two_inputs() {
  Rng rng(1);
  return {{"image", "numbers"},
          {{"conv1", Convolution<T>({.in = 1, .filters = 2, .kernel = 3}, He{}, rng), {"image"}},
           {"relu1", Relu<T>(), {"conv1"}},
           {"pool1", GlobalAveragePooling<T>(), {"relu1"}},
           {"joined", Concatenate<T>(), {"pool1", "numbers"}},
           {"affine1", Affine<T>({.in = 5, .out = 3}, He{}, rng), {"joined"}}}};
}

template <class T>
std::vector<Tensor<T>> two_batches(Index rows) {
  Rng rng(2);
  auto image = random_normal<T>({rows, 1, 6, 5}, rng);
  auto numbers = random_normal<T>({rows, 3}, rng);
  return {std::move(image), std::move(numbers)};
}

TEST(Graph, TakesSeveralInputs) {
  const auto report = check_gradients(two_inputs<double>(), two_batches<double>(3));
  EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
}

TEST(Graph, GivesTheGradientOfEachInput) {
  auto net = two_inputs<float>();
  const auto x = two_batches<float>(4);
  const Tensor<float> dy = net.forward({x[0], x[1]});
  const auto dx = net.backward_to_inputs({dy});
  ASSERT_EQ(dx.size(), 2u);
  EXPECT_EQ(dx[0].shape(), x[0].shape());
  EXPECT_EQ(dx[1].shape(), x[1].shape());
}

TEST(Graph, AddsTheGradientsOfASharedLayer) {
  Rng rng(1);
  Graph<double> net({"a", "b"});
  net.add("affine", Affine<double>({.in = 3, .out = 4}, He{}, rng), {"a"});
  net.add_shared("affine_of_b", "affine", {"b"});
  net.add("tanh", Tanh<double>(), {"affine_of_b"});
  net.add("sum", Add<double>(), {"affine", "tanh"});
  EXPECT_EQ(net.parameters().size(), 2u);
  const std::vector<Tensor<double>> x{random_normal<double>({3, 3}, rng),
                                      random_normal<double>({3, 3}, rng)};
  const auto report = check_gradients(net, x);
  EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
}

TEST(Graph, HasSeveralOutputs) {
  Rng rng(1);
  Graph<double> net({"x"}, {{"hidden", Affine<double>({.in = 3, .out = 4}, He{}, rng), {"x"}},
                            {"tanh", Tanh<double>(), {"hidden"}},
                            {"affine", Affine<double>({.in = 4, .out = 2}, He{}, rng), {"tanh"}}});
  net.set_outputs({"affine", "tanh"});
  const auto x = random_normal<double>({5, 3}, rng);
  net.forward({x});
  const Tensor<double> first = net.output(0), second = net.output(1);
  EXPECT_EQ(first.shape(), (Shape{5, 2}));
  const auto all = net.predict_all({x});
  test::expect_equal(all[0], first);
  test::expect_equal(all[1], second);

  // The gradient of sum(first^2 + second^2) / 2.
  net.backward({first, second});
  Parameter<double>& weight = *net.parameters()[0];
  const double analytic = weight.gradient(1, 2);
  const auto loss = [&] {
    const auto y = net.predict_all({x});
    return (sum(y[0] * y[0]) + sum(y[1] * y[1])) / 2;
  };
  const double h = 1e-6;
  weight.value(1, 2) += h;
  const double above = loss();
  weight.value(1, 2) -= 2 * h;
  EXPECT_NEAR(analytic, (above - loss()) / (2 * h), 1e-7 * std::abs(analytic) + 1e-8);
  EXPECT_THROW(net.predict(x), ShapeError);
}

TEST(Graph, IsALayerOfALargerNetwork) {
  Graph<double> outer({"a", "b"}, {{"inner", two_inputs<double>(), {"a", "b"}},
                                   {"relu", Relu<double>(), {"inner"}}});
  EXPECT_EQ(outer.parameters()[0]->name, "inner.conv1.weight");
  const auto report = check_gradients(outer, two_batches<double>(3));
  EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
}

TEST(Graph, TrainsLikeTheChainThatItIs) {
  Rng rng(1);
  const Affine<float> affine1({.in = 4, .out = 8}, He{}, rng),
      affine2({.in = 8, .out = 3}, He{}, rng);
  Sequential<float> chain{{"affine1", affine1}, {"relu", Relu<float>()}, {"affine2", affine2}};
  Graph<float> graph({"x"}, {{"affine1", affine1, {"x"}},
                             {"relu", Relu<float>(), {"affine1"}},
                             {"affine2", affine2, {"relu"}}});
  const Dataset<float> data{random_normal<float>({64, 4}, rng),
                            random_integers<std::int32_t>({64}, rng, 0, 3)};
  const auto train = [&](NeuralNetwork<float>& net) {
    Trainer trainer(net, SoftmaxCrossEntropy<float>(), Adam<float>({.learning_rate = 0.01}),
                    {.epochs = 3, .batch_size = 10});
    trainer.fit(data);
    return numbers_of(net.parameters()[0]->value);
  };
  EXPECT_EQ(train(chain), train(graph));
}

TEST(Graph, SaysWhatDoesNotFit) {
  const auto relu = [] { return AnyLayer<float>(Relu<float>()); };
  const auto error = [](const auto& call) { return test::error_of<ValueError>(call); };
  EXPECT_EQ(error([&] {
              Graph<float>({"x"}, {{"a", relu(), {"y"}}});
            }),
            "graph: there is no input or layer 'y' among these: x");
  EXPECT_EQ(error([&] {
              Graph<float>({"x"}, {{"x", relu(), {"x"}}});
            }),
            "graph: an input has the name 'x' already");
  EXPECT_EQ(error([&] { Graph<float>({"x", "x"}); }), "graph: an input has the name 'x' already");
  EXPECT_EQ(
      error([&] {
        Graph<float>({"x"}, {{"a", relu(), {"x"}}, {"b", relu(), {"x"}}}).output_shape({1, 2});
      }),
      "network: no layer reads 'a', and it is no output");
  EXPECT_EQ(error([&] {
              const std::vector<Shape> x{{1, 2}, {1, 2}};
              Graph<float>({"x", "z"}, {{"a", relu(), {"x"}}}).output_shape(x);
            }),
            "network: no layer reads the input 'z'");
  EXPECT_EQ(error([&] {
              Graph<float>({"x"}, {{"a", relu(), {}}});
            }),
            "graph: expected the name of an input or a layer");
  EXPECT_EQ(error([&] {
              Graph<float>({"x"}, {{"a", relu(), {"x"}}}).set_outputs({"x"});
            }),
            "graph: the input 'x' cannot be an output");
  EXPECT_EQ(error([&] {
              Graph<float>({"x"}, {{"a", relu(), {"x"}}}).set_outputs({"a", "a"});
            }),
            "graph: two outputs are 'a'");
  EXPECT_EQ(error([&] { Graph<float>({"x"}).add_shared("b", "a", {"x"}); }),
            "network: there is no layer 'a' among these: ");

  const Graph<float> net({"x"}, {{"a", relu(), {"x"}}});
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              const std::vector<Shape> x{{1, 2}, {1, 2}};
              net.output_shape(x);
            }),
            "network: expected 1 inputs, got 2");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              Graph<float>({"x"}, {{"a", relu(), {"x", "x"}}}).output_shape({1, 2});
            }),
            "layer 1 (a): relu: expected one input, got 2");
  const auto two = two_inputs<float>();
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              const std::vector<Shape> x{{1, 1, 6, 5}, {2, 3}};
              two.output_shape(x);
            }),
            "network: expected inputs with the same number of rows, got (1, 1, 6, 5) and (2, 3)");
}

/// The forward and the backward pass of a batch: all numbers.
std::vector<float> step(Graph<float>& net, const std::vector<Tensor<float>>& x) {
  std::vector<TensorView<const float>> views(x.begin(), x.end());
  const Tensor<float> y = x.size() == 1 ? net.forward({x[0]}) : net.forward({x[0], x[1]});
  std::vector<float> all = numbers_of(y);
  const auto append = [&](const Tensor<float>& tensor) {
    all.insert(all.end(), tensor.begin(), tensor.end());
  };
  for (const Tensor<float>& dx : net.backward_to_inputs({y})) append(dx);
  for (const auto* parameter : net.parameters()) append(parameter->gradient);
  return all;
}

Tensor<float> prediction(const Graph<float>& net, const std::vector<Tensor<float>>& x) {
  return x.size() == 1 ? net.predict({x[0]}) : net.predict({x[0], x[1]});
}

/// Small batches are no work for several threads.
class OneThread {
 public:
  OneThread() { set_thread_count(1); }
  ~OneThread() { set_thread_count(before_); }

 private:
  int before_ = thread_count();
};

TEST(RandomGraphs, GradientsAgreeWithCentralDifferences) {
  const OneThread one_thread;
  for (unsigned seed = 0; seed < test::random_graphs; ++seed) {
    test::RandomGraph<double> random(seed);
    const auto x = random.inputs(5);
    const auto report =
        x.size() == 1 ? check_gradients(random.net(), x[0]) : check_gradients(random.net(), x);
    ASSERT_TRUE(report.passes(1e-6)) << seed << ": " << to_string(report);
  }
}

TEST(RandomGraphs, GiveTheSameBitsForAnyNumberOfThreads) {
  const int before = thread_count();
  for (unsigned seed = 0; seed < test::random_graphs; ++seed) {
    std::vector<float> expected;
    std::vector<float> expected_prediction;
    for (const int threads : {1, 2, 3}) {
      set_thread_count(threads);
      test::RandomGraph<float> random(seed);
      const auto x = random.inputs(seed % 20 == 0 ? 3000 : 40);
      const auto numbers = step(random.net(), x);
      const auto predicted = numbers_of(prediction(random.net(), x));
      if (threads == 1) {
        expected = numbers;
        expected_prediction = predicted;
      }
      ASSERT_EQ(numbers, expected) << seed;
      ASSERT_EQ(predicted, expected_prediction) << seed;
    }
  }
  set_thread_count(before);
}

TEST(RandomGraphs, PredictWhatTheirLayersGiveOneByOne) {
  const OneThread one_thread;
  for (unsigned seed = 0; seed < test::random_graphs; ++seed) {
    test::RandomGraph<float> random(seed);
    const auto x = random.inputs(5);
    const Graph<float> copy = random.net();
    const Tensor<float> y = prediction(copy, x);
    const Composition<float> composition = copy.composition();
    std::vector<Tensor<float>> outputs = x;
    for (const auto& part : composition.parts) {
      std::vector<Tensor<float>> inputs;
      for (const Index i : part.inputs) inputs.push_back(outputs[static_cast<std::size_t>(i)]);
      outputs.push_back(detail::output_of(*part.layer, inputs, PassMode::evaluate));
    }
    test::expect_equal(y, outputs.back());
  }
}

TEST(RandomGraphs, GiveTheSameInEvaluationAndPrediction) {
  const OneThread one_thread;
  for (unsigned seed = 0; seed < test::random_graphs; ++seed) {
    test::RandomGraph<float> random(seed);
    const auto x = random.inputs(7);
    Graph<float>& net = random.net();
    step(net, x);
    const Tensor<float> y = x.size() == 1 ? net.forward({x[0]}, PassMode::evaluate)
                                          : net.forward({x[0], x[1]}, PassMode::evaluate);
    ASSERT_EQ(numbers_of(y), numbers_of(prediction(net, x))) << seed;
  }
}

}  // namespace
}  // namespace dlfs
