#include "dlfs/conv/winograd.hpp"

#include <algorithm>
#include <type_traits>

#include <gtest/gtest.h>

#include "dlfs/conv/convolution.hpp"
#include "dlfs/conv/pooling.hpp"
#include "dlfs/conv/reference/convolution.hpp"
#include "dlfs/conv/reference/pooling.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::agree;
using test::magnitudes;
using test::nan;
using test::random_tensor;

TEST(WinogradMatrices, MultiplyToACorrelationOfFourOutputsAndThreeTaps) {
  for (std::size_t output = 0; output < 4; ++output) {
    for (std::size_t tap = 0; tap < 3; ++tap) {
      for (std::size_t pixel = 0; pixel < 6; ++pixel) {
        double factor = 0;
        for (std::size_t p = 0; p < 6; ++p) {
          factor += simd::winograd::outputs[p][output] * simd::winograd::taps[p][tap] *
                    simd::winograd::pixels[p][pixel];
        }
        EXPECT_NEAR(factor, pixel == output + tap, 1e-15);
      }
    }
  }
}

/// Less than other sums of float and double may err by.
template <class T>
constexpr double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-13;

template <class T>
void expect_agreement_with_reference(const Shape& x_shape, Index filters, const Window2d& window,
                                     Index groups) {
  const Shape weight_shape{filters * groups, x_shape[1] / groups, 3, 3};
  const Shape y_shape = convolution_shape(x_shape, weight_shape, window, groups);
  const Size2d padding = window.padding;
  ASSERT_TRUE(conv::suits_winograd<T>(
      x_shape[0], weight_shape[1], {3, -padding.height, 1, 1}, {3, -padding.width, 1, 1},
      conv::Images<const T>{nullptr, 0, filters, y_shape[2], y_shape[3]}));
  const auto x = random_tensor<T>(x_shape, 1);
  const auto weight = random_tensor<T>(weight_shape, 2);
  const auto bias = random_tensor<T>({filters * groups}, 3);
  const auto dy = random_tensor<T>(y_shape, 4);
  const auto abs_x = magnitudes(x), abs_weight = magnitudes(weight), abs_dy = magnitudes(dy);

  const auto y = reference::convolution(x, weight, bias, window, groups);
  const auto y_sums = reference::convolution(abs_x, abs_weight, magnitudes(bias), window, groups);
  const auto dx = reference::convolution_backward_input(dy, weight, window, groups, x_shape);
  const auto dx_sums =
      reference::convolution_backward_input(abs_dy, abs_weight, window, groups, x_shape);
  const auto dweight = reference::convolution_backward_weight(x, dy, window, groups);
  const auto dweight_sums = reference::convolution_backward_weight(abs_x, abs_dy, window, groups);

  const simd::Level before = simd::level();
  for (simd::Level level : simd::all_levels) {
    if (!simd::is_supported(level)) continue;
    simd::set_level(level);
    SCOPED_TRACE(str_cat(simd::to_string(level), ", x ", x_shape, ", weight ", weight_shape));
    auto found = full<T>(y_shape, nan);
    convolution(x, weight, bias, window, groups, found);
    EXPECT_TRUE(agree(found, y, y_sums, tolerance<T>)) << "forward";
    found = full<T>(x_shape, nan);
    convolution_backward_input(dy, weight, window, groups, found);
    EXPECT_TRUE(agree(found, dx, dx_sums, tolerance<T>)) << "backward input";
    found = full<T>(weight_shape, nan);
    Tensor<T> dbias(bias.shape());
    convolution_backward_weights(x, dy, window, groups, found, dbias);
    EXPECT_TRUE(agree(found, dweight, dweight_sums, tolerance<T>)) << "backward weights";
    convolution_backward_weights(x, dy, window, groups, found, dbias, Store::add);
    for (T& element : found) element /= 2;
    EXPECT_TRUE(agree(found, dweight, dweight_sums, tolerance<T>)) << "backward weights, added";
  }
  simd::set_level(before);
}

template <class T>
class WinogradOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(WinogradOf, Scalars);

TYPED_TEST(WinogradOf, AgreesWithTheReferenceWhereTilesEndWithTheImageAndWhereTheyDoNot) {
  for (Index height : {3, 8}) {
    for (Index width : {5, 6, 7, 8}) {
      for (Index padding : {0, 1, 2}) {
        const Window2d window{.kernel = 3, .padding = {padding, 2 - padding}};
        const Size2d out = window.output_size({height, width}, "test");
        if (std::min(out.height, out.width) < 3) continue;
        const Index count = 256 / (out.height * out.width) + 1;
        expect_agreement_with_reference<TypeParam>({count, 16, height, width}, 16, window, 1);
      }
    }
  }
}

TYPED_TEST(WinogradOf, AgreesWithTheReferenceForChannelsThatDoNotFillVectors) {
  expect_agreement_with_reference<TypeParam>({3, 17, 9, 10}, 35, {.kernel = 3, .padding = 1}, 1);
  expect_agreement_with_reference<TypeParam>({2, 66, 12, 9}, 18, {.kernel = 3, .padding = 2}, 2);
}

TYPED_TEST(WinogradOf, AgreesWithTheReferenceInSeveralBandsAndBlocks) {
  expect_agreement_with_reference<TypeParam>({1, 16, 48, 60}, 16, {.kernel = 3, .padding = 1}, 1);
  expect_agreement_with_reference<TypeParam>({24, 32, 8, 8}, 32, {.kernel = 3, .padding = 1}, 1);
}

