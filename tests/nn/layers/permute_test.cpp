#include "dlfs/nn/layers/permute.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Permute<float>> && Layer<Permute<double>>);
static_assert(!test::Instantiable<Permute, int>);

TEST(Permute, OrdersTheAxesAsTransposeDoes) {
  Rng rng(1);
  const auto x = random_normal<float>({2, 3, 4, 5}, rng);
  test::Bench bench(Permute<float>({0, 2, 3, 1}), x);
  bench.forward();
  test::expect_equal(bench.y, copy(x.view().transpose({0, 2, 3, 1})));
  bench.backward(bench.y);
  test::expect_equal(bench.dx, x);
}

TEST(Permute, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  test::expect_right_gradients(Permute<double>({0, 2, 1}), random_normal<double>({4, 3, 5}, rng));
  test::expect_right_gradients(Permute<double>({0, 3, 1, 2}),
                               random_normal<double>({2, 3, 5, 4}, rng));
  test::expect_contract(Permute<float>({0, 1}), random_normal<float>({5, 3}, rng));
}

TEST(Permute, RefusesWhatIsNoOrder) {
  for (const auto& order : {Permute<float>({0}), Permute<float>({0, 1})}) {
    EXPECT_THROW(order.output_shape({2, 3, 4}), ShapeError);
  }
  EXPECT_EQ(test::error_of<ValueError>([] {
              Permute<float>({1, 0});
            }),
            "permute: expected each axis once, the first of them 0, got 2 other numbers");
  EXPECT_THROW(Permute<float>({}), ValueError);
  EXPECT_THROW(Permute<float>({0, 1, 1}), ValueError);
  EXPECT_THROW(Permute<float>({0, 1, 3}), ValueError);
  EXPECT_THROW(Permute<float>({0, 1, 2, 3, 4, 5, 6, 7, 8}), ValueError);
  EXPECT_EQ(test::error_of<ShapeError>([] {
              Permute<float>({0, 2, 1}).output_shape({2, 3});
            }),
            "permute: expected x of 3 axes, got (2, 3)");
}

}  // namespace
}  // namespace dlfs
