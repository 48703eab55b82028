#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "ch06/batch_norm_comparison.hpp"
#include "ch06/optimizer_path.hpp"
#include "optim/book_paths.hpp"

namespace dlfs {
namespace {

TEST(Chapter6, PathsAreTheBooks) {
  const auto path = ch06::path_of(common::Adam(0.3));
  ASSERT_EQ(path.x.size(), 30u);
  EXPECT_EQ(path.x[0], -7);
  EXPECT_EQ(path.y[0], 2);
  for (std::size_t i : {0u, 1u, 2u}) {  // the last of the four is not drawn
    const auto step = static_cast<std::size_t>(test::book::recorded_steps[i]);
    EXPECT_NEAR(path.x[step] / test::book::adam[i][0], 1, 1e-10) << step;
    EXPECT_NEAR(path.y[step] / test::book::adam[i][1], 1, 1e-10) << step;
  }
}

TEST(Chapter6, ContoursLieWhereTheFunctionHasTheirHeight) {
  const auto contour = ch06::contour(3);
  for (std::size_t i = 0; i < contour.x.size(); ++i) {
    EXPECT_NEAR(contour.x[i] * contour.x[i] / 20 + contour.y[i] * contour.y[i], 3, 1e-12);
  }
}

// From there it takes the book's small epsilon, and running statistics that begin at zero.
TEST(Chapter6, BatchNormLearnsFromTheSmallestWeights) {
  const auto digits = generated_digits<float>(1000, Rng(0));
  const auto accuracies = ch06::compare_batch_norm(digits, ch06::weight_scale(15),
                                                   {.epochs = 5,
                                                    .batch_size = 100,
                                                    .learning_rate = 0.01,
                                                    .seed = 1,
                                                    .whole = {{"--hidden-size", 100}}});
  EXPECT_GT(accuracies.normalized.back(), accuracies.plain.back() + 0.1);
}

TEST(Chapter6, WeightScalesAreTheBooks) {
  EXPECT_EQ(ch06::weight_scale(0), 1);
  EXPECT_NEAR(ch06::weight_scale(4), 0.0857695899, 1e-10);
  EXPECT_NEAR(ch06::weight_scale(15), 1e-4, 1e-18);
}

}  // namespace
}  // namespace dlfs
