#include "dlfs/nn/layers/last_step.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
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

TEST(LastStep, TakesTheLastStepThatIsNoPadding) {
  const auto x = array<double>({{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}});
  const auto steps = [&](bool reverse, const Tensor<double>& mask) {
    return Graph<double>({"x", "mask"},
                         {{"step", LastStep<double>({.reverse = reverse}), {"x", "mask"}}})
        .predict({x, mask});
  };
  const auto mask = array<double>({{0, 1, 0}, {1, 1, 1}});
  test::expect_equal(steps(false, mask), array<double>({{3, 4}, {11, 12}}));
  test::expect_equal(steps(true, mask), array<double>({{3, 4}, {7, 8}}));
  test::expect_equal(steps(false, array<double>({{0, 0, 0}, {1, 0, 0}})),
                     array<double>({{0, 0}, {7, 8}}));
}

TEST(LastStep, GivesTheGradientToTheStepThatItTook) {
  Graph<double> net({"x", "mask"}, {{"step", LastStep<double>(), {"x", "mask"}}});
  const auto x = zeros<double>({2, 3, 1});
  const auto mask = array<double>({{1, 1, 0}, {0, 0, 0}});
  net.forward({x, mask});
  const auto dy = ones<double>({2, 1});
  const auto dx = net.backward_to_inputs({dy});
  test::expect_equal(dx[0], array<double>({{{0}, {1}, {0}}, {{0}, {0}, {0}}}));
  test::expect_equal(dx[1], zeros<double>({2, 3}));
}

TEST(LastStep, ErrorsSayWhatIsWrong) {
  const std::vector<Shape> inputs{{5, 7, 6}, {5, 6}};
  EXPECT_EQ(test::error_of<ShapeError>([&] { LastStep<float>().output_shape(inputs); }),
            "last step: expected a mask (N, T) for x (5, 7, 6), got (5, 6)");
  EXPECT_EQ(test::error_of<ShapeError>([] {
              LastStep<float>().output_shape({2, 3});
            }),
            "last step: expected x of shape (N, T, ...) with a step, got (2, 3)");
  EXPECT_THROW(LastStep<float>().output_shape({2, 0, 3}), ShapeError);
}

}  // namespace
}  // namespace dlfs
