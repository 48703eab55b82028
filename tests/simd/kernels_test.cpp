#include "dlfs/simd/kernels.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dlfs/conv/convolution.hpp"
#include "dlfs/conv/reference/convolution.hpp"
#include "dlfs/tensor/matmul.hpp"
#include "dlfs/tensor/reference/matmul.hpp"
#include "support/levels.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::agree;
using test::are_close;
using test::at_every_level;
using test::magnitudes;
using test::random_tensor;

/// A number in [low, high], mostly small.
Index draw(Rng& rng, Index low, Index high) {
  const double u = rng.uniform(0, 1);
  return low + static_cast<Index>(u * u * static_cast<double>(high - low + 1));
}

template <class T>
void expect_matmul_agrees(std::uint64_t seed) {
  Rng rng(seed);
  const Index m = draw(rng, 1, 50), k = draw(rng, 1, 100), n = draw(rng, 1, 110);
  const auto a = random_tensor<T>({m, k}, seed);
  const auto b = random_tensor<T>({k, n}, seed + 1);
  auto a_columns = Tensor<T>({k, m});
  auto b_columns = Tensor<T>({n, k});
  for (Index i = 0; i < m * k; ++i) a_columns(i % k, i / k) = a.data()[i];
  for (Index i = 0; i < k * n; ++i) b_columns(i % n, i / n) = b.data()[i];
  const bool is_a_transposed = seed % 2 == 1;
  const bool is_b_transposed = seed / 2 % 2 == 1;
  const bool adds = seed / 4 % 2 == 1;

  auto expected = reference::matmul(a, b);
  const auto sums = reference::matmul(magnitudes(a), magnitudes(b));
  at_every_level([&] {
    Tensor<T> out({m, n});
    if (adds) out = expected;
    matmul(is_a_transposed ? a_columns.transpose() : a.view(),
           is_b_transposed ? b_columns.transpose() : b.view(), out,
           adds ? Store::add : Store::overwrite);
    if (adds) {
      for (T& element : out) element /= 2;
    }
    EXPECT_TRUE(agree(out, expected, sums)) << m << " " << k << " " << n << ", seed " << seed;
  });
}

/// Of memory that ends with its last element: a sanitizer sees what goes beyond.
void expect_matmul_stays_inside(Index m, Index k, Index n, Index gap) {
  const Index stride = n + gap;
  const auto a = random_tensor<float>({m, k}, 1);
  const auto wide_b = random_tensor<float>({k, stride}, 2);
  const std::vector<float> left(a.begin(), a.end());
  const std::vector<float> right(wide_b.begin(), wide_b.end() - gap);
  const auto expected = reference::matmul(a, wide_b.slice(1, {.stop = n}));
  at_every_level([&] {
    std::vector<float> out(static_cast<std::size_t>(m * n));
    const TensorView<float> product(out.data(), {m, n});
    const TensorView<const float> first(left.data(), {m, k});
    const TensorView<const float> second(right.data(), {k, n}, {stride, 1});
    matmul(first, second, product);
    EXPECT_TRUE(are_close(product, expected, 1e-5)) << m << " " << k << " " << n;
    matmul(first, second, product, Store::add);
    for (float& element : out) element /= 2;
    EXPECT_TRUE(are_close(product, expected, 1e-5)) << m << " " << k << " " << n;
  });
}

/// One axis of an image, as large as the window needs.
Index extent(Rng& rng, Index kernel, Index padding, Index dilation) {
  return std::max<Index>(1, dilation * (kernel - 1) + 1 - 2 * padding) + draw(rng, 0, 12);
}

struct RandomProblem {
  Window2d window;
  Index images, groups, channels, filters, height, width;
};

/// Any window over a small image.
RandomProblem any_problem(Rng& rng) {
  const auto size = [&](Index low, Index high) {
    return Size2d(draw(rng, low, high), draw(rng, low, high));
  };
  const Window2d window{size(1, 5), size(1, 3), size(0, 3), size(1, 3)};
  return {
      .window = window,
      .images = draw(rng, 1, 3),
      .groups = draw(rng, 1, 3),
      .channels = draw(rng, 1, 20),
      .filters = draw(rng, 1, 18),
      .height = extent(rng, window.kernel.height, window.padding.height, window.dilation.height),
      .width = extent(rng, window.kernel.width, window.padding.width, window.dilation.width)};
}

/// Enough channels and outputs for Winograd's algorithm.
RandomProblem winograd_problem(Rng& rng) {
  return {.window = {3, 1, {draw(rng, 0, 2), draw(rng, 0, 2)}},
          .images = 1,
          .groups = 1,
          .channels = draw(rng, 16, 20),
          .filters = draw(rng, 16, 20),
          .height = draw(rng, 17, 20),
          .width = draw(rng, 17, 20)};
}

