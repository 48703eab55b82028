#include "dlfs/data/augmentation.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/tensor/creation.hpp"
#include "support/allocation_counter.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

Tensor<float> images(Index count) {
  Rng rng(1);
  return random_uniform<float>({count, 2, 9, 7}, rng);
}

std::vector<Index> numbers(Index first, Index count) {
  std::vector<Index> samples(static_cast<std::size_t>(count));
  std::iota(samples.begin(), samples.end(), first);
  return samples;
}

Tensor<float> augmented(const AugmentationOptions& options, Tensor<float> x, Index first = 0,
                        std::uint64_t seed = 3) {
  Augmentation augment(options);
  augment(x.view(), numbers(first, x.extent(0)), Rng(seed));
  return x;
}

constexpr AugmentationOptions all_kinds{
    .shift = 2, .rotation = 20, .scale = 0.2, .elastic = 20, .elastic_sigma = 2};

bool equal(const Tensor<float>& a, const Tensor<float>& b) {
  return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin());
}

/// The 3 x 3 image 1..9 as a similarity changes it.
Tensor<double> nine_pixels(const detail::Similarity& similarity) {
  auto x = array<double>({{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}});
  Tensor<double> rows({3, 3}), columns({3, 3});
  similarity.places<double>(rows, columns);
  map_coordinates<double>(x, rows, columns, x);
  return x;
}

void expect_pixels(const Tensor<double>& x, const std::vector<double>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(x.data()[i], expected[i], 1e-12) << i;
  }
}

TEST(Similarity, ShiftsDownAndToTheRight) {
  expect_pixels(nine_pixels({.shift_rows = 1}), {0, 0, 0, 1, 2, 3, 4, 5, 6});
  expect_pixels(nine_pixels({.shift_columns = 0.5}), {0.5, 1.5, 2.5, 2, 4.5, 5.5, 3.5, 7.5, 8.5});
}

TEST(Similarity, TurnsCounterclockwise) {
  expect_pixels(nine_pixels({.angle = std::numbers::pi / 2}), {3, 6, 9, 2, 5, 8, 1, 4, 7});
}

TEST(Similarity, EnlargesAboutTheMiddle) {
  expect_pixels(nine_pixels({.scale = 2}), {3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7});
}

TEST(Augmentation, NothingIsChangedUnlessItIsSaid) {
  const auto x = images(3);
  EXPECT_TRUE(equal(augmented({}, x), x));
}

TEST(Augmentation, EveryOptionChangesEveryImage) {
  const auto x = images(5);
  for (const AugmentationOptions& options :
       {AugmentationOptions{.shift = 1}, {.rotation = 10}, {.scale = 0.2}, {.elastic = 10}}) {
    const auto y = augmented(options, x);
    for (Index n = 0; n < 5; ++n) {
      EXPECT_FALSE(std::equal(y[n].data(), y[n].data() + y[n].size(), x[n].data())) << n;
    }
  }
}

// A constant stays so in the middle, however it is distorted.
TEST(Augmentation, InterpolatesWithoutGainOrLoss) {
  const auto y = augmented(all_kinds, ones<float>({20, 1, 28, 28}));
  for (Index n = 0; n < 20; ++n) EXPECT_NEAR(y(n, 0, 14, 14), 1, 1e-6);
}

TEST(Augmentation, DependsOnTheSampleAndTheGeneratorAlone) {
  const auto x = images(6);
  const auto whole = augmented(all_kinds, x);
  Tensor<float> last({2, 2, 9, 7});
  std::copy(x[4].data(), x[4].data() + last.size(), last.data());
  const auto part = augmented(all_kinds, last, 4);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole[4].data()));
  EXPECT_FALSE(equal(augmented(all_kinds, x, 1), whole));
  EXPECT_FALSE(equal(augmented(all_kinds, x, 0, 4), whole));

  const int before = thread_count();
  for (int threads : {1, 2, 5}) {
    set_thread_count(threads);
    EXPECT_TRUE(equal(augmented(all_kinds, x), whole)) << threads;
  }
  set_thread_count(before);
}

// Of uniform numbers in [-a, a], of variance a^2 / 3, a blur by a Gaussian leaves 1 / (4 pi
// sigma^2).
TEST(Augmentation, ElasticDeformationHasItsDeviation) {
  constexpr Index size = 64;
  Tensor<double> blur({size, size});
  detail::gaussian_blur_matrix<double>(4, blur);
  double middle = 0;
  for (Index i = 0; i < size; ++i) middle += blur(size / 2, i);
  EXPECT_NEAR(middle, 1, 1e-8);
  EXPECT_EQ(blur(3, 10), blur(10, 3));
  EXPECT_NEAR(blur(20, 24) / blur(20, 20), std::exp(-0.5), 1e-12);

  Rng rng(1);
  double sum = 0;
  constexpr int fields = 200;
  for (int i = 0; i < fields; ++i) {
    Tensor<double> places({size, size});
    detail::add_blurred_noise<double>(34, blur, blur, rng, places);
    sum += places(32, 32) * places(32, 32) + places(32, 10) * places(32, 10);
  }
  const double deviation = 34 / std::sqrt(3.0) / (2 * std::sqrt(std::numbers::pi) * 4);
  EXPECT_NEAR(std::sqrt(sum / (2 * fields)) / deviation, 1, 0.1);
}

TEST(Augmentation, DoesNotAllocateAgain) {
  auto x = images(4);
  const Augmentation augment(all_kinds);
  const auto samples = numbers(0, 4);
  const int before = thread_count();
  set_thread_count(1);
  augment(x.view(), samples, Rng(1));
  const test::AllocationCounter counter;
  augment(x.view(), samples, Rng(2));
  EXPECT_EQ(counter.count(), 0);
  set_thread_count(before);
}

TEST(Augmentation, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(test::error_of<ValueError>([] { Augmentation({.scale = 1}); }),
            "augmentation: expected scale in [0, 1), got 1");
  const double infinity = std::numeric_limits<double>::infinity();
  for (const AugmentationOptions& options : {AugmentationOptions{.shift = -1},
                                             {.rotation = infinity},
                                             {.elastic = std::nan("")},
                                             {.elastic_sigma = 0}}) {
    EXPECT_THROW(Augmentation{options}, ValueError);
  }
  Tensor<float> x({2, 784});
  EXPECT_EQ(test::error_of<ShapeError>(
                [&] { Augmentation({.shift = 1})(x.view(), numbers(0, 2), Rng(1)); }),
            "augmentation: expected images (2, C, H, W), got (2, 784)");
}

}  // namespace
}  // namespace dlfs
