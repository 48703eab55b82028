#include "dlfs/nn/layers/last_step.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<LastStep<float>> && !test::Instantiable<LastStep, int>);

TEST(LastStep, TakesTheLastTimeOrTheFirst) {
  const auto x = array<double>({{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}});
  test::Bench last(LastStep<double>(), x);
  last.forward();
  test::expect_equal(last.y, array<double>({{5, 6}, {11, 12}}));
  test::Bench first(LastStep<double>({.reverse = true}), x);
  first.forward();
  test::expect_equal(first.y, array<double>({{1, 2}, {7, 8}}));
}

TEST(LastStep, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  for (const bool reverse : {false, true}) {
    const LastStep<double> layer({.reverse = reverse});
    test::expect_right_gradients(layer, random_normal<double>({3, 4, 2}, rng));
    test::expect_right_gradients(layer, random_normal<double>({2, 1, 2, 3}, rng));
  }
}

TEST(LastStep, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              LastStep<float>().output_shape({2, 3});
            }),
            "last step: expected x of shape (N, T, ...) with a step, got (2, 3)");
  EXPECT_THROW(LastStep<float>().output_shape({2, 0, 3}), ShapeError);
}

}  // namespace
}  // namespace dlfs
