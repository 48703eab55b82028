#include "dlfs/nn/layers/lstm.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/tensor/functions.hpp"
#include "dlfs/tensor/reduce.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithParameters<Lstm<float>> && LayerWithSavedBytes<Lstm<double>>);
static_assert(LayerWithFlops<Lstm<float>> && !test::Instantiable<Lstm, int>);

Lstm<double> lstm_of(Index in, Index hidden, bool reverse = false) {
  Rng rng(3);
  Lstm<double> layer({.in = in, .hidden = hidden, .reverse = reverse}, rng);
  for (Parameter<double>* parameter : layer.parameters()) {
    parameter->value = random_normal<double>(parameter->value.shape(), rng, 0.5);
  }
  return layer;
}

/// The formula, number by number.
Tensor<double> lstm_by_hand(Lstm<double> layer, const Tensor<double>& x, bool reverse) {
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  const auto [w_ih, w_hh, b_ih, b_hh] = layer.parameters();
  const Index steps = x.extent(1);
  const Index H = w_hh->value.extent(0);
  Tensor<double> y({x.extent(0), steps, H});
  for (Index n = 0; n < x.extent(0); ++n) {
    std::vector<double> h(static_cast<std::size_t>(H)), c(h);
    for (Index step = 0; step < steps; ++step) {
      const Index t = reverse ? steps - 1 - step : step;
      const std::vector<double> before = h;
      for (Index j = 0; j < H; ++j) {
        double sums[4];
        for (Index gate = 0; gate < 4; ++gate) {
          const Index column = gate * H + j;
          double sum = b_ih->value(column) + b_hh->value(column);
          for (Index d = 0; d < x.extent(2); ++d) sum += x(n, t, d) * w_ih->value(d, column);
          for (Index k = 0; k < H; ++k) {
            sum += before[static_cast<std::size_t>(k)] * w_hh->value(k, column);
          }
          sums[gate] = sum;
        }
        double& state = c[static_cast<std::size_t>(j)];
        state = sigmoid(sums[1]) * state + sigmoid(sums[0]) * std::tanh(sums[2]);
        y(n, t, j) = h[static_cast<std::size_t>(j)] = sigmoid(sums[3]) * std::tanh(state);
      }
    }
  }
  return y;
}

TEST(Lstm, MatchesHandComputedValues) {
  Rng rng(1);
  Lstm<double> layer({.in = 1, .hidden = 1}, rng);
  for (Parameter<double>* parameter : layer.parameters()) parameter->value.fill(0);
  layer.parameters()[2]->value = array<double>({0, 0, 1, 0});  // of g
  test::Bench bench(layer, ones<double>({1, 2, 1}));
  bench.forward();
  const double g = std::tanh(1.0);
  const double c = g / 2;
  test::expect_close(bench.y, array<double>({{{std::tanh(c) / 2}, {std::tanh(c / 2 + c) / 2}}}),
                     1e-15);
}

TEST(Lstm, AgreesWithTheFormulaAtOddSizes) {
  Rng rng(4);
  for (const bool reverse : {false, true}) {
    for (const auto& [samples, steps, in, hidden] : std::vector<std::array<Index, 4>>{
             {1, 1, 1, 1}, {3, 5, 2, 3}, {19, 4, 7, 9}, {33, 2, 5, 17}}) {
      const auto x = random_normal<double>({samples, steps, in}, rng);
      const auto layer = lstm_of(in, hidden, reverse);
      test::Bench bench(layer, x);
      bench.forward();
      test::expect_close(bench.y, lstm_by_hand(layer, x, reverse), 1e-12);
    }
  }
}

TEST(Lstm, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  test::expect_right_gradients(lstm_of(3, 2), random_normal<double>({2, 4, 3}, rng));
  test::expect_right_gradients(lstm_of(2, 5), random_normal<double>({9, 2, 2}, rng));
  test::expect_right_gradients(lstm_of(3, 2, true), random_normal<double>({2, 3, 3}, rng));
}