/// Images of one value with a patch of noise in the middle: (2, 16, 20, 20).
Tensor<float> noise_on_flat_ground() {
  auto x = full<float>({2, 16, 20, 20}, 0.3f);
  assign(x(all, all, Slice{7, 13}, Slice{7, 13}), random_tensor<float>({2, 16, 6, 6}, 1));
  return x;
}

constexpr Window2d padded{.kernel = 3, .padding = 1};

TEST(DirectConvolution, OfAFlatRegionIsTheSameEverywhere) {
  for (const Index filters : {16, 17, 24}) {
    const auto x = noise_on_flat_ground();
    const auto weight = random_tensor<float>({filters, 16, 3, 3}, 2);
    const auto bias = random_tensor<float>({filters}, 3);
    Tensor<float> y({2, filters, 20, 20});
    const auto differing = [&](ConvolutionAlgorithm algorithm) {
      convolution(x, weight, bias, padded, 1, y, algorithm);
      Index count = 0;
      for (Index n = 0; n < 2; ++n) {
        for (Index f = 0; f < filters; ++f) {
          for (Index i = 1; i < 19; ++i) {
            for (Index j = 1; j < 19; ++j) {
              const bool is_flat = i < 6 || i > 13 || j < 6 || j > 13;
              if (is_flat && y(n, f, i, j) != y(0, f, 1, 1)) ++count;
            }
          }
        }
      }
      return count;
    };
    EXPECT_EQ(differing(ConvolutionAlgorithm::direct), 0);
    EXPECT_GT(differing(ConvolutionAlgorithm::automatic), 0);  // Winograd's rounding
  }
}

template <class T>
void expect_equal_outputs_of_equal_windows(Index channels, Index width, const Window2d& window) {
  SCOPED_TRACE(str_cat(channels, " channels, width ", width, ", kernel ", window.kernel.height));
  const auto x = full<T>({2, channels, 11, width}, T(0.3));
  const auto weight =
      random_tensor<T>({17, channels, window.kernel.height, window.kernel.width}, 2);
  const auto bias = random_tensor<T>({17}, 3);
  Tensor<T> y(convolution_shape(x.shape(), weight.shape(), window, 1));
  convolution(x, weight, bias, window, 1, y, ConvolutionAlgorithm::direct);
  const Index plane = y.extent(2) * y.extent(3);
  for (Index i = 0; i < y.size(); ++i) {
    const T first = y(0, i / plane % 17, 0, 0);
    if (y.data()[i] != first) {
      FAIL() << "entry " << i << ": " << y.data()[i] << " and " << first;
    }
  }
}

TEST(DirectConvolution, GivesEqualWindowsEqualOutputsForAnySize) {
  for (const Index channels : {1, 3, 16, 40}) {
    for (const Index width : {7, 16, 29}) {
      for (const Window2d& window :
           {Window2d{.kernel = 3}, Window2d{.kernel = 5, .stride = 2}, Window2d{.kernel = 1}}) {
        expect_equal_outputs_of_equal_windows<float>(channels, width, window);
        expect_equal_outputs_of_equal_windows<double>(channels, width, window);
      }
    }
  }
}

/// The gradient of max pooling after a convolution with respect to the image, by the kernels.
Tensor<float> saliency(const Tensor<float>& x, const Tensor<float>& weight, const Tensor<float>& dy,
                       ConvolutionAlgorithm algorithm) {
  constexpr Window2d pool{.kernel = 2, .stride = 2};
  Tensor<float> y(x.shape()), pooled(dy.shape()), dx(x.shape());
  Tensor<std::uint16_t> argmax(dy.shape());
  convolution(x, weight, zeros<float>({16}), padded, 1, y, algorithm);
  max_pooling(y, pool, pooled, argmax.data());
  Tensor<float> dconvolution(y.shape());
  max_pooling_backward(dy, argmax.data(), pool, dconvolution);
  convolution_backward_input(dconvolution, weight, padded, 1, dx, algorithm);
  return dx;
}

TEST(DirectConvolution, SaliencyOfABlankBackgroundIsThatOfTheTwins) {
  const auto x = noise_on_flat_ground();
  const auto weight = random_tensor<float>({16, 16, 3, 3}, 2);
  const auto dy = random_tensor<float>({2, 16, 10, 10}, 4);

  constexpr Window2d pool{.kernel = 2, .stride = 2};
  const auto y = reference::convolution(x, weight, zeros<float>({16}), padded, 1);
  const auto [pooled, argmax] = reference::max_pooling(y, pool);
  const auto dconvolution = reference::max_pooling_backward(dy, argmax, pool, y.shape());
  const auto expected =
      reference::convolution_backward_input(dconvolution, weight, padded, 1, x.shape());
  const auto sums = reference::convolution_backward_input(magnitudes(dconvolution),
                                                          magnitudes(weight), padded, 1, x.shape());
  EXPECT_TRUE(agree(saliency(x, weight, dy, ConvolutionAlgorithm::direct), expected, sums));
  EXPECT_FALSE(agree(saliency(x, weight, dy, ConvolutionAlgorithm::automatic), expected, sums));
}

}  // namespace
}  // namespace dlfs