template <class T>
void expect_convolution_agrees(const RandomProblem& problem, std::uint64_t seed) {
  const Window2d& window = problem.window;
  const Index groups = problem.groups, channels = problem.channels, filters = problem.filters;
  const auto x =
      random_tensor<T>({problem.images, groups * channels, problem.height, problem.width}, seed);
  const auto weight = random_tensor<T>(
      {groups * filters, channels, window.kernel.height, window.kernel.width}, seed + 1);
  const auto bias = random_tensor<T>({groups * filters}, seed + 2);
  const auto dy =
      random_tensor<T>(convolution_shape(x.shape(), weight.shape(), window, groups), seed + 3);

  const auto y = reference::convolution(x, weight, bias, window, groups);
  const auto y_sums =
      reference::convolution(magnitudes(x), magnitudes(weight), magnitudes(bias), window, groups);
  const auto dx = reference::convolution_backward_input(dy, weight, window, groups, x.shape());
  const auto dx_sums = reference::convolution_backward_input(magnitudes(dy), magnitudes(weight),
                                                             window, groups, x.shape());
  const auto dweight = reference::convolution_backward_weight(x, dy, window, groups);
  const auto dweight_sums =
      reference::convolution_backward_weight(magnitudes(x), magnitudes(dy), window, groups);
  at_every_level([&] {
    SCOPED_TRACE(str_cat("x ", x.shape(), ", weight ", weight.shape(), ", seed ", seed));
    // What was in the outputs must not matter.
    auto found = full<T>(y.shape(), 99);
    convolution(x, weight, bias, window, groups, found);
    EXPECT_TRUE(agree(found, y, y_sums)) << "forward";
    found = full<T>(x.shape(), 99);
    convolution_backward_input(dy, weight, window, groups, found);
    EXPECT_TRUE(agree(found, dx, dx_sums)) << "backward input";
    found = full<T>(weight.shape(), 99);
    Tensor<T> dbias(bias.shape());
    convolution_backward_weights(x, dy, window, groups, found, dbias);
    EXPECT_TRUE(agree(found, dweight, dweight_sums)) << "backward weights";
  });
}

TEST(SimdKernels, MatmulReadsAndWritesNothingBeyondItsOperands) {
  for (Index n = 1; n <= 38; ++n) {
    for (const Index m : {1, 2, 9, 12}) {
      for (const Index k : {1, 3, 16, 20}) {
        for (const Index gap : {0, 5}) expect_matmul_stays_inside(m, k, n, gap);
      }
    }
  }
}

TEST(SimdKernels, MatmulOfRandomShapesAgreesWithTheReferenceAtEveryLevel) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    expect_matmul_agrees<float>(seed);
    expect_matmul_agrees<double>(seed);
  }
}

TEST(SimdKernels, ConvolutionOfRandomShapesAgreesWithTheReferenceAtEveryLevel) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Rng rng(seed);
    const RandomProblem problem = any_problem(rng);
    expect_convolution_agrees<float>(problem, seed);
    expect_convolution_agrees<double>(problem, seed);
  }
}

TEST(SimdKernels, WinogradConvolutionOfRandomShapesAgreesWithTheReferenceAtEveryLevel) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const RandomProblem problem = winograd_problem(rng);
    expect_convolution_agrees<float>(problem, seed);
    expect_convolution_agrees<double>(problem, seed);
  }
}

// Several blocks of channels, bands of rows, and images at a time.
TEST(SimdKernels, ConvolutionOfLargeImagesAgreesWithTheReferenceAtEveryLevel) {
  struct Problem {
    Shape x;
    Index filters;
    Window2d window;
  };
  for (const Problem& problem :
       {Problem{{1, 150, 60, 9}, 3, {3, 1, 1}}, Problem{{1, 2, 230, 224}, 2, {3, 2, 1}},
        Problem{{1, 1, 131, 213}, 9, {5, 1, 0}}, Problem{{2, 40, 70, 50}, 2, {{3, 2}, {2, 1}, 1}},
        Problem{{9, 70, 4, 4}, 9, {3, 1, 1}}, Problem{{3, 400, 5, 7}, 9, {1, 1, 0}}}) {
    const auto x = random_tensor<float>(problem.x, 1);
    const Size2d kernel = problem.window.kernel;
    const auto weight =
        random_tensor<float>({problem.filters, problem.x[1], kernel.height, kernel.width}, 2);
    const auto bias = random_tensor<float>({problem.filters}, 3);
    const auto y = reference::convolution(x, weight, bias, problem.window, 1);
    const auto y_sums = reference::convolution(magnitudes(x), magnitudes(weight), magnitudes(bias),
                                               problem.window, 1);
    const auto dx = reference::convolution_backward_input(y, weight, problem.window, 1, x.shape());
    const auto dx_sums = reference::convolution_backward_input(magnitudes(y), magnitudes(weight),
                                                               problem.window, 1, x.shape());
    const auto dweight = reference::convolution_backward_weight(x, y, problem.window, 1);
    const auto dweight_sums =
        reference::convolution_backward_weight(magnitudes(x), magnitudes(y), problem.window, 1);
    at_every_level([&] {
      SCOPED_TRACE(to_string(problem.x));
      Tensor<float> found(y.shape());
      convolution(x, weight, bias, problem.window, 1, found);
      EXPECT_TRUE(agree(found, y, y_sums)) << "forward";
      found = Tensor<float>(x.shape());
      convolution_backward_input(y, weight, problem.window, 1, found);
      EXPECT_TRUE(agree(found, dx, dx_sums)) << "backward input";
      found = Tensor<float>(weight.shape());
      Tensor<float> dbias(bias.shape());
      convolution_backward_weights(x, y, problem.window, 1, found, dbias);
      EXPECT_TRUE(agree(found, dweight, dweight_sums)) << "backward weights";
    });
  }
}

TEST(SimdKernels, LargeProductAgreesWithTheReferenceAtEveryLevel) {
  const auto a = random_tensor<float>({390, 175}, 1);
  const auto b = random_tensor<float>({175, 390}, 2);
  const auto expected = reference::matmul(a, b);
  const auto sums = reference::matmul(magnitudes(a), magnitudes(b));
  at_every_level([&] { EXPECT_TRUE(agree(matmul(a, b), expected, sums)); });
}

}  // namespace
}  // namespace dlfs
