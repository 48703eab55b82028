#include "dlfs/nn/layers/gru.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithParameters<Gru<float>> && LayerWithSavedBytes<Gru<double>>);
static_assert(LayerWithFlops<Gru<float>> && !test::Instantiable<Gru, int>);

Gru<double> gru_of(Index in, Index hidden, bool reverse = false) {
  Rng rng(3);
  Gru<double> layer({.in = in, .hidden = hidden, .reverse = reverse}, rng);
  for (Parameter<double>* parameter : layer.parameters()) {
    parameter->value = random_normal<double>(parameter->value.shape(), rng, 0.5);
  }
  return layer;
}

/// The formula, number by number.
Tensor<double> gru_by_hand(Gru<double> layer, const Tensor<double>& x, bool reverse) {
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  const auto [w_ih, w_hh, b_ih, b_hh] = layer.parameters();
  const Index steps = x.extent(1);
  const Index H = w_hh->value.extent(0);
  Tensor<double> y({x.extent(0), steps, H});
  for (Index n = 0; n < x.extent(0); ++n) {
    std::vector<double> h(static_cast<std::size_t>(H));
    for (Index step = 0; step < steps; ++step) {
      const Index t = reverse ? steps - 1 - step : step;
      const std::vector<double> before = h;
      for (Index j = 0; j < H; ++j) {
        double of_x[3], of_h[3];
        for (Index gate = 0; gate < 3; ++gate) {
          const Index column = gate * H + j;
          of_x[gate] = b_ih->value(column);
          of_h[gate] = b_hh->value(column);
          for (Index d = 0; d < x.extent(2); ++d) {
            of_x[gate] += x(n, t, d) * w_ih->value(d, column);
          }
          for (Index k = 0; k < H; ++k) {
            of_h[gate] += before[static_cast<std::size_t>(k)] * w_hh->value(k, column);
          }
        }
        const double r = sigmoid(of_x[0] + of_h[0]);
        const double z = sigmoid(of_x[1] + of_h[1]);
        const double candidate = std::tanh(of_x[2] + r * of_h[2]);
        const auto place = static_cast<std::size_t>(j);
        y(n, t, j) = h[place] = (1 - z) * candidate + z * before[place];
      }
    }
  }
  return y;
}

TEST(Gru, MatchesHandComputedValues) {
  Rng rng(1);
  Gru<double> layer({.in = 1, .hidden = 1}, rng);
  for (Parameter<double>* parameter : layer.parameters()) parameter->value.fill(0);
  layer.parameters()[3]->value = array<double>({0, 0, 2});  // of n, which r = 1/2 multiplies
  test::Bench bench(layer, ones<double>({1, 2, 1}));
  bench.forward();
  const double h = std::tanh(1.0) / 2;
  test::expect_close(bench.y, array<double>({{{h}, {h + h / 2}}}), 1e-15);
}

TEST(Gru, AgreesWithTheFormulaAtOddSizes) {
  Rng rng(4);
  for (const bool reverse : {false, true}) {
    for (const auto& [samples, steps, in, hidden] : std::vector<std::array<Index, 4>>{
             {1, 1, 1, 1}, {3, 5, 2, 3}, {19, 4, 7, 9}, {33, 2, 5, 17}}) {
      const auto x = random_normal<double>({samples, steps, in}, rng);
      const auto layer = gru_of(in, hidden, reverse);
      test::Bench bench(layer, x);
      bench.forward();
      test::expect_close(bench.y, gru_by_hand(layer, x, reverse), 1e-12);
    }
  }
}

TEST(Gru, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  test::expect_right_gradients(gru_of(3, 2), random_normal<double>({2, 4, 3}, rng));
  test::expect_right_gradients(gru_of(2, 5), random_normal<double>({9, 2, 2}, rng));
  test::expect_right_gradients(gru_of(3, 2, true), random_normal<double>({2, 3, 3}, rng));
}

TEST(Gru, KeepsTheContractOfALayer) {
  Rng rng(2);
  test::expect_contract(gru_of(3, 4), random_normal<double>({17, 3, 3}, rng));
  test::expect_contract(Gru<float>({.in = 3, .hidden = 9}, He{}, rng),
                        random_normal<float>({2, 3, 3}, rng));
}

TEST(Gru, FlopsAndBytesAreCounted) {
  const auto layer = gru_of(3, 2);
  EXPECT_EQ(layer.flops({5, 7, 3}), 5 * 7 * 2 * 6 * 5);
  EXPECT_EQ(layer.saved_bytes({5, 7, 3}), 5 * 7 * 5 * 2 * 8);
}

TEST(Gru, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              gru_of(3, 2).output_shape({5, 3});
            }),
            "gru: expected x of shape (N, T, 3), got (5, 3)");
  Rng rng(1);
  EXPECT_EQ(test::error_of<ValueError>([&] { Gru<float>({.in = 0, .hidden = 1}, rng); }),
            "gru: expected in of at least 1, got 0");
}

}  // namespace
}  // namespace dlfs
