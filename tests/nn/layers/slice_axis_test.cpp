#include "dlfs/nn/layers/slice_axis.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<SliceAxis<float>> && Layer<SliceAxis<double>>);
static_assert(!test::Instantiable<SliceAxis, int>);

TEST(SliceAxis, TakesAPartOfTheAxis) {
  test::Bench bench(SliceAxis<float>(1, {.start = 1, .stop = 3}),
                    array<float>({{{1, 2}, {3, 4}, {5, 6}, {7, 8}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{{3, 4}, {5, 6}}}));
  bench.backward(array<float>({{{10, 20}, {30, 40}}}));
  test::expect_equal(bench.dx, array<float>({{{0, 0}, {10, 20}, {30, 40}, {0, 0}}}));
}

TEST(SliceAxis, TakesTheLastStepOfASequence) {
  test::Bench bench(SliceAxis<float>(-1, {.start = -1}), array<float>({{{1, 2}, {3, 4}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{{2}, {4}}}));
}

TEST(SliceAxis, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  const auto x = random_normal<double>({3, 4, 5, 6}, rng);
  test::expect_right_gradients(SliceAxis<double>(1, {.stop = 2}), x);
  test::expect_right_gradients(SliceAxis<double>(2, {.start = 1, .step = 2}), x);
  test::expect_right_gradients(SliceAxis<double>(3, {.step = -1}), x);
  test::expect_contract(SliceAxis<float>(1, {.start = -2}), random_normal<float>({3, 5}, rng));
}

TEST(SliceAxis, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ValueError>([] { SliceAxis<float>(0, {.stop = 1}); }),
            "slice axis: axis 0 has the samples, which stay");
  EXPECT_THROW(SliceAxis<float>(1, {.step = 0}), ValueError);
  EXPECT_EQ(test::error_of<ShapeError>([] {
              SliceAxis<float>(1, {.start = 4}).output_shape({2, 3});
            }),
            "slice axis: nothing is left of axis 1 of x of shape (2, 3)");
  EXPECT_THROW(SliceAxis<float>(-2, {.stop = 1}).output_shape({2, 3}), ShapeError);
  EXPECT_THROW(SliceAxis<float>(2, {.stop = 1}).output_shape({2, 3}), ShapeError);
}

}  // namespace
}  // namespace dlfs
