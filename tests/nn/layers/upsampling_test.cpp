#include "dlfs/nn/layers/upsampling.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<Upsampling<float>> && Layer<Upsampling<double>>);
static_assert(!test::Instantiable<Upsampling, int>);

TEST(Upsampling, RepeatsTheNearestPixel) {
  test::Bench bench(Upsampling<float>({.factor = {2, 3}}), array<float>({{{{1, 2}, {3, 4}}}}));
  bench.forward();
  test::expect_equal(
      bench.y,
      array<float>(
          {{{{1, 1, 1, 2, 2, 2}, {1, 1, 1, 2, 2, 2}, {3, 3, 3, 4, 4, 4}, {3, 3, 3, 4, 4, 4}}}}));
  bench.backward(ones<float>({1, 1, 4, 6}));
  test::expect_equal(bench.dx, full<float>({1, 1, 2, 2}, 6));
}

// As PyTorch's with align_corners=False.
TEST(Upsampling, InterpolatesBetweenCentresOfPixels) {
  const UpsamplingOptions options{.factor = {1, 2}, .interpolation = Interpolation::bilinear};
  test::Bench bench(Upsampling<double>(options), array<double>({{{{0, 4, 8}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<double>({{{{0, 1, 3, 5, 7, 8}}}}));
  bench.backward(array<double>({{{{1, 0, 0, 0, 0, 4}}}}));
  test::expect_equal(bench.dx, array<double>({{{{1, 0, 4}}}}));
}

TEST(Upsampling, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (const auto interpolation : {Interpolation::nearest, Interpolation::bilinear}) {
    for (const Size2d factor : {Size2d(1), Size2d(2), Size2d(3, 4)}) {
      for (const Shape& x : {Shape{3, 2, 3, 5}, Shape{1, 1, 1, 1}, Shape{2, 1, 4, 1}}) {
        test::expect_right_gradients(
            Upsampling<double>({.factor = factor, .interpolation = interpolation}),
            random_normal<double>(x, rng));
      }
    }
    test::expect_contract(Upsampling<float>({.factor = {3, 2}, .interpolation = interpolation}),
                          random_normal<float>({5, 2, 3, 4}, rng));
  }
}

TEST(Upsampling, NearestKeepsInfinityWhereItIs) {
  const float infinity = std::numeric_limits<float>::infinity();
  test::Bench bench(Upsampling<float>({}), array<float>({{{{infinity, 1}}}}));
  bench.forward();
  test::expect_equal(bench.y,
                     array<float>({{{{infinity, infinity, 1, 1}, {infinity, infinity, 1, 1}}}}));
}

TEST(Upsampling, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              Upsampling<float>({}).output_shape({2, 6});
            }),
            "upsampling: expected x of shape (N, C, H, W), got (2, 6)");
  EXPECT_THROW(Upsampling<float>({.factor = {1, 0}}), ValueError);
}

}  // namespace
}  // namespace dlfs
