#include "dlfs/nn/layers/rnn.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithParameters<Rnn<float>> && LayerWithSavedBytes<Rnn<double>>);
static_assert(LayerWithFlops<Rnn<float>> && !test::Instantiable<Rnn, int>);

Rnn<double> rnn_of(Index in, Index hidden, RnnActivation activation, bool reverse = false) {
  Rng rng(3);
  Rnn<double> layer({.in = in, .hidden = hidden, .activation = activation, .reverse = reverse},
                    rng);
  for (Parameter<double>* parameter : layer.parameters()) {
    parameter->value = random_normal<double>(parameter->value.shape(), rng, 0.5);
  }
  return layer;
}

TEST(Rnn, MatchesHandComputedValues) {
  for (const auto activation : {RnnActivation::tanh, RnnActivation::relu}) {
    auto layer = rnn_of(1, 1, activation);
    layer.parameters()[0]->value = array<double>({{2}});
    layer.parameters()[1]->value = array<double>({{-3}});
    layer.parameters()[2]->value = array<double>({0.5});
    layer.parameters()[3]->value = array<double>({-0.25});
    test::Bench bench(layer, array<double>({{{1}, {0}, {0.5}}}));
    bench.forward();
    const auto f = [&](double sum) {
      return activation == RnnActivation::tanh ? std::tanh(sum) : std::max(sum, 0.0);
    };
    const double h1 = f(2.25);
    const double h2 = f(0.25 - 3 * h1);
    test::expect_close(bench.y, array<double>({{{h1}, {h2}, {f(1.25 - 3 * h2)}}}), 1e-15);
  }
}

TEST(Rnn, StepsRunFromTheLastTimeWhereReversed) {
  Rng rng(2);
  const auto x = random_normal<double>({19, 4, 3}, rng);
  auto turned = x;
  assign(turned, x.view().slice(1, {.step = -1}));
  test::Bench bench(rnn_of(3, 5, RnnActivation::tanh), x);
  test::Bench reversed(rnn_of(3, 5, RnnActivation::tanh, true), turned);
  bench.forward();
  reversed.forward();
  test::expect_equal(copy(reversed.y.view().slice(1, {.step = -1})), bench.y);
}

TEST(Rnn, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  for (const auto activation : {RnnActivation::tanh, RnnActivation::relu}) {
    test::expect_right_gradients(rnn_of(3, 2, activation), random_normal<double>({2, 4, 3}, rng));
    test::expect_right_gradients(rnn_of(2, 5, activation), random_normal<double>({9, 2, 2}, rng));
    test::expect_right_gradients(rnn_of(3, 2, activation, true),
                                 random_normal<double>({2, 3, 3}, rng));
  }
}

TEST(Rnn, KeepsTheContractOfALayer) {
  Rng rng(2);
  test::expect_contract(rnn_of(3, 4, RnnActivation::tanh), random_normal<double>({17, 3, 3}, rng));
  test::expect_contract(
      Rnn<float>({.in = 3, .hidden = 9, .activation = RnnActivation::relu}, Xavier{}, rng),
      random_normal<float>({2, 3, 3}, rng));
}

TEST(Rnn, FlopsAndBytesAreCounted) {
  const auto layer = rnn_of(3, 2, RnnActivation::tanh);
  EXPECT_EQ(layer.flops({5, 7, 3}), 5 * 7 * 2 * 2 * 5);
  EXPECT_EQ(layer.saved_bytes({5, 7, 3}), 5 * 7 * 2 * 8);
}

TEST(Rnn, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              rnn_of(3, 2, RnnActivation::relu).output_shape({5, 3, 3, 3});
            }),
            "rnn: expected x of shape (N, T, 3), got (5, 3, 3, 3)");
  Rng rng(1);
  EXPECT_EQ(test::error_of<ValueError>([&] { Rnn<float>({.in = 2, .hidden = -1}, rng); }),
            "rnn: expected hidden of at least 1, got -1");
}

}  // namespace
}  // namespace dlfs
