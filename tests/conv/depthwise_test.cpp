#include "dlfs/conv/depthwise.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/conv/convolution.hpp"
#include "dlfs/conv/reference/convolution.hpp"
#include "dlfs/tensor/comparison.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::agree;
using test::magnitudes;
using test::nan;
using test::random_tensor;

template <class T>
class DepthwiseOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(DepthwiseOf, Scalars);

/// A depthwise convolution and its gradients; the results hold NaN before.
template <class T>
struct Results {
  Tensor<T> y, dx, dweight, dbias;

  Results(const Tensor<T>& x, const Tensor<T>& weight, const Tensor<T>& bias, const Tensor<T>& dy,
          const Window2d& window, Index groups)
      : y(full<T>(dy.shape(), nan)),
        dx(full<T>(x.shape(), nan)),
        dweight(full<T>(weight.shape(), nan)),
        dbias(full<T>(bias.shape(), nan)) {
    convolution(x, weight, bias, window, groups, y);
    convolution_backward_input(dy, weight, window, groups, dx);
    convolution_backward_weights(x, dy, window, groups, dweight, dbias);
  }
};

// Widths below, at and beyond a vector, several bands of rows, and windows that are not square.
TYPED_TEST(DepthwiseOf, KernelsAgreeWithTheirReferenceTwins) {
  using T = TypeParam;
  const std::vector<Window2d> windows = {
      {.kernel = 3, .padding = 1},
      {.kernel = 3, .stride = 2, .padding = 1},
      {.kernel = {5, 2}, .stride = {1, 3}, .padding = {2, 1}},
      {.kernel = {2, 4}, .stride = {3, 1}, .padding = {0, 2}, .dilation = {1, 2}},
      {.kernel = 3, .stride = 2, .padding = 2, .dilation = 3},
      {.kernel = 1},
      {.kernel = {1, 3}, .padding = {0, 7}}};
  std::uint64_t seed = 1;
  for (const Window2d& window : windows) {
    for (const Size2d image : {Size2d(7, 7), Size2d(14, 13), Size2d(9, 40), Size2d(100, 71)}) {
      const Index C = 3;
      const Shape x_shape{2, C, image.height, image.width};
      const Shape weight_shape{C, 1, window.kernel.height, window.kernel.width};
      SCOPED_TRACE(str_cat("x ", x_shape, ", weight ", weight_shape));
      const auto x = random_tensor<T>(x_shape, ++seed);
      const auto weight = random_tensor<T>(weight_shape, ++seed);
      const auto bias = random_tensor<T>({C}, ++seed);
      const auto dy = random_tensor<T>(convolution_shape(x_shape, weight_shape, window, C), ++seed);
      const Results<T> results(x, weight, bias, dy, window, C);
      const auto abs_x = magnitudes(x), abs_weight = magnitudes(weight), abs_dy = magnitudes(dy);
      EXPECT_TRUE(agree(results.y, reference::convolution(x, weight, bias, window, C),
                        reference::convolution(abs_x, abs_weight, magnitudes(bias), window, C)));
      EXPECT_TRUE(
          agree(results.dx, reference::convolution_backward_input(dy, weight, window, C, x_shape),
                reference::convolution_backward_input(abs_dy, abs_weight, window, C, x_shape)));
      EXPECT_TRUE(agree(results.dweight, reference::convolution_backward_weight(x, dy, window, C),
                        reference::convolution_backward_weight(abs_x, abs_dy, window, C)));
      EXPECT_TRUE(agree(results.dbias, reference::convolution_backward_bias(dy),
                        reference::convolution_backward_bias(abs_dy)));
    }
  }
}

// Each sum is one chain in the order of the taps, as in a convolution of one channel.
TYPED_TEST(DepthwiseOf, EachChannelIsItsOwnConvolutionToTheBit) {
  using T = TypeParam;
  const Index C = 5;
  for (const Index stride : {1, 2}) {
    const Window2d window{.kernel = 3, .stride = stride, .padding = 1};
    const auto x = random_tensor<T>({1, C, 11, 19}, 1);
    const auto weight = random_tensor<T>({C, 1, 3, 3}, 2);
    const auto bias = random_tensor<T>({C}, 3);
    const auto dy = random_tensor<T>(convolution_shape(x.shape(), weight.shape(), window, C), 4);
    const Results<T> all(x, weight, bias, dy, window, C);
    for (Index c = 0; c < C; ++c) {
      const auto channel = [c](const Tensor<T>& images) {
        return copy(
            images.view()[0].rows(c, c + 1).reshape({1, 1, images.extent(2), images.extent(3)}));
      };
      const Tensor<T> w = copy(weight.rows(c, c + 1));
      const Results<T> one(channel(x), w, copy(bias.rows(c, c + 1)), channel(dy), window, 1);
      EXPECT_TRUE(array_equal(channel(all.y), one.y));
      EXPECT_TRUE(array_equal(channel(all.dx), one.dx));
    }
  }
}

// The vectors of a row may pass its end, but what is there belongs to other windows.
TYPED_TEST(DepthwiseOf, AnInfinityReachesOnlyTheGradientsOfTapsThatSeeIt) {
  using T = TypeParam;
  const Window2d window{.kernel = 3};
  auto x = random_tensor<T>({1, 2, 5, 7}, 1);
  x(0, 1, 0, 6) = std::numeric_limits<T>::infinity();  // under the last tap of the first row alone
  auto dy = random_tensor<T>({1, 2, 3, 5}, 2);
  Tensor<T> dweight({2, 1, 3, 3}), dbias({2});
  convolution_backward_weights(x, dy, window, 2, dweight, dbias);
  for (Index c = 0; c < 2; ++c) {
    for (Index k = 0; k < 3; ++k) {
      for (Index l = 0; l < 3; ++l) {
        EXPECT_EQ(std::isfinite(dweight(c, 0, k, l)), !(c == 1 && k == 0 && l == 2));
      }
    }
  }
}

}  // namespace
}  // namespace dlfs
