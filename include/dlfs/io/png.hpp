#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <limits>
#include <new>
#include <utility>

#include <png.h>

#include "dlfs/core/tensor.hpp"
#include "dlfs/io/file.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The types of pixels that read_png gives.
template <class T>
concept PngValue = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t>;

namespace detail {

/// libpng's simplified interface, for writing. It catches its own long jumps, and reports an error
/// by returning 0 and a message.
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

/// Decodes an image in memory by libpng's row functions, which return values as they are stored.
/// The functions of its simplified interface depend on gAMA, iCCP and sRGB.
///
/// libpng reports an error by a long jump out of its functions. Code between setjmp and the jump
/// must not own objects with destructors, so each group of calls is a function of its own.
class PngReader {
 public:
  PngReader(ByteReader file, bool has_16_bits)
      : file_(std::move(file)),
        has_16_bits_(has_16_bits),
        png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, [](auto*, auto*) {})) {
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png_, this, read_bytes);
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  /// Reads the header. Returns the shape (H, W, C) of the pixels.
  Shape read_head() {
    if (!try_head()) file_.fail(message_);
    return {png_get_image_height(png_, info_), png_get_image_width(png_, info_),
            png_get_channels(png_, info_)};
  }

  void read_pixels(std::uint8_t* pixels) {
    if (!try_pixels(pixels)) file_.fail(message_);
  }

 private:
  static void on_error(png_structp png, const char* message) {
    auto& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(reader.message_, sizeof reader.message_, "%s", message);
    png_longjmp(png, 1);
  }

  static void read_bytes(png_structp png, std::uint8_t* out, std::size_t size) {
    auto& file = static_cast<PngReader*>(png_get_io_ptr(png))->file_;
    if (size > file.left().size()) png_error(png, "truncated");
    const ByteSpan bytes = file.take(size);
    std::copy(bytes.begin(), bytes.end(), out);
  }

  bool try_head() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_info(png_, info_);
    png_set_expand(png_);  // palettes, less than 8 bits, and transparent colours
    if (has_16_bits_) {
      png_set_expand_16(png_);
      if (std::endian::native == std::endian::little) png_set_swap(png_);
    } else {
      png_set_scale_16(png_);  // it rounds; png_set_strip_16 truncates
    }
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool try_pixels(std::uint8_t* pixels) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    for (int pass = 0; pass < passes_; ++pass) {
      for (std::size_t y = 0; y < png_get_image_height(png_, info_); ++y) {
        png_read_row(png_, pixels + y * png_get_rowbytes(png_, info_), nullptr);
      }
    }
    return true;
  }

  ByteReader file_;
  bool has_16_bits_;
  char message_[128] = "";
  png_structp png_;
  png_infop info_ = nullptr;
  int passes_ = 1;
};

}  // namespace detail

/// Reads a PNG image of any kind as (H, W, C): C is 1 for grey, 2 for grey and alpha, 3 for RGB, 4
/// for RGBA. The values are the stored ones, independent of the file's gamma or colour profiles.
/// Values of 1, 2 and 4 bits are scaled to 0 to 255; values of 16 bits are divided by 257 and
/// rounded. `read_png<std::uint16_t>` keeps all 16 bits, and multiplies the others by 257. Palettes
/// are looked up. Alpha is the last channel, also if it comes from a transparent colour; the other
/// channels are not multiplied by it.
/// @throws FormatError for another format, a damaged file, or more than 2^30 values; IoError if the
///   file cannot be read.
template <PngValue T = std::uint8_t>
Tensor<T> read_png(const std::filesystem::path& path) {
  const auto bytes = detail::read_file(path);
  const detail::ByteReader file(bytes, str_cat("read_png: ", path.string()));
  detail::PngReader reader(file, sizeof(T) == 2);
  const Shape shape = reader.read_head();
  // No code of deflate gives more than 258 bytes for 2 bits, and 8 pixels may share a byte.
  constexpr Index largest_ratio = 1032 * 8;
  if (shape[0] * shape[1] / largest_ratio > std::ssize(bytes)) {
    file.fail("truncated: ", bytes.size(), " bytes cannot hold the promised ", shape[0], " x ",
              shape[1], " pixels");
  }
  constexpr Index most_values = Index{1} << 30;
  if (shape.size() > most_values) file.fail("more than ", most_values, " values: ", shape);
  auto pixels = Tensor<T>::uninitialized(shape);
  reader.read_pixels(reinterpret_cast<std::uint8_t*>(pixels.data()));
  return pixels;
}

/// Writes a grey image (H, W), or an image (H, W, C) with the channels of read_png, as PNG.
/// @throws ShapeError for another shape or one that is too large, IoError if the file cannot be
///   written.
inline void write_png(const std::filesystem::path& path, TensorArg<std::uint8_t> pixels) {
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
