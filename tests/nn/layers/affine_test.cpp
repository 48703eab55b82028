#include "dlfs/nn/layers/affine.hpp"

#include <gtest/gtest.h>

#include "dlfs/nn/layers/sigmoid.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

static_assert(Layer<Affine<float>> && Layer<Affine<double>>);
static_assert(LayerWithParameters<Affine<float>> && !LayerWithSavedBytes<Affine<float>>);
static_assert(!test::Instantiable<Affine, int>);

/// W = [1 2 3; 4 5 6], b = (10, 20, 30).
template <class T>
Affine<T> small_affine() {
  return {array<T>({{1, 2, 3}, {4, 5, 6}}), array<T>({10, 20, 30})};
}

template <class T>
class AffineOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(AffineOf, Scalars);

TYPED_TEST(AffineOf, ForwardMatchesHandComputedValues) {
  test::Bench bench(small_affine<TypeParam>(), array<TypeParam>({{1, -1}, {0, 2}}));
  bench.forward();
  test::expect_equal(bench.y, array<TypeParam>({{7, 17, 27}, {18, 30, 42}}));
}

TYPED_TEST(AffineOf, BackwardMatchesHandComputedValues) {
  test::Bench bench(small_affine<TypeParam>(), array<TypeParam>({{1, -1}, {0, 2}}));
  bench.forward();
  bench.backward(array<TypeParam>({{1, 0, -1}, {2, 1, 0}}));
  test::expect_equal(bench.dx, array<TypeParam>({{-2, -2}, {4, 13}}));
  test::expect_equal(bench.gradients[0], array<TypeParam>({{1, 0, -1}, {3, 2, 1}}));
  test::expect_equal(bench.gradients[1], array<TypeParam>({3, 1, -1}));
}

// Section 3.4 of the book: a network of 2-3-2-2 units.
TEST(Affine, ThreeLayersMatchTheBook) {
  const Sequential<double> network{
      {"affine1",
       Affine<double>(array<double>({{.1, .3, .5}, {.2, .4, .6}}), array<double>({.1, .2, .3}))},
      {"sigmoid1", Sigmoid<double>()},
      {"affine2",
       Affine<double>(array<double>({{.1, .4}, {.2, .5}, {.3, .6}}), array<double>({.1, .2}))},
      {"sigmoid2", Sigmoid<double>()},
      {"affine3", Affine<double>(array<double>({{.1, .3}, {.2, .4}}), array<double>({.1, .2}))}};
  const auto x = array<double>({{1, .5}});
  test::expect_close(network.predict(x), array<double>({{0.31682708, 0.69627909}}), 1e-8);
}

TEST(Affine, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const Index batch : {1, 2, 5}) {
    const Affine<double> wide({.in = 3, .out = 7}, He{}, rng);
    test::expect_right_gradients(wide, random_normal<double>({batch, 3}, rng));
    const Affine<double> narrow({.in = 11, .out = 1}, He{}, rng);
    test::expect_right_gradients(narrow, random_normal<double>({batch, 11}, rng));
    const Affine<double> of_images({.in = 2 * 3 * 5, .out = 4}, He{}, rng);
    test::expect_right_gradients(of_images, random_normal<double>({batch, 2, 3, 5}, rng));
  }
}

TEST(Affine, FlattensTrailingAxesAndBackwardRestoresThem) {
  Rng rng(1);
  const Affine<double> affine({.in = 12, .out = 5}, He{}, rng);
  const auto flat = random_normal<double>({3, 12}, rng);
  const auto dy = random_normal<double>({3, 5}, rng);
  const Tensor<double> images({3, 1, 4, 3}, std::span(flat.data(), 36));

  test::Bench of_flat(affine, flat);
  test::Bench of_images(affine, images);
  for (auto* bench : {&of_flat, &of_images}) {
    bench->forward();
    bench->backward(dy);
  }
  test::expect_equal(of_images.y, of_flat.y);
  EXPECT_EQ(of_images.dx.shape(), images.shape());
  EXPECT_EQ(test::values(of_images.dx), test::values(of_flat.dx));
  test::expect_equal(of_images.gradients[0], of_flat.gradients[0]);
}

TEST(Affine, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Affine<double>({.in = 6, .out = 4}, He{}, rng),
                        random_normal<double>({5, 2, 3}, rng));
  test::expect_contract(Affine<float>({.in = 70, .out = 33}, He{}, rng),
                        random_normal<float>({37, 70}, rng));
}

TEST(Affine, BatchEqualsItsSamples) {
  Rng rng(1);
  test::expect_batch_equals_its_samples(Affine<double>({.in = 300, .out = 60}, He{}, rng),
                                        random_normal<double>({37, 300}, rng));
}

TEST(Affine, InitializerFillsTheWeightAlone) {
  Rng rng(1);
  Affine<float> affine({.in = 3, .out = 2}, Normal{.std = 1}, rng);
  const auto [weight, bias] = affine.parameters();
  EXPECT_EQ(weight->name, "weight");
  EXPECT_EQ(bias->name, "bias");
  EXPECT_EQ(weight->value.shape(), (Shape{3, 2}));
  for (float value : weight->value) EXPECT_NE(value, 0);
  test::expect_equal(bias->value, zeros<float>({2}));
}

TEST(Affine, WeightDecayIsOfTheWeightAlone) {
  auto layer = small_affine<float>();
  EXPECT_EQ(layer.parameters()[0]->decay_scale, 1);
  EXPECT_EQ(layer.parameters()[1]->decay_scale, 0);
}

TEST(Affine, ShapeErrorNamesTheOperationAndBothShapes) {
  const auto affine = small_affine<float>();
  EXPECT_EQ(error_of<ShapeError>([&] {
              affine.output_shape({5, 4});
            }),
            "affine: expected x of shape (N, 2) for the weight (2, 3), got (5, 4)");
  EXPECT_EQ(error_of<ShapeError>([&] { affine.output_shape({2}); }),
            "affine: expected x of shape (N, 2) for the weight (2, 3), got (2,)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              Sequential<float>{{"fc1", affine}, {"fc2", affine}}.predict(Tensor<float>({5, 2}));
            }),
            "layer 2 (fc2): affine: expected x of shape (N, 2) for the weight (2, 3), got (5, 3)");
}

TEST(Affine, RefusesAWeightAndABiasThatDoNotFit) {
  EXPECT_EQ(error_of<ShapeError>([] {
              Affine<float>(Tensor<float>({2, 3}), Tensor<float>({2}));
            }),
            "affine: expected weight (D, M) and bias (M), got (2, 3) and (2,)");
  EXPECT_EQ(error_of<ShapeError>([] { Affine<float>(Tensor<float>({6}), Tensor<float>({6})); }),
            "affine: expected weight (D, M) and bias (M), got (6,) and (6,)");
}

}  // namespace
}  // namespace dlfs
