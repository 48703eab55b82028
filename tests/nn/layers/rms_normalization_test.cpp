#include "dlfs/nn/layers/rms_normalization.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<RmsNormalization<float>> && LayerWithSavedBytes<RmsNormalization<double>>);
static_assert(!test::Instantiable<RmsNormalization, int>);

template <class T>
RmsNormalization<T> rms_normalization_of(Index features) {
  RmsNormalization<T> layer({.features = features});
  Rng rng(5);
  layer.parameters()[0]->value = random_uniform<T>({features}, rng, 0.5, 2);
  return layer;
}

TEST(RmsNormalization, MatchesHandComputedValues) {
  RmsNormalization<double> layer({.features = 2, .epsilon = 1e-12});
  layer.parameters()[0]->value = array<double>({1, 2});
  test::Bench bench(layer, array<double>({{1, 7}, {-3, 3}}));  // roots 5 and 3
  bench.forward();
  test::expect_close(bench.y, array<double>({{0.2, 2.8}, {-1, 2}}), 1e-12);
}

TEST(RmsNormalization, EpsilonIsAddedToTheMeanOfTheSquares) {
  RmsNormalization<double> layer({.features = 2, .epsilon = 3});
  test::Bench bench(layer, array<double>({{1, -1}}));
  bench.forward();
  test::expect_close(bench.y, array<double>({{0.5, -0.5}}), 1e-15);
}

TEST(RmsNormalization, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  test::expect_right_gradients(rms_normalization_of<double>(5), random_normal<double>({4, 5}, rng));
  test::expect_right_gradients(rms_normalization_of<double>(6),
                               random_normal<double>({3, 2, 6}, rng));
  test::expect_right_gradients(rms_normalization_of<double>(12),
                               random_normal<double>({3, 2, 2, 3}, rng));
}

TEST(RmsNormalization, KeepsTheContractOfALayer) {
  Rng rng(2);
  test::expect_contract(rms_normalization_of<float>(7), random_normal<float>({5, 7}, rng));
}

TEST(RmsNormalization, TakesRowsInBlocksOfWhichTheLastMayBeShort) {
  Rng rng(2);
  const auto x = random_normal<double>({11, 1000}, rng);  // four rows a block
  const auto layer = rms_normalization_of<double>(1000);
  test::Bench bench(layer, x);
  bench.forward();
  for (Index r = 0; r < 11; ++r) {
    test::Bench row(layer, Tensor<double>({1, 1000}, {x.data() + r * 1000, std::size_t{1000}}));
    row.forward();
    test::expect_close(copy(bench.y.rows(r, r + 1)), row.y, 1e-12);
  }
}

TEST(RmsNormalization, WeightDecayIsOfNoParameter) {
  auto layer = rms_normalization_of<float>(3);
  EXPECT_EQ(layer.parameters()[0]->decay_scale, 0);
}

TEST(RmsNormalization, ErrorsSayWhatIsWrong) {
  const RmsNormalization<float> layer({.features = 6});
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              layer.output_shape({6, 4});
            }),
            "rms normalization: expected x of shape (N, ...) whose last axes have 6 features, got "
            "(6, 4)");
  EXPECT_THROW(layer.output_shape({2, 12}), ShapeError);
  EXPECT_EQ(test::error_of<ValueError>([] { RmsNormalization<float>({.features = -1}); }),
            "rms normalization: expected features of at least 0, got -1");
}

}  // namespace
}  // namespace dlfs