TEST(Lstm, KeepsTheContractOfALayer) {
  Rng rng(2);
  test::expect_contract(lstm_of(3, 4), random_normal<double>({17, 3, 3}, rng));
  test::expect_contract(Lstm<float>({.in = 3, .hidden = 9}, rng),
                        random_normal<float>({2, 3, 3}, rng));
}

TEST(Lstm, ThreadsGiveTheSameBits) {
  Rng rng(2);
  const auto x = random_normal<double>({40, 3, 5}, rng);
  const auto dy = random_normal<double>({40, 3, 6}, rng);
  const int before = thread_count();
  std::vector<Tensor<double>> first;
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    Sequential<double> net{{"lstm", lstm_of(5, 6)}};
    std::vector<Tensor<double>> results{net.forward(x)};
    results.push_back(net.backward_to_input(dy));
    for (const Parameter<double>* parameter : net.parameters()) {
      results.push_back(parameter->gradient);
    }
    if (first.empty()) first = results;
    for (std::size_t i = 0; i < first.size(); ++i) test::expect_equal(results[i], first[i]);
  }
  set_thread_count(before);
}

TEST(Lstm, OutputDoesNotDependOnLaterSteps) {
  Rng rng(2);
  const auto x = random_normal<double>({3, 5, 2}, rng);
  auto padded = x;
  for (Index n = 0; n < 3; ++n) assign(padded[n].rows(3, 5), 0.0);
  test::Bench whole(lstm_of(2, 4), x);
  test::Bench cut(lstm_of(2, 4), padded);
  whole.forward();
  cut.forward();
  for (Index n = 0; n < 3; ++n) {
    test::expect_equal(copy(whole.y[n].rows(0, 3)), copy(cut.y[n].rows(0, 3)));
  }
}

TEST(Lstm, ParametersAreDrawnAsByPyTorch) {
  Rng rng(2);
  Lstm<double> layer({.in = 3, .hidden = 25}, rng);
  for (const Parameter<double>* parameter : layer.parameters()) {
    EXPECT_LT(max(abs(parameter->value)), 0.2) << parameter->name;
    EXPECT_GT(max(abs(parameter->value)), 0.15) << parameter->name;
  }
  EXPECT_EQ(layer.parameters()[1]->decay_scale, 1);
  EXPECT_EQ(layer.parameters()[2]->decay_scale, 0);
  EXPECT_EQ(layer.parameters()[3]->decay_scale, 0);
  Lstm<double> orthogonal({.in = 3, .hidden = 5}, Orthogonal{}, rng);
  const Tensor<double>& w = orthogonal.parameters()[1]->value;
  double length = 0;
  for (Index j = 0; j < 20; ++j) length += w(2, j) * w(2, j);
  EXPECT_NEAR(length, 1, 1e-12);
  test::expect_equal(orthogonal.parameters()[3]->value, zeros<double>({20}));
}

TEST(Lstm, FlopsAndBytesAreCounted) {
  const auto layer = lstm_of(3, 2);
  EXPECT_EQ(layer.flops({5, 7, 3}), 5 * 7 * 2 * 8 * 5);
  EXPECT_EQ(layer.saved_bytes({5, 7, 3}), 5 * 7 * 6 * 2 * 8);
}

TEST(Lstm, ErrorsSayWhatIsWrong) {
  auto layer = lstm_of(3, 2);
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              layer.output_shape({5, 3});
            }),
            "lstm: expected x of shape (N, T, 3), got (5, 3)");
  EXPECT_THROW(layer.output_shape({5, 2, 4}), ShapeError);
  layer.parameters()[2]->value = zeros<double>({4});
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              layer.output_shape({5, 2, 3});
            }),
            "lstm: expected bias_ih of shape (8,), got (4,)");
  Rng rng(1);
  EXPECT_EQ(test::error_of<ValueError>([&] { Lstm<float>({.in = 2, .hidden = 0}, rng); }),
            "lstm: expected hidden of at least 1, got 0");
}

}  // namespace
}  // namespace dlfs
