#include "dlfs/conv/patches.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "support/levels.hpp"

namespace dlfs {
namespace {

using test::at_every_level;

TEST(PatchLayout, HoldsTheRowsThatABandOfPositionsSees) {
  const conv::WindowAxis y{.taps = 3, .first = -1, .dilation = 1, .stride = 2};
  const conv::WindowAxis x{.taps = 2, .first = 0, .dilation = 3, .stride = 1};
  const conv::PatchLayout layout(4, y, x, 5, 6);
  EXPECT_EQ(layout.height, 4 * 2 + 3);
  EXPECT_EQ(layout.row, (5 * 1 + 4) * 4);
  EXPECT_EQ(layout.size(), layout.height * layout.row);
}

/// Expects the padded pixels, channels innermost, of every image and band of `positions` rows.
void expect_channels_last(Index channels, Index padding, Index stride) {
  constexpr Index height = 6;
  constexpr Index width = 7;
  constexpr Index count = 2;
  constexpr Index positions = 2;
  const Index image_stride = channels * height * width + 5;
  std::vector<float> pixels(static_cast<std::size_t>(count * image_stride));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i + 1);
  const conv::Images<const float> images{pixels.data(), image_stride, channels, height, width};
  const conv::WindowAxis axis{.taps = 3, .first = -padding, .dilation = 1, .stride = stride};
  const Index columns = (width + 2 * padding - 3) / stride + 1;
  const conv::PatchLayout layout(channels, axis, axis, positions, columns);
  const auto& kernels = simd::kernels<float>();
  std::vector<float> copy(static_cast<std::size_t>(layout.size() + kernels.lanes));
  for (Index image = 0; image < count; ++image) {
    for (Index top = 0; top < 2; ++top) {
      conv::copy_channels_last(kernels, layout, images, image, top, copy.data());
      for (Index i = 0; i < layout.size(); ++i) {
        const Index row = top * stride - padding + i / layout.row;
        const Index column = i % layout.row / channels - padding;
        const Index channel = i % channels;
        const bool is_inside = row >= 0 && row < height && column >= 0 && column < width;
        const float expected =
            is_inside ? images.channel(image, channel)[row * width + column] : 0.0f;
        ASSERT_EQ(copy[static_cast<std::size_t>(i)], expected)
            << channels << ", " << padding << ", " << stride << ": " << i;
      }
    }
  }
}

TEST(CopyChannelsLast, PadsWithZeros) {
  at_every_level([] {
    for (const Index channels : {1, 3, 8, 17}) {
      for (const Index padding : {0, 1, 2}) {
        for (const Index stride : {1, 2}) expect_channels_last(channels, padding, stride);
      }
    }
  });
}

}  // namespace
}  // namespace dlfs
