#include "dlfs/gemm/pack.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "support/levels.hpp"

namespace dlfs {
namespace {

using gemm::Strided;
using test::at_every_level;

std::vector<float> counting(Index count) {
  std::vector<float> numbers;
  for (Index i = 0; i < count; ++i) numbers.push_back(static_cast<float>(i + 1));
  return numbers;
}

TEST(Strided, MovesAndTransposesWithoutACopy) {
  const auto numbers = counting(12);
  const Strided<const float> a{numbers.data(), 4, 1};
  EXPECT_EQ(*a.at(2, 1), 10);
  EXPECT_EQ(*a.transposed().at(1, 2), 10);
  EXPECT_EQ(*a.from(1, 1).at(1, 0), 10);
}

/// Expects panels of `width` columns of a matrix (rows, columns) whose element (i, j) lies at
/// i * row + j * column.
void expect_panels(Index rows, Index columns, Index row, Index column, Index width, bool overlaps) {
  const auto& kernels = simd::kernels<float>();
  const auto numbers = counting((rows - 1) * row + (columns - 1) * column + 1);
  const Strided<const float> a{numbers.data(), row, column};
  const Index panels = (columns + width - 1) / width;
  std::vector<float> packed(static_cast<std::size_t>(panels * width * rows + kernels.lanes), -1);
  gemm::pack_panels(kernels, a, rows, columns, width, overlaps, packed.data());
  for (Index panel = 0; panel < panels; ++panel) {
    const Index left = overlaps ? std::min(panel * width, columns - width) : panel * width;
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < width; ++j) {
        const float expected = left + j < columns ? *a.at(i, left + j) : 0;
        const auto at = static_cast<std::size_t>((panel * rows + i) * width + j);
        ASSERT_EQ(packed[at], expected) << rows << ", " << columns << ", " << row << ", " << column
                                        << ", " << width << ": " << panel << ", " << i << ", " << j;
      }
    }
  }
}

TEST(PackPanels, CopiesDenseRowsColumnsAndAnyStrides) {
  at_every_level([] {
    const Index lanes = simd::kernels<float>().lanes;
    for (const Index rows : {1, 7, 50}) {
      for (const Index columns : {lanes, lanes + 1, 3 * lanes - 1}) {
        for (const bool overlaps : {false, true}) {
          expect_panels(rows, columns, columns, 1, lanes, overlaps);
          expect_panels(rows, columns, columns + 3, 1, lanes, overlaps);
          expect_panels(rows, columns, 1, rows, lanes, overlaps);
          expect_panels(rows, columns, 2 * columns, 2, lanes, overlaps);
        }
      }
    }
  });
}

TEST(PackPanels, FillsPanelsThatAreNarrowerThanAVector) {
  at_every_level([] {
    for (const Index width : {1, 2, 3}) {
      expect_panels(60, 5, 5, 1, width, false);
      expect_panels(60, 5, 1, 60, width, false);
    }
  });
}

}  // namespace
}  // namespace dlfs
