#include "dlfs/conv/im2col.hpp"

#include <limits>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "dlfs/conv/reference/pixel.hpp"
#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::are_close;
using test::error_of;
using test::random_tensor;

template <class T>
Tensor<T> columns_of(const Tensor<T>& image, const Window2d& window) {
  auto columns =
      full<T>(columns_shape(image.shape(), window, "test"), std::numeric_limits<T>::quiet_NaN());
  im2col(image, window, columns);
  return columns;
}

TEST(Im2col, ColumnsAreThePatchesUnderTheWindow) {
  const auto image = array<float>({{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}});
  EXPECT_TRUE(are_close(columns_of(image, {.kernel = 2}),
                        array<float>({{1, 2, 4, 5}, {2, 3, 5, 6}, {4, 5, 7, 8}, {5, 6, 8, 9}})));
}

TEST(Im2col, PaddingReadsAsZero) {
  const auto image = array<float>({{{1, 2}, {3, 4}}});
  const Window2d window{.kernel = {1, 2}, .stride = {2, 1}, .padding = {1, 1}};
  EXPECT_TRUE(
      are_close(columns_of(image, window), array<float>({{0, 0, 0, 0, 3, 4}, {0, 0, 0, 3, 4, 0}})));
}

TEST(Im2col, ShapesOfTheBatchFormAreThoseOfTheBook) {
  EXPECT_EQ(im2col(random_tensor<float>({1, 3, 7, 7}), {.kernel = 5}).shape(), Shape({9, 75}));
  EXPECT_EQ(im2col(random_tensor<float>({10, 3, 7, 7}), {.kernel = 5}).shape(), Shape({90, 75}));
}

TEST(Im2col, RowsOfTheBatchFormAreThePatchesOfEachSampleInTurn) {
  const auto x = random_tensor<double>({2, 3, 5, 4});
  const Window2d window{.kernel = {3, 2}, .stride = 2, .padding = {1, 0}};
  const auto patches = im2col(x, window);
  ASSERT_EQ(patches.shape(), Shape({2 * 6, 18}));
  for (Index n = 0; n < 2; ++n) {
    auto columns = Tensor<double>({18, 6});
    im2col(x[n], window, columns);
    EXPECT_TRUE(are_close(patches.rows(6 * n, 6 * n + 6), columns.transpose()));
  }
}

TEST(Col2im, EntriesOfOnePixelAddUp) {
  const auto ones_everywhere = ones<float>({4, 4});
  Tensor<float> image({1, 3, 3});
  col2im(ones_everywhere, {.kernel = 2}, image);
  EXPECT_TRUE(are_close(image, array<float>({{{1, 2, 1}, {2, 4, 2}, {1, 2, 1}}})));
}

TEST(Col2im, StoreChoosesToOverwriteOrToAdd) {
  const auto columns = ones<float>({4, 4});
  auto image = full<float>({1, 3, 3}, 10);
  col2im(columns, {.kernel = 2}, image, Store::add);
  EXPECT_TRUE(are_close(image, array<float>({{{11, 12, 11}, {12, 14, 12}, {11, 12, 11}}})));
  col2im(columns, {.kernel = 2}, image, Store::overwrite);
  EXPECT_EQ(image(0, 1, 1), 4);
}

using Sizes = std::tuple<Size2d, Size2d, Size2d, Size2d>;  // kernel, stride, padding, dilation

class Im2colWindows : public testing::TestWithParam<Sizes> {
 protected:
  static Window2d window() {
    const auto [kernel, stride, padding, dilation] = GetParam();
    return {kernel, stride, padding, dilation};
  }
};

