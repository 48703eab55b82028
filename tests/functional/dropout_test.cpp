#include "dlfs/functional/dropout.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::error_of;

TEST(DrawKept, DropsTheRatioAndIsTheSameForTheSameNumbers) {
  std::vector<std::byte> kept(100'000);
  draw_kept(0.3, Rng(1), kept.data(), std::ssize(kept));
  const auto ones = std::count(kept.begin(), kept.end(), std::byte{1});
  EXPECT_EQ(ones + std::count(kept.begin(), kept.end(), std::byte{0}), std::ssize(kept));
  EXPECT_NEAR(static_cast<double>(ones) / 1e5, 0.7, 0.01);
  std::vector<std::byte> again(kept.size());
  draw_kept(0.3, Rng(1), again.data(), std::ssize(again));
  EXPECT_EQ(again, kept);
}

TEST(DrawKept, KeepsAllOrNothingAtTheEnds) {
  std::vector<std::byte> kept(1000);
  draw_kept(0, Rng(1), kept.data(), std::ssize(kept));
  EXPECT_EQ(std::count(kept.begin(), kept.end(), std::byte{1}), 1000);
  draw_kept(1, Rng(1), kept.data(), std::ssize(kept));
  EXPECT_EQ(std::count(kept.begin(), kept.end(), std::byte{0}), 1000);
}

TEST(ScaleKept, GivesZeroForWhatIsDroppedEvenOfNan) {
  const auto x = array<float>({1, test::nan, 3, test::infinity});
  const std::vector<std::byte> kept{std::byte{1}, std::byte{0}, std::byte{1}, std::byte{0}};
  Tensor<float> y({4});
  scale_kept(x, kept.data(), 2.0f, y.view());
  EXPECT_TRUE(test::are_close(y, array<float>({2, 0, 6, 0})));
}

TEST(ScaleKept, WorksInPlaceAndRefusesOtherShapes) {
  auto x = array<double>({1, 2, 3});
  const std::vector<std::byte> kept{std::byte{0}, std::byte{1}, std::byte{1}};
  scale_kept(x, kept.data(), 0.5, x.view());
  EXPECT_TRUE(test::are_close(x, array<double>({0, 1, 1.5})));
  Tensor<double> y({2});
  EXPECT_EQ(error_of<ShapeError>([&] { scale_kept(x, kept.data(), 0.5, y.view()); }),
            "scale_kept: expected y of shape (3,), got (2,)");
}

}  // namespace
}  // namespace dlfs
