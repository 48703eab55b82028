#include "dlfs/nn/layers/hard_tanh.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<HardTanh<float>> && Layer<HardTanh<double>>);
static_assert(!test::Instantiable<HardTanh, int>);

TEST(HardTanh, MatchesHandComputedValues) {
  test::Bench bench(HardTanh<double>(), array<double>({{-4, -1, -0.5, 0, 0.5, 1, 4}}));
  bench.forward();
  test::expect_close(bench.y, array<double>({{-1, -1, -0.5, 0, 0.5, 1, 1}}), 1e-15);
  bench.backward(full<double>({1, 7}, 12));
  test::expect_close(bench.dx, array<double>({{0, 0, 12, 12, 12, 0, 0}}), 1e-14);
}

TEST(HardTanh, TakesOtherLimits) {
  test::Bench bench(HardTanh<double>({.min = 0, .max = 6}), array<double>({{-1, 0, 0.5, 5, 6, 7}}));
  bench.forward();
  test::expect_close(bench.y, array<double>({{0, 0, 0.5, 5, 6, 6}}), 1e-15);
  bench.backward(full<double>({1, 6}, 12));
  test::expect_close(bench.dx, array<double>({{0, 0, 12, 12, 0, 0}}), 1e-14);
  EXPECT_EQ(test::error_of<ValueError>([] { HardTanh<float>({.min = 2, .max = 2}); }),
            "hard tanh: expected max above 2, got 2");
}

TEST(HardTanh, NanStaysNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  test::Bench bench(HardTanh<float>(), array<float>({{nan, 1}}));
  bench.forward();
  EXPECT_TRUE(std::isnan(bench.y(0, 0)));
}

TEST(HardTanh, GradientsAgreeWithCentralDifferences) {
  // At a distance from the places where the slope changes.
  for (const Shape& shape : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{3}}) {
    auto x = test::random_off_zero(shape);
    for (const double factor : {0.9, 1.7}) {
      test::expect_right_gradients(HardTanh<double>(), x * factor);
      test::expect_right_gradients(HardTanh<double>({.min = -0.25, .max = 1.3}), x * factor);
    }
  }
  Rng rng(1);
  test::expect_contract(HardTanh<float>(), random_normal<float>({5, 2, 3, 7}, rng, 3));
}

}  // namespace
}  // namespace dlfs
