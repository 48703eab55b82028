#include "dlfs/data/resize_and_crop.hpp"

#include <cmath>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/conv/window.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::error_of;

template <class T>
Tensor<T> resized(const Tensor<T>& x, Index height, Index width) {
  Tensor<T> y({x.extent(0), height, width});
  resize_and_crop<T>(x, y);
  return y;
}

/// The formula of the header, for one pixel of the result.
double pixel_of(const Tensor<double>& x, Index c, Index row, Index column, Index height,
                Index width) {
  const auto extent = [&](int axis) { return static_cast<double>(x.extent(axis)); };
  const double h = static_cast<double>(height), w = static_cast<double>(width);
  const double s = std::min(extent(1) / h, extent(2) / w);
  const auto weight = [s](Index j, double centre) {
    return std::max(0.0, 1 - std::abs(static_cast<double>(j) + 0.5 - centre) / std::max(1.0, s));
  };
  const double down = extent(1) / 2 + (static_cast<double>(row) + 0.5 - h / 2) * s;
  const double right = extent(2) / 2 + (static_cast<double>(column) + 0.5 - w / 2) * s;
  double sum = 0, total = 0;
  for (Index i = 0; i < x.extent(1); ++i) {
    for (Index j = 0; j < x.extent(2); ++j) {
      sum += weight(i, down) * weight(j, right) * x(c, i, j);
      total += weight(i, down) * weight(j, right);
    }
  }
  return sum / total;
}

TEST(ResizeAndCrop, IsTheFormula) {
  Rng rng(1);
  for (const auto& [from, to] : std::vector<std::pair<Size2d, Size2d>>{{{4, 4}, {2, 2}},
                                                                       {{7, 5}, {3, 2}},
                                                                       {{3, 9}, {5, 5}},
                                                                       {{1, 1}, {4, 3}},
                                                                       {{20, 6}, {2, 4}},
                                                                       {{5, 8}, {6, 7}},
                                                                       {{6, 11}, {4, 1}},
                                                                       {{9, 2}, {1, 9}}}) {
    const auto x = random_normal<double>({2, from.height, from.width}, rng);
    const auto y = resized(x, to.height, to.width);
    for (Index c = 0; c < 2; ++c) {
      for (Index i = 0; i < to.height; ++i) {
        for (Index j = 0; j < to.width; ++j) {
          EXPECT_NEAR(y(c, i, j), pixel_of(x, c, i, j, to.height, to.width), 1e-14)
              << to_string(x.shape()) << to_string(y.shape());
        }
      }
    }
  }
}

TEST(ResizeAndCrop, HalfOfTheSizeIsAMeanOverThePixelsBelow) {
  // Weights 3/4, 3/4, 1/4 at the border, for a pixel that is as large as two.
  const auto x = array<double>({{{7, 7, 14, 0}, {7, 7, 14, 0}}});
  test::expect_equal(
      resized(x, 1, 2),
      array<double>({{{(0.75 * 14 + 0.25 * 14) / 1.75, (0.25 * 7 + 0.75 * 14) / 1.75}}}));
}

TEST(ResizeAndCrop, WhatHasTheSizeIsCopiedBitByBit) {
  Rng rng(1);
  const auto x = random_normal<float>({3, 5, 6}, rng);
  test::expect_equal(resized(x, 5, 6), x);
  test::expect_equal(resized(x, 5, 2), copy(x(all, all, Slice{2, 4})));
  test::expect_equal(resized(x, 5, 3), copy(x(all, all, Slice{1, 4})));
  test::expect_equal(resized(x, 2, 6), copy(x(all, Slice{1, 3})));
}

TEST(ResizeAndCrop, AUniformImageStaysUniform) {
  for (const Index size : {1, 3, 7, 50}) {
    const auto y = resized(full<float>({1, 7, 9}, 0.3f), size, 2 * size);
    for (const float value : y) EXPECT_NEAR(value, 0.3f, 1e-7f);
  }
}

TEST(ResizeAndCrop, RefusesWhatIsNoImage) {
  Tensor<float> y({3, 2, 2});
  EXPECT_EQ(error_of<ShapeError>([&] {
              resize_and_crop<float>(zeros<float>({1, 4, 4}), y);
            }),
            "resize_and_crop: expected x (C, H, W) and y (C, H', W'), got (1, 4, 4) and (3, 2, 2)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              resize_and_crop<float>(zeros<float>({3, 0, 4}), y);
            }),
            "resize_and_crop: expected x (C, H, W) and y (C, H', W'), got (3, 0, 4) and (3, 2, 2)");
}

}  // namespace
}  // namespace dlfs
