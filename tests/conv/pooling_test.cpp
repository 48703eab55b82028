#include "dlfs/conv/pooling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/conv/reference/pooling.hpp"
#include "dlfs/core/eigen.hpp"
#include "support/levels.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::are_close;
using test::error_of;
using test::infinity;
using test::nan;
using test::random_tensor;

template <class T>
Tensor<T> full_of_nan(const Shape& shape) {
  return full<T>(shape, std::numeric_limits<T>::quiet_NaN());
}

template <class T>
reference::MaxPooled<T> max_pooled(const Tensor<T>& x, const Window2d& window) {
  const Shape shape = pooling_shape(x.shape(), window, "test");
  reference::MaxPooled<T> result{full_of_nan<T>(shape), full<std::uint16_t>(shape, 999)};
  max_pooling(x, window, result.y, result.argmax.data());
  return result;
}

TEST(MaxPooling, ForwardMatchesTheExampleOfTheBook) {
  // Section 7.3, figure 7-14.
  const auto x = array<float>({{{{1, 2, 1, 0}, {0, 1, 2, 3}, {3, 0, 1, 2}, {2, 4, 0, 1}}}});
  const auto pooled = max_pooled(x, {.kernel = 2, .stride = 2});
  EXPECT_TRUE(are_close(pooled.y, array<float>({{{{2, 3}, {4, 2}}}})));
  EXPECT_TRUE(are_close(pooled.argmax, array<std::uint16_t>({{{{1, 3}, {3, 1}}}})));
}

TEST(MaxPooling, FirstOfEqualsWins) {
  const auto x = array<float>({{{{7, 7, 1, 7}, {7, 7, 7, 1}}}});
  for (const Window2d& window :
       {Window2d{.kernel = 2, .stride = 2}, Window2d{.kernel = 2, .stride = 1}}) {
    const auto pooled = max_pooled(x, window);
    EXPECT_EQ(pooled.argmax(0, 0, 0, 0), 0);
    EXPECT_EQ(pooled.argmax(0, 0, 0, -1), 1);
  }
}

TEST(MaxPooling, NanWins) {
  for (int place = 0; place < 4; ++place) {
    auto x = array<float>({{{{3, infinity}, {2, 5}}}});
    x.data()[place] = nan;
    for (const Window2d& window : {Window2d{.kernel = 2, .stride = 2}, Window2d{.kernel = 2}}) {
      const auto pooled = max_pooled(x, window);
      EXPECT_TRUE(std::isnan(pooled.y.item())) << place;
      EXPECT_EQ(pooled.argmax.item(), place);
    }
  }
}

TEST(MaxPooling, FirstOfSeveralNansWins) {
  for (const Window2d& window : {Window2d{.kernel = 2, .stride = 2}, Window2d{.kernel = 2}}) {
    EXPECT_EQ(max_pooled(array<float>({{{{1, nan}, {nan, 9}}}}), window).argmax.item(), 1);
    EXPECT_EQ(max_pooled(array<float>({{{{1, 9}, {nan, nan}}}}), window).argmax.item(), 2);
  }
}

TEST(MaxPooling, PaddingNeverWins) {
  const auto x = full<float>({1, 1, 2, 2}, -infinity);
  const auto pooled = max_pooled(x, {.kernel = 2, .stride = 2, .padding = 1});
  EXPECT_TRUE(are_close(pooled.y, full<float>({1, 1, 2, 2}, -infinity)));
  EXPECT_TRUE(are_close(pooled.argmax, array<std::uint16_t>({{{{3, 2}, {1, 0}}}})));
}

TEST(MaxPooling, BackwardGivesTheGradientToTheWinners) {
  const auto x = array<float>({{{{1, 9, 1}, {2, 3, 4}, {8, 0, 5}}}});
  const Window2d window{.kernel = 2};
  const auto pooled = max_pooled(x, window);
  auto dx = full_of_nan<float>(x.shape());
  max_pooling_backward(array<float>({{{{1, 10}, {100, 1000}}}}), pooled.argmax.data(), window, dx);
  EXPECT_TRUE(are_close(dx, array<float>({{{{0, 11, 0}, {0, 0, 0}, {100, 0, 1000}}}})));
}

TEST(AveragePooling, PaddingCountsAsZeros) {
  const auto x = array<float>({{{{4, 8}, {12, 16}}}});
  Tensor<float> y({1, 1, 2, 2}), dx({1, 1, 2, 2});
  const Window2d window{.kernel = 2, .stride = 2, .padding = 1};
  average_pooling(x, window, y);
  EXPECT_TRUE(are_close(y, array<float>({{{{1, 2}, {3, 4}}}})));
  average_pooling_backward(x, window, dx);
  EXPECT_TRUE(are_close(dx, array<float>({{{{1, 2}, {3, 4}}}})));
}

