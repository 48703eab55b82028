// MaxPooling3d and AveragePooling3d.
#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "dlfs/nn/layers/average_pooling3d.hpp"
#include "dlfs/nn/layers/max_pooling3d.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithSavedBytes<MaxPooling3d<float>>);

const Window3d window{.kernel = {2, 3, 2}, .stride = {1, 2, 2}, .padding = {1, 1, 0}};

/// fold(value, voxel) over each window, from `start`, which padding leaves as it is.
template <class Fold>
Tensor<double> fold_windows(const Tensor<double>& x, const Shape& y_, double start, Fold fold) {
  Tensor<double> y(y_);
  for (Index n = 0; n < y.extent(0); ++n) {
    for (Index c = 0; c < y.extent(1); ++c) {
      for (Index d = 0; d < y.extent(2); ++d) {
        for (Index h = 0; h < y.extent(3); ++h) {
          for (Index w = 0; w < y.extent(4); ++w) {
            double value = start;
            for (Index i = 0; i < 2; ++i) {
              for (Index j = 0; j < 3; ++j) {
                for (Index k = 0; k < 2; ++k) {
                  const Index a = d - 1 + i, b = 2 * h - 1 + j, e = 2 * w + k;
                  if (a < 0 || a >= x.extent(2) || b < 0 || b >= x.extent(3)) continue;
                  value = fold(value, x(n, c, a, b, e));
                }
              }
            }
            y(n, c, d, h, w) = value;
          }
        }
      }
    }
  }
  return y;
}

TEST(MaxPooling3d, IsTheLargestOfEachWindow) {
  Rng rng(1);
  const auto x = random_normal<double>({2, 3, 4, 5, 6}, rng);
  test::Bench bench(MaxPooling3d<double>(window), x);
  bench.forward();
  test::expect_equal(bench.y,
                     fold_windows(x, bench.y.shape(), -std::numeric_limits<double>::infinity(),
                                  [](double a, double b) { return std::max(a, b); }));
}

TEST(AveragePooling3d, IsTheMeanOfEachWindow) {
  Rng rng(1);
  const auto x = random_normal<double>({2, 3, 4, 5, 6}, rng);
  test::Bench bench(AveragePooling3d<double>(window), x);
  bench.forward();
  test::expect_close(
      bench.y, fold_windows(x, bench.y.shape(), 0, [](double a, double b) { return a + b / 12; }),
      1e-14);
}

TEST(MaxPooling3d, GivesTheGradientOfATieToTheFirstVoxel) {
  test::Bench bench(MaxPooling3d<double>({.kernel = 2}), ones<double>({1, 1, 2, 2, 2}));
  bench.forward();
  bench.backward(ones<double>({1, 1, 1, 1, 1}));
  Tensor<double> expected({1, 1, 2, 2, 2});
  expected(0, 0, 0, 0, 0) = 1;
  test::expect_equal(bench.dx, expected);
}

TEST(Pooling3d, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  const auto x = random_normal<double>({2, 2, 3, 4, 4}, rng);
  test::expect_right_gradients(MaxPooling3d<double>(window), x);
  test::expect_right_gradients(AveragePooling3d<double>(window), x);
}

TEST(Pooling3d, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              MaxPooling3d<float>(window).output_shape({1, 2, 5, 5});
            }),
            "max pooling 3d: expected x of shape (N, C, D, H, W), got (1, 2, 5, 5)");
  EXPECT_THROW(AveragePooling3d<float>({.kernel = 3}).output_shape({1, 2, 2, 5, 5}), ShapeError);
  EXPECT_THROW(MaxPooling3d<float>({.kernel = 0}), ValueError);
}

}  // namespace
}  // namespace dlfs
