#include "dlfs/conv/window_placements.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace dlfs {
namespace {

TEST(WindowPlacements, VisitEveryPositionOfEveryImageInOrder) {
  const Window2d window{.kernel = 2, .stride = {2, 1}};
  const detail::WindowPlacements placements({4, 3}, window.output_size({4, 3}, "test"), window);
  std::vector<Index> corners;
  placements.for_each(2, [&](const detail::PlacedWindow& placed) {
    corners.push_back(placed.corner);
    EXPECT_EQ(placed.at(1, 1), placed.corner + 4);
  });
  EXPECT_EQ(corners, (std::vector<Index>{0, 1, 6, 7, 12, 13, 18, 19}));
}

TEST(WindowPlacements, NameTheTapsInsideTheImage) {
  const Size2d image{3, 5};
  const Window2d window{.kernel = {3, 2}, .stride = {1, 2}, .padding = {2, 1}, .dilation = {2, 3}};
  const Size2d out = window.output_size(image, "test");
  Index position = 0;
  detail::WindowPlacements(image, out, window).for_each(1, [&](const auto& placed) {
    const Index top = position / out.width - 2;
    const Index left = position % out.width * 2 - 1;
    ++position;
    for (Index kh = 0; kh < 3; ++kh) {
      const Index row = top + 2 * kh;
      EXPECT_EQ(placed.rows.contains(kh), row >= 0 && row < image.height);
    }
    for (Index kw = 0; kw < 2; ++kw) {
      const Index column = left + 3 * kw;
      EXPECT_EQ(placed.columns.contains(kw), column >= 0 && column < image.width);
    }
    EXPECT_EQ(placed.at(1, 1), (top + 2) * image.width + left + 3);
  });
  EXPECT_EQ(position, out.height * out.width);
}

}  // namespace
}  // namespace dlfs