TEST(AveragePooling, BlocksMatchHandComputedValues) {
  const auto x = array<double>({{{{1, 2, 9}, {3, 6, 9}, {9, 9, 9}}}});
  Tensor<double> y({1, 1, 1, 1});
  auto dx = full_of_nan<double>({1, 1, 3, 3});
  const Window2d window{.kernel = 2, .stride = 2};
  average_pooling(x, window, y);
  EXPECT_EQ(y.item(), 3);
  average_pooling_backward(y, window, dx);
  EXPECT_TRUE(are_close(dx, array<double>({{{{0.75, 0.75, 0}, {0.75, 0.75, 0}, {0, 0, 0}}}})));
}

using PoolingSizes =
    std::tuple<Size2d, Size2d, Size2d, Size2d>;  // kernel, stride, padding, dilation

template <class T>
void expect_agreement_with_reference(const Shape& shape, const Window2d& window,
                                     std::uint64_t seed) {
  SCOPED_TRACE(str_cat("x ", shape));
  const double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-12;
  // Few values, so that windows hold equals.
  auto x = random_tensor<T>(shape, seed);
  for (T& value : x) value = std::round(3 * value);

  const auto pooled = max_pooled(x, window);
  const auto expected = reference::max_pooling(x, window);
  EXPECT_TRUE(are_close(pooled.y, expected.y));
  EXPECT_TRUE(are_close(pooled.argmax, expected.argmax));
  auto y = full_of_nan<T>(expected.y.shape());
  max_pooling(x, window, y);
  EXPECT_TRUE(are_close(y, expected.y));

  const auto dy = random_tensor<T>(y.shape(), seed + 1);
  auto dx = full_of_nan<T>(shape);
  max_pooling_backward(dy, expected.argmax.data(), window, dx);
  EXPECT_TRUE(are_close(dx, reference::max_pooling_backward(dy, expected.argmax, window, shape),
                        tolerance));
  EXPECT_NEAR((as_array(dy) * as_array(y)).sum(), (as_array(dx) * as_array(x)).sum(),
              tolerance * 10 * static_cast<double>(y.size()));

  average_pooling(x, window, y);
  EXPECT_TRUE(are_close(y, reference::average_pooling(x, window), tolerance));
  as_array(dx) = std::numeric_limits<T>::quiet_NaN();
  average_pooling_backward(dy, window, dx);
  EXPECT_TRUE(are_close(dx, reference::average_pooling_backward(dy, window, shape), tolerance));
  EXPECT_NEAR((as_array(dy) * as_array(y)).sum(), (as_array(dx) * as_array(x)).sum(),
              tolerance * 10 * static_cast<double>(y.size()));
}

class PoolingWindows : public testing::TestWithParam<PoolingSizes> {};

TEST_P(PoolingWindows, KernelsAgreeWithTheirReferenceTwins) {
  const auto& [kernel, stride, padding, dilation] = GetParam();
  // No more padding than the kernel allows.
  const Window2d window{
      kernel,
      stride,
      {std::min(padding.height, kernel.height / 2), std::min(padding.width, kernel.width / 2)},
      dilation};
  Rng rng(3);
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto extent = [&](Index taps, Index step) {
      return step * (taps - 1) + 1 + rng.below(9);
    };
    const Shape shape{1 + rng.below(3), 1 + rng.below(3), extent(kernel.height, dilation.height),
                      extent(kernel.width, dilation.width)};
    expect_agreement_with_reference<float>(shape, window, 2 * seed);
    expect_agreement_with_reference<double>(shape, window, 2 * seed);
  }
}

INSTANTIATE_TEST_SUITE_P(Pooling, PoolingWindows,
                         testing::Combine(testing::Values(Size2d(1), Size2d(2), Size2d(3, 2),
                                                          Size2d(2, 5)),
                                          testing::Values(Size2d(1), Size2d(2), Size2d(3, 1)),
                                          testing::Values(Size2d(0), Size2d(1), Size2d(1, 2)),
                                          testing::Values(Size2d(1), Size2d(2, 1))));

TEST(Pooling, BlocksOfLargeAndOddImagesAgreeWithTheReference) {
  const Window2d window{.kernel = 2, .stride = 2};
  for (const Shape& shape : {Shape{2, 3, 24, 24}, Shape{1, 2, 25, 33}, Shape{2, 1, 2, 67},
                             Shape{1, 1, 67, 2}, Shape{0, 3, 4, 4}, Shape{2, 0, 4, 4}}) {
    expect_agreement_with_reference<float>(shape, window, 1);
    expect_agreement_with_reference<double>(shape, window, 1);
  }
}

