#include "dlfs/nn/layers/embedding.hpp"

#include <limits>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithParameters<Embedding<float>> && !test::Instantiable<Embedding, int>);

Embedding<double> table_of(Index count, Index features,
                           std::optional<Index> padding_index = std::nullopt) {
  Rng rng(1);
  return {{.count = count, .features = features, .padding_index = padding_index},
          Normal{.std = 1},
          rng};
}

TEST(Embedding, TakesTheRowOfEachNumber) {
  auto layer = table_of(3, 2);
  layer.parameters()[0]->value = array<double>({{1, 2}, {3, 4}, {5, 6}});
  test::Bench bench(layer, array<double>({{2, 0}, {0, 1}}));
  bench.forward();
  test::expect_equal(bench.y, array<double>({{{5, 6}, {1, 2}}, {{1, 2}, {3, 4}}}));
  test::Bench labels(layer, array<double>({1, 2}));
  labels.forward();
  test::expect_equal(labels.y, array<double>({{3, 4}, {5, 6}}));
}

TEST(Embedding, GradientOfARowIsTheSumOverItsPlaces) {
  test::Bench bench(table_of(4, 2), array<double>({{2, 0}, {2, 3}}));
  bench.forward();
  const auto dy = array<double>({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}});
  const auto expected = array<double>({{3, 4}, {0, 0}, {6, 8}, {7, 8}});
  bench.backward(dy);
  test::expect_equal(bench.gradients[0], expected);
  test::expect_equal(bench.dx, zeros<double>({2, 2}));
  bench.backward(dy, /*with_dx=*/false, Store::add);
  test::expect_equal(bench.gradients[0], expected + expected);
}

TEST(Embedding, SumsOfManyPlacesArePreciseAndTheSameOnAnyThreads) {
  constexpr Index samples = 20'000;
  Rng rng(2);
  auto x = Tensor<float>({samples, 1});
  for (float& number : x) number = static_cast<float>(rng.below(3));
  const auto dy = random_uniform<float>({samples, 1, 5}, rng, 0, 1);
  const Embedding<float> layer({.count = 3, .features = 5}, Normal{}, rng);
  std::vector<double> sums(15);
  for (Index i = 0; i < samples; ++i) {
    for (Index j = 0; j < 5; ++j) {
      sums[static_cast<std::size_t>(static_cast<Index>(x(i, 0)) * 5 + j)] +=
          static_cast<double>(dy(i, 0, j));
    }
  }
  const int before = thread_count();
  Tensor<float> first;
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    test::Bench bench(layer, x);
    bench.forward();
    bench.backward(dy);
    if (threads == 1) first = bench.gradients[0];
    test::expect_equal(bench.gradients[0], first);
  }
  set_thread_count(before);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(first.data()[i]), sums[i], 4e-7 * sums[i]);
  }
}

TEST(Embedding, PaddingHasARowOfZerosThatDoesNotLearn) {
  auto layer = table_of(3, 2, 1);
  const Tensor<double>& W = layer.parameters()[0]->value;
  test::expect_equal(copy(W[1]), zeros<double>({2}));
  EXPECT_NE(W(0, 0), 0);
  test::Bench bench(layer, array<double>({{1, 0}}));
  bench.forward();
  const auto dy = array<double>({{{1, 2}, {3, 4}}});
  bench.backward(dy);
  test::expect_equal(bench.gradients[0], array<double>({{3, 4}, {0, 0}, {0, 0}}));
  bench.gradients[0](1, 0) = 7;
  bench.backward(dy, true, Store::add);
  test::expect_equal(bench.gradients[0], array<double>({{6, 8}, {7, 0}, {0, 0}}));
}

TEST(Embedding, BatchWithoutNumbersHasAGradientOfZero) {
  test::Bench bench(table_of(3, 2), Tensor<double>({0, 4}));
  bench.forward();
  bench.backward(Tensor<double>({0, 4, 2}));
  test::expect_equal(bench.gradients[0], zeros<double>({3, 2}));
}

TEST(Embedding, KeepsTheContractOfALayer) {
  test::expect_contract(table_of(5, 3), array<double>({{4, 0, 1}, {1, 1, 4}}));
}

TEST(Embedding, ANumberThatIsNoRowsIsAnErrorThatNamesThePlace) {
  const auto error = [](double bad) {
    return test::error_of<ValueError>([&] {
      test::Bench bench(table_of(10, 2), array<double>({{0, 1, 9}, {0, bad, 0}}));
      bench.forward();
    });
  };
  EXPECT_EQ(error(10), "embedding: expected whole numbers in [0, 10), got 10 at (1, 1)");
  EXPECT_EQ(error(0.5), "embedding: expected whole numbers in [0, 10), got 0.5 at (1, 1)");
  EXPECT_EQ(error(-1), "embedding: expected whole numbers in [0, 10), got -1 at (1, 1)");
  EXPECT_EQ(error(std::numeric_limits<double>::quiet_NaN()),
            "embedding: expected whole numbers in [0, 10), got nan at (1, 1)");
}

TEST(Embedding, ErrorsSayWhatIsWrong) {
  Rng rng(1);
  EXPECT_EQ(test::error_of<ValueError>(
                [&] { Embedding<float>({.count = Index{1} << 25, .features = 1}, Normal{}, rng); }),
            "embedding: expected count of at most 16777216, the whole numbers that its element "
            "type holds, got 33554432");
  EXPECT_THROW(table_of(3, 2, 3), ValueError);
  EXPECT_THROW(table_of(3, 2).output_shape({1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
}

}  // namespace
}  // namespace dlfs
