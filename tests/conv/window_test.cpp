#include "dlfs/conv/window.hpp"

#include <gtest/gtest.h>

#include "support/tensors.hpp"

namespace dlfs {
namespace {

using test::error_of;

TEST(Window, OutputSizeFollowsTheFormulaOfTheBook) {
  // Section 7.2.4: a 4x4 image, a 3x3 filter, padding 1, stride 1; a 7x7 image, stride 2; and
  // 28x31 with a 5x5 filter, padding 2, stride 3.
  EXPECT_EQ(Window2d({.kernel = 3, .padding = 1}).output_size({4, 4}, "test"), Size2d(4, 4));
  EXPECT_EQ(Window2d({.kernel = 3, .stride = 2}).output_size({7, 7}, "test"), Size2d(3, 3));
  EXPECT_EQ(Window2d({.kernel = 5, .stride = 3, .padding = 2}).output_size({28, 31}, "test"),
            Size2d(10, 11));
}

TEST(Window, OutputSizeIsThatOfEachAxis) {
  const Window2d window{.kernel = {3, 2}, .stride = {1, 2}, .padding = {0, 1}, .dilation = {2, 3}};
  EXPECT_EQ(window.output_size({9, 10}, "test"), Size2d(5, 5));
}

TEST(Window, TooSmallAnImageIsRefused) {
  EXPECT_EQ(error_of<ShapeError>([] {
              Window2d({.kernel = {1, 3}, .dilation = 2}).output_size({4, 4}, "test");
            }),
            "test: a window of width 5 does not fit into an image of width 4 with padding 0");
}

TEST(Window, ValuesOutOfRangeAreRefused) {
  const auto error = [](const Window2d& window) {
    return error_of<ValueError>([&] { window.output_size({4, 4}, "test"); });
  };
  EXPECT_EQ(error({.kernel = {0, 1}}),
            "test: expected kernel, stride and dilation of at least 1 and padding of at least 0 "
            "along the height, got 0, 1, 1 and 0");
  EXPECT_NE(error({.stride = {1, 0}}).find("along the width, got 1, 0, 1 and 0"),
            std::string::npos);
  EXPECT_NE(error({.dilation = 0}).find("got 1, 1, 0 and 0"), std::string::npos);
  EXPECT_NE(error({.padding = -1}).find("got 1, 1, 1 and -1"), std::string::npos);
  const Index huge = Index{1} << 62;
  EXPECT_EQ(error({.kernel = 3, .dilation = huge}),
            "test: expected kernel, stride, dilation and padding of at most 1073741824 along the "
            "height, got 3, 1, 4611686018427387904 and 0");
  EXPECT_NE(error({.kernel = {1, huge}}).find("along the width, got 4611"), std::string::npos);
  EXPECT_NE(error({.stride = huge}).find("got 1, 4611"), std::string::npos);
  EXPECT_NE(error({.padding = huge}).find("got 1, 1, 1 and 4611"), std::string::npos);
}

}  // namespace
}  // namespace dlfs