TEST(Pooling, BlocksOfAnyWidthAgreeWithTheReferenceAtEveryLevel) {
  test::at_every_level([] {
    for (Index width = 2; width <= 70; ++width) {
      expect_agreement_with_reference<float>({1, 2, 4, width}, {.kernel = 2, .stride = 2}, 1);
      expect_agreement_with_reference<double>({2, 1, 5, width}, {.kernel = 2, .stride = 2}, 2);
    }
  });
}

TEST(MaxPooling, NansOfManyBlocksWinAtEveryLevel) {
  const Window2d window{.kernel = 2, .stride = 2};
  auto x = random_tensor<float>({1, 3, 8, 74});
  for (float& value : x) {
    if (value > 0.5f) value = nan;
  }
  const auto expected = reference::max_pooling(x, window);
  test::at_every_level([&] {
    const auto pooled = max_pooled(x, window);
    EXPECT_TRUE(are_close(pooled.y, expected.y));
    EXPECT_TRUE(are_close(pooled.argmax, expected.argmax));
  });
}

TEST(MaxPooling, BackwardRefusesAWrongWinnerInAnyPlaceAtEveryLevel) {
  const Tensor<float> dy({1, 1, 2, 21});
  Tensor<float> dx({1, 1, 4, 42});
  test::at_every_level([&] {
    for (std::size_t place = 0; place < 42; ++place) {
      std::vector<std::uint16_t> argmax(42, 3);
      argmax[place] = 4;
      EXPECT_THROW(max_pooling_backward(dy, argmax.data(), {.kernel = 2, .stride = 2}, dx),
                   ValueError);
    }
  });
}

TEST(PoolingShape, IsBatchChannelsAndPositions) {
  EXPECT_EQ(pooling_shape({100, 30, 24, 24}, {.kernel = 2, .stride = 2}, "test"),
            Shape({100, 30, 12, 12}));
  EXPECT_EQ(
      pooling_shape({2, 3, 7, 9}, {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}}, "test"),
      Shape({2, 3, 4, 10}));
}

TEST(PoolingShape, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(error_of<ShapeError>([] {
              pooling_shape({3, 4, 4}, {}, "max_pooling");
            }),
            "max_pooling: expected x of shape (N, C, H, W), got (3, 4, 4)");
  EXPECT_EQ(error_of<ShapeError>([] {
              pooling_shape({1, 1, 1, 4}, {2}, "max_pooling");
            }),
            "max_pooling: a window of height 2 does not fit into an image of height 1 with "
            "padding 0");
  EXPECT_EQ(error_of<ValueError>([] {
              pooling_shape({1, 1, 8, 8}, {.kernel = 3, .padding = {1, 2}}, "max_pooling");
            }),
            "max_pooling: expected a padding of at most half the kernel along the width, got "
            "padding 2 and kernel 3");
}

TEST(PoolingShape, WindowEntirelyInThePaddingIsRefused) {
  const Window2d window{.kernel = {2, 1}, .padding = {1, 0}, .dilation = {3, 1}};
  EXPECT_EQ(error_of<ShapeError>([&] {
              pooling_shape({1, 1, 2, 2}, window, "max_pooling");
            }),
            "max_pooling: a window of dilation 3 with padding 1 steps over an image of height 2");
  EXPECT_EQ(error_of<ShapeError>([&] {
              pooling_shape({1, 1, 0, 2}, window, "max_pooling");
            }),
            "max_pooling: a window of height 4 does not fit into an image of height 0 with "
            "padding 1");
}

TEST(PoolingShape, EveryWindowThatIsAllowedTouchesTheImage) {
  for (Index kernel = 1; kernel <= 5; ++kernel) {
    for (Index padding = 0; padding <= kernel / 2; ++padding) {
      for (Index dilation = 1; dilation <= 6; ++dilation) {
        const Window2d window{
            .kernel = {kernel, 1}, .padding = {padding, 0}, .dilation = {dilation, 1}};
        for (Index extent = 1; extent <= 9; ++extent) {
          if (extent + 2 * padding < dilation * (kernel - 1) + 1) continue;
          bool all_touch = true;
          for (Index i = 0; i < window.output_size({extent, 1}, "test").height; ++i) {
            bool touches = false;
            reference::for_each_tap(window, {extent, 1}, i, 0,
                                    [&](reference::Pixel, Index) { touches = true; });
            all_touch = all_touch && touches;
          }
          bool is_allowed = true;
          try {
            pooling_shape({1, 1, extent, 1}, window, "test");
          } catch (const ShapeError&) {
            is_allowed = false;
          }
          ASSERT_EQ(is_allowed, all_touch)
              << kernel << ", " << padding << ", " << dilation << ", " << extent;
        }
      }
    }
  }
}

