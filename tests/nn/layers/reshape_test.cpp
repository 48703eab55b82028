#include "dlfs/nn/layers/reshape.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Reshape<float>> && Layer<Reshape<double>>);
static_assert(!test::Instantiable<Reshape, int>);

TEST(Reshape, KeepsTheOrderOfTheNumbers) {
  test::Bench bench(Reshape<float>({3, 2}),
                    array<float>({{1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 11, 12}}));
  bench.forward();
  test::expect_equal(bench.y,
                     array<float>({{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}}));
  bench.backward(bench.y);
  test::expect_equal(bench.dx, bench.x);
}

TEST(Reshape, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  test::expect_right_gradients(Reshape<double>({4, 3, 1}), random_normal<double>({5, 2, 6}, rng));
  test::expect_right_gradients(Reshape<double>({}), random_normal<double>({5, 1}, rng));
  test::expect_contract(Reshape<float>({12}), random_normal<float>({5, 2, 6}, rng));
}

TEST(Reshape, ErrorsNameTheShape) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              Reshape<float>({3, 2}).output_shape({4, 5});
            }),
            "reshape: expected x of shape (N, ...) with 6 numbers in a sample, got (4, 5)");
  EXPECT_THROW(Reshape<float>({1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
  EXPECT_EQ(Reshape<float>({2, 3}).output_shape({0, 6}), (Shape{0, 2, 3}));
}

}  // namespace
}  // namespace dlfs