TEST_P(Im2colWindows, EveryEntryIsThePixelUnderItsTap) {
  const auto image = random_tensor<float>({2, 8, 9});
  const Size2d out = window().output_size({8, 9}, "test");
  const Tensor<float> columns = columns_of(image, window());
  Index row = 0;
  for (Index c = 0; c < 2; ++c) {
    for (Index k = 0; k < window().kernel.height; ++k) {
      for (Index l = 0; l < window().kernel.width; ++l, ++row) {
        for (Index i = 0; i < out.height; ++i) {
          for (Index j = 0; j < out.width; ++j) {
            const auto pixel = reference::pixel_under_tap(window(), i, j, k, l);
            const float expected = pixel.is_inside({8, 9}) ? image(c, pixel.row, pixel.column) : 0;
            ASSERT_EQ(columns(row, i * out.width + j), expected) << row << ", " << i << ", " << j;
          }
        }
      }
    }
  }
  EXPECT_EQ(row, columns.extent(0));
}

TEST_P(Im2colWindows, Col2imIsTheAdjoint) {
  const auto image = random_tensor<double>({2, 8, 9}, 1);
  const auto columns = columns_of(image, window());
  const auto other = random_tensor<double>(columns.shape(), 2);
  auto summed = full<double>(image.shape(), std::nan(""));
  col2im(other, window(), summed);
  EXPECT_NEAR((as_array(columns) * as_array(other)).sum(),
              (as_array(image) * as_array(summed)).sum(), 1e-11);
}

INSTANTIATE_TEST_SUITE_P(Windows, Im2colWindows,
                         testing::Combine(testing::Values(Size2d(1), Size2d(3, 2)),
                                          testing::Values(Size2d(1), Size2d(1, 3), Size2d(2, 1)),
                                          testing::Values(Size2d(0), Size2d(1, 2), Size2d(9, 12)),
                                          testing::Values(Size2d(1), Size2d(2, 3))));

TEST(Im2col, WrongShapesAreRefused) {
  const auto image = random_tensor<float>({2, 4, 4});
  Tensor<float> columns({8, 9});
  const auto error = [](auto&& act) { return error_of<ShapeError>(act); };
  EXPECT_EQ(error([&] { im2col(image[0], {.kernel = 2}, columns); }),
            "im2col: expected an image (C, H, W), got shape (4, 4)");
  EXPECT_EQ(error([&] {
              columns_shape({1, 2, 4, 4}, {.kernel = 2}, "im2col");
            }),
            "im2col: expected an image (C, H, W), got shape (1, 2, 4, 4)");
  EXPECT_EQ(error([&] { im2col(image, {.kernel = 3}, columns); }),
            "im2col: expected the columns of shape (18, 4), got (8, 9)");
  EXPECT_EQ(error([&] { im2col(image, {.kernel = 5}, columns); }),
            "im2col: a window of height 5 does not fit into an image of height 4 with padding 0");
  EXPECT_EQ(error([&] {
              im2col(image.transpose({0, 2, 1}), {.kernel = 2}, columns);
            }),
            "im2col: expected the image to be contiguous, got a view of shape (2, 4, 4) with gaps "
            "or reordered axes");
  EXPECT_EQ(error([&] { im2col(image, {.kernel = 2}); }),
            "im2col: expected a batch (N, C, H, W), got shape (2, 4, 4)");
  EXPECT_NE(error([&] {
              im2col(image, {.kernel = 1, .padding = Index{1} << 30}, columns);
            }).find("has more elements than can be counted"),
            std::string::npos);
}

TEST(Col2im, WrongShapesAreRefused) {
  Tensor<float> image({2, 4, 4});
  const Tensor<float> columns({8, 9});
  const auto error = [](auto&& act) { return error_of<ShapeError>(act); };
  EXPECT_EQ(error([&] { col2im(columns, {.kernel = 2}, image[0]); }),
            "col2im: expected an image (C, H, W), got shape (4, 4)");
  EXPECT_EQ(error([&] { col2im(columns, {.kernel = 3}, image); }),
            "col2im: expected the columns of shape (18, 4), got (8, 9)");
  EXPECT_EQ(error([&] {
              col2im(columns, {.kernel = 2}, image.transpose({0, 2, 1}));
            }),
            "col2im: expected the image to be contiguous, got a view of shape (2, 4, 4) with gaps "
            "or reordered axes");
}

}  // namespace
}  // namespace dlfs
