#include "dlfs/data/generated_digits.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dlfs {
namespace {

/// FNV-1a over the grey levels.
std::uint64_t hash_of(const Dataset<float>& digits) {
  std::uint64_t hash = 14695981039346656037u;
  for (float pixel : digits.inputs) {
    hash ^= static_cast<std::uint64_t>(std::lround(pixel * 255));
    hash *= 1099511628211u;
  }
  return hash;
}

TEST(GeneratedDigits, HaveTheShapeOfMnistAndPixelsInSteps) {
  const auto digits = generated_digits<float>(30, Rng{1});
  EXPECT_EQ(digits.inputs.shape(), (Shape{30, 1, 28, 28}));
  EXPECT_EQ(digits.targets.shape(), (Shape{30}));
  for (float pixel : digits.inputs) {
    ASSERT_GE(pixel, 0);
    ASSERT_LE(pixel, 1);
    ASSERT_EQ(pixel, static_cast<float>(std::lround(pixel * 255)) / 255);
  }
}

TEST(GeneratedDigits, EachDigitComesEquallyOftenInRandomOrder) {
  const auto digits = generated_digits<float>(1003, Rng{1});
  std::array<int, 10> counts{};
  for (std::int32_t label : digits.targets) ++counts.at(static_cast<std::size_t>(label));
  for (int count : counts) EXPECT_TRUE(count == 100 || count == 101) << count;
  int ascents = 0;
  for (Index i = 1; i < 1003; ++i) {
    ascents += digits.targets(i) == (digits.targets(i - 1) + 1) % 10 ? 1 : 0;
  }
  EXPECT_LT(ascents, 150);  // of the 100 that chance gives; unshuffled labels ascend 1002 times
}

TEST(GeneratedDigits, EveryImageShowsInkOnADarkGround) {
  const auto digits = generated_digits<float>(1000, Rng{2});
  for (Index i = 0; i < digits.size(); ++i) {
    const auto image = digits.inputs[i];
    const auto inked = std::count_if(image.data(), image.data() + image.size(),
                                     [](float pixel) { return pixel > 0.5f; });
    EXPECT_GT(inked, 8) << "image " << i << ", a " << digits.targets(i);
    EXPECT_LT(inked, 350) << "image " << i << ", a " << digits.targets(i);
  }
}

TEST(GeneratedDigits, AreTheSameOnEveryCompilerAndForAnyThreadCount) {
  const int threads = thread_count();
  for (int count : {1, 2, 3}) {
    set_thread_count(count);
    EXPECT_EQ(hash_of(generated_digits<float>(500, Rng{1})), 13915845129590295220u)
        << count << " threads";
  }
  set_thread_count(threads);
}

TEST(GeneratedDigits, DifferBySeed) {
  const auto one = generated_digits<float>(50, Rng{1});
  const auto other = generated_digits<float>(50, Rng{2});
  EXPECT_NE(hash_of(one), hash_of(other));
}

TEST(GeneratedDigits, AreTheSameInDoubleAsInFloat) {
  const auto narrow = generated_digits<float>(20, Rng{1});
  const auto wide = generated_digits<double>(20, Rng{1});
  for (Index i = 0; i < narrow.inputs.size(); ++i) {
    ASSERT_EQ(narrow.inputs.data()[i], static_cast<float>(wide.inputs.data()[i]));
  }
}

TEST(GeneratedDigits, NoneAreAnEmptyDatasetAndFewerAreAnError) {
  EXPECT_EQ(generated_digits<float>(0, Rng{1}).inputs.shape(), (Shape{0, 1, 28, 28}));
  try {
    generated_digits<float>(-1, Rng{1});
    FAIL() << "no error";
  } catch (const ValueError& error) {
    EXPECT_STREQ(error.what(), "generated_digits: the count -1 is negative");
  }
}

/// The digit whose mean image of the training set is nearest: a linear classifier.
TEST(GeneratedDigits, AreTooVariedForTheNearestMeanYetFarFromChance) {
  const auto train = generated_digits<float>(4000, Rng{1});
  const auto test = generated_digits<float>(1000, Rng{2});
  constexpr std::size_t pixels = 28 * 28;
  std::vector<std::array<double, pixels>> means(10);
  for (Index i = 0; i < train.size(); ++i) {
    const float* image = train.inputs[i].data();
    auto& mean = means[static_cast<std::size_t>(train.targets(i))];
    for (std::size_t p = 0; p < pixels; ++p) mean[p] += image[p] / 400.0;
  }
  int right = 0;
  for (Index i = 0; i < test.size(); ++i) {
    const float* image = test.inputs[i].data();
    std::array<double, 10> distances{};
    for (std::size_t digit = 0; digit < 10; ++digit) {
      for (std::size_t p = 0; p < pixels; ++p) {
        distances[digit] += (image[p] - means[digit][p]) * (image[p] - means[digit][p]);
      }
    }
    const auto nearest = std::min_element(distances.begin(), distances.end());
    right += nearest - distances.begin() == test.targets(i) ? 1 : 0;
  }
  EXPECT_GT(right, 500);
  EXPECT_LT(right, 900);
}

}  // namespace
}  // namespace dlfs
