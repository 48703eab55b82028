#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>

#include <png.h>

#include "dlfs/core/tensor.hpp"
#include "dlfs/io/file.hpp"
#include "dlfs/math/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// libpng's simplified interface. It catches its own long jumps, and reports an error by returning
/// 0 and a message.
struct PngImage : png_image {
  PngImage() : png_image{} { version = PNG_IMAGE_VERSION; }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
  ~PngImage() { png_image_free(this); }
};

/// The format of `channels` (1 to 4) of 8 bits: grey, grey and alpha, RGB, RGBA.
constexpr png_uint_32 png_format(Index channels) {
  constexpr png_uint_32 formats[] = {PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                     PNG_FORMAT_RGBA};
  return formats[channels - 1];
}

}  // namespace detail

/// Reads a PNG image of any kind as (H, W, C): C is 1 for grey, 2 for grey and alpha, 3 for RGB, 4
/// for RGBA. Palettes and less than 8 bits are expanded, 16 bits reduced to 8.
/// @throws FormatError for another format or a damaged file, IoError if the file cannot be read.
inline Tensor<std::uint8_t> read_png(const std::filesystem::path& path) {
  const auto bytes = detail::read_file(path);
  const detail::ByteReader file(bytes, concat("read_png: ", path.string()));
  detail::PngImage image;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) {
    file.fail(image.message);
  }
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // values are as bright as those of 8 bits
  image.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA;
  const Shape shape{image.height, image.width, PNG_IMAGE_PIXEL_CHANNELS(image.format)};

  // No code of deflate stands for more than 258 bytes in 2 bits; 8 pixels may share a byte.
  constexpr std::size_t largest_ratio = 1032 * 8;
  if (std::uint64_t{image.height} * image.width / largest_ratio > bytes.size()) {
    file.fail("truncated: ", bytes.size(), " bytes cannot hold the promised ", image.height, " x ",
              image.width, " pixels");
  }
  auto pixels = Tensor<std::uint8_t>::uninitialized(shape);
  if (png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) == 0) {
    file.fail(image.message);
  }
  return pixels;
}

/// Writes an image (H, W), in grey, or (H, W, C), with the channels of read_png, as PNG.
/// @throws ShapeError for another shape or one that is too large, IoError if the file cannot be
///   written.
inline void write_png(const std::filesystem::path& path, TensorView<const std::uint8_t> pixels) {
  const Index channels = pixels.rank() == 3 ? pixels.extent(2) : 1;
  constexpr Index largest = std::numeric_limits<std::int32_t>::max();
  if ((pixels.rank() != 2 && pixels.rank() != 3) || channels < 1 || channels > 4 ||
      pixels.empty() || pixels.extent(0) > largest || pixels.extent(1) > largest) {
    throw ShapeError("write_png: expected pixels (H, W) or (H, W, C), of 1 to 4 channels, got ",
                     pixels.shape());
  }
  detail::PngImage image;
  image.height = static_cast<png_uint_32>(pixels.extent(0));
  image.width = static_cast<png_uint_32>(pixels.extent(1));
  image.format = detail::png_format(channels);
  const auto dense = copy(pixels);
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  detail::Bytes bytes(size);
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, dense.data(), 0, nullptr) == 0) {
    throw ShapeError("write_png: ", pixels.shape(), ": ", image.message);
  }
  detail::write_file(path, detail::ByteSpan(bytes).first(size));
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
