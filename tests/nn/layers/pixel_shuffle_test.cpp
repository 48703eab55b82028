#include "dlfs/nn/layers/pixel_shuffle.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(Layer<PixelShuffle<float>> && Layer<PixelShuffle<double>>);
static_assert(!test::Instantiable<PixelShuffle, int>);

TEST(PixelShuffle, MakesPixelsOfChannels) {
  test::Bench bench(PixelShuffle<float>(2),
                    array<float>({{{{1, 2}}, {{3, 4}}, {{5, 6}}, {{7, 8}}}}));
  bench.forward();
  test::expect_equal(bench.y, array<float>({{{{1, 3, 2, 4}, {5, 7, 6, 8}}}}));
  bench.backward(bench.y);
  test::expect_equal(bench.dx, bench.x);
}

TEST(PixelShuffle, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  test::expect_right_gradients(PixelShuffle<double>(3), random_normal<double>({2, 18, 3, 2}, rng));
  test::expect_right_gradients(PixelShuffle<double>(1), random_normal<double>({3, 2, 3, 4}, rng));
  test::expect_contract(PixelShuffle<float>(2), random_normal<float>({5, 8, 3, 1}, rng));
}

TEST(PixelShuffle, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              PixelShuffle<float>(2).output_shape({1, 6, 4, 4});
            }),
            "pixel shuffle: expected x of shape (N, C, H, W) with a multiple of 4 channels, got "
            "(1, 6, 4, 4)");
  EXPECT_EQ(test::error_of<ValueError>([] { PixelShuffle<float>(0); }),
            "pixel shuffle: expected the factor in [1, 32768], got 0");
}

}  // namespace
}  // namespace dlfs