TEST(MaxPooling, TooManyTapsForWinnersAreRefused) {
  const auto x = random_tensor<float>({1, 1, 256, 257});
  Tensor<float> y({1, 1, 1, 1});
  std::uint16_t tap_of_max = 0;
  const Window2d window{.kernel = {256, 257}};
  max_pooling(x, window, y);  // without argmax any window will do
  EXPECT_EQ(y.item(), as_array(x).maxCoeff());
  EXPECT_EQ(error_of<ValueError>([&] { max_pooling(x, window, y, &tap_of_max); }),
            "max_pooling: expected a window of at most 65536 taps, got 256 by 257");
  Tensor<float> dx(x.shape());
  EXPECT_EQ(error_of<ValueError>([&] { max_pooling_backward(y, &tap_of_max, window, dx); }),
            "max_pooling_backward: expected a window of at most 65536 taps, got 256 by 257");

  Tensor<float> last({1, 1, 256, 256});
  last(0, 0, 255, 255) = 1;
  max_pooling(last, {.kernel = 256}, y, &tap_of_max);
  EXPECT_EQ(tap_of_max, 65535);
}

TEST(MaxPooling, BackwardRefusesWinnersOfAnotherWindow) {
  const auto error = [](const Window2d& window, std::uint16_t tap_of_max) {
    const Tensor<float> dy({1, 1, 1, 1});
    Tensor<float> dx({1, 1, 2, 2});
    return error_of<ValueError>([&] { max_pooling_backward(dy, &tap_of_max, window, dx); });
  };
  constexpr auto text =
      "max_pooling_backward: expected the argmax that max_pooling stored for x of shape "
      "(1, 1, 2, 2) and this window, got one outside of its window";
  EXPECT_EQ(error({.kernel = 2, .stride = 2}, 4), text);
  EXPECT_EQ(error({.kernel = 2}, 65535), text);
  // Taps in the padding, beside the image and above it.
  EXPECT_EQ(error({.kernel = {2, 3}, .stride = 2, .padding = {0, 1}}, 0), text);
  EXPECT_EQ(error({.kernel = {3, 2}, .stride = 2, .padding = {1, 0}}, 0), text);
}

TEST(Pooling, WrongShapesAreRefused) {
  Tensor<float> x({2, 3, 4, 4}), y({2, 3, 2, 2}), other({2, 3, 2, 3});
  std::vector<std::uint16_t> argmax(24);
  const Window2d window{.kernel = 2, .stride = 2};
  const auto error = [](auto&& act) { return error_of<ShapeError>(act); };
  const std::string expected = " of shape (2, 3, 2, 2), got (2, 3, 2, 3)";
  EXPECT_EQ(error([&] { max_pooling(x, window, other); }), "max_pooling: expected y" + expected);
  EXPECT_EQ(error([&] { max_pooling_backward(other, argmax.data(), window, x); }),
            "max_pooling_backward: expected dy" + expected);
  EXPECT_EQ(error([&] { average_pooling(x, window, other); }),
            "average_pooling: expected y" + expected);
  EXPECT_EQ(error([&] { average_pooling_backward(other, window, x); }),
            "average_pooling_backward: expected dy" + expected);

  const auto turned = [](Tensor<float>& tensor) { return tensor.transpose({0, 1, 3, 2}); };
  const auto gaps = [](const char* name, const Tensor<float>& tensor) {
    return str_cat(name, " to be contiguous, got a view of shape ", tensor.shape(),
                   " with gaps or reordered axes");
  };
  EXPECT_EQ(error([&] { max_pooling(turned(x), window, y); }), gaps("max_pooling: expected x", x));
  EXPECT_EQ(error([&] { max_pooling(x, window, turned(y)); }), gaps("max_pooling: expected y", y));
  EXPECT_EQ(error([&] { max_pooling_backward(turned(y), argmax.data(), window, x); }),
            gaps("max_pooling_backward: expected dy", y));
  EXPECT_EQ(error([&] { max_pooling_backward(y, argmax.data(), window, turned(x)); }),
            gaps("max_pooling_backward: expected dx", x));
  EXPECT_EQ(error([&] { average_pooling(turned(x), window, y); }),
            gaps("average_pooling: expected x", x));
  EXPECT_EQ(error([&] { average_pooling(x, window, turned(y)); }),
            gaps("average_pooling: expected y", y));
  EXPECT_EQ(error([&] { average_pooling_backward(turned(y), window, x); }),
            gaps("average_pooling_backward: expected dy", y));
  EXPECT_EQ(error([&] { average_pooling_backward(y, window, turned(x)); }),
            gaps("average_pooling_backward: expected dx", x));
}

}  // namespace
}  // namespace dlfs
