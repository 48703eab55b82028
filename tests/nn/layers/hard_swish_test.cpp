#include "dlfs/nn/layers/hard_swish.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<HardSwish<float>> && Layer<HardSwish<double>>);
static_assert(!test::Instantiable<HardSwish, int>);

TEST(HardSwish, MatchesHandComputedValues) {
  test::Bench bench(HardSwish<double>(), array<double>({{-4, -3, -1.5, 0, 1.5, 3, 4}}));
  bench.forward();
  test::expect_close(bench.y, array<double>({{0, 0, -0.375, 0, 1.125, 3, 4}}), 1e-15);
  bench.backward(full<double>({1, 7}, 12));
  test::expect_close(bench.dx, array<double>({{0, 0, 0, 6, 12, 12, 12}}), 1e-14);
}

TEST(HardSwish, NanStaysNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  test::Bench bench(HardSwish<float>(), array<float>({{nan, 1}}));
  bench.forward();
  EXPECT_TRUE(std::isnan(bench.y(0, 0)));
}

TEST(HardSwish, GradientsAgreeWithCentralDifferences) {
  // At a distance from the places where the slope changes.
  for (const Shape& shape : {Shape{1, 7}, Shape{2, 3, 4, 5}, Shape{3}}) {
    auto x = test::random_off_zero(shape);
    for (const double factor : {0.9, 2.5, 40.0}) {
      test::expect_right_gradients(HardSwish<double>(), x * factor);
    }
  }
  Rng rng(1);
  test::expect_contract(HardSwish<float>(), random_normal<float>({5, 2, 3, 7}, rng, 3));
}

}  // namespace
}  // namespace dlfs
