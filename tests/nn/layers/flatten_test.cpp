#include "dlfs/nn/layers/flatten.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Flatten<float>> && Layer<Flatten<double>>);
static_assert(!test::Instantiable<Flatten, int>);

TEST(Flatten, MakesOneRowOfEachSample) {
  test::Bench bench(Flatten<float>(), array<float>({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{1, 2, 3, 4}, {5, 6, 7, 8}}));
}

TEST(Flatten, BackwardRestoresTheInputShape) {
  test::Bench bench(Flatten<float>(), Tensor<float>({2, 2, 1}));
  bench.backward(array<float>({{1, 2}, {3, 4}}));
  test::expect_equal(bench.dx, array<float>({{{1}, {2}}, {{3}, {4}}}));
}

TEST(Flatten, ShapesOfAnyRank) {
  const Flatten<float> flatten;
  EXPECT_EQ(flatten.output_shape({5}), (Shape{5, 1}));
  EXPECT_EQ(flatten.output_shape({5, 3}), (Shape{5, 3}));
  EXPECT_EQ(flatten.output_shape({0, 2, 3, 4}), (Shape{0, 24}));
}

TEST(Flatten, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const Shape& x : {Shape{1, 2, 3, 4}, Shape{2, 5}, Shape{5, 3, 2}, Shape{3}}) {
    test::expect_right_gradients(Flatten<double>(), random_normal<double>(x, rng));
  }
}

TEST(Flatten, KeepsTheContractOfALayer) {
  Rng rng(1);
  test::expect_contract(Flatten<float>(), random_normal<float>({5, 2, 3, 4}, rng));
}

TEST(Flatten, BatchInPiecesAndTilesEqualsItsSamples) {
  Rng rng(1);
  test::expect_batch_equals_its_samples(Flatten<double>(),
                                        random_normal<double>({37, 3, 240, 200}, rng));
}

TEST(Flatten, ShapeErrorNamesTheOperationAndBothShapes) {
  EXPECT_EQ(test::error_of<ShapeError>([] { Flatten<float>().output_shape({}); }),
            "flatten: expected x of shape (N, ...), got ()");
}

}  // namespace
}  // namespace dlfs
