#pragma once

#include <cstdint>
#include <filesystem>

#include "dlfs/core/tensor.hpp"
#include "dlfs/io/file.hpp"

#if defined(DLFS_HAS_JPEG)
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <new>
#include <utility>

#include <jerror.h>
#include <jpeglib.h>
#endif

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

#if defined(DLFS_HAS_JPEG)

inline constexpr bool has_jpeg = true;

/// Decodes an image in memory.
///
/// libjpeg reports an error by a call that must not return, so it jumps out. Code between setjmp
/// and the jump must not own objects with destructors, so each group of calls is a function of its
/// own.
class JpegReader {
 public:
  explicit JpegReader(ByteReader file) : file_(std::move(file)) {
    decoder_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = on_error;
    errors_.manager.emit_message = on_message;
    source_.init_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = [](j_decompress_ptr decoder) -> boolean {
      ERREXIT(decoder, JERR_INPUT_EOF);
      return FALSE;
    };
    source_.skip_input_data = skip;
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = [](j_decompress_ptr) {};
    source_.next_input_byte = file_.left().data();
    source_.bytes_in_buffer = file_.left().size();
    progress_.progress_monitor = on_progress;
    if (!try_create()) throw std::bad_alloc();
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&decoder_); }

  /// Reads the header. Returns the shape (H, W, C) of the pixels.
  Shape read_head() {
    if (!try_head()) file_.fail(errors_.text);
    if (decoder_.out_color_space != JCS_GRAYSCALE && decoder_.out_color_space != JCS_RGB) {
      file_.fail("expected a grey image or one of red, green and blue, found ",
                 decoder_.num_components, " components");
    }
    return {Index{decoder_.image_height}, Index{decoder_.image_width},
            decoder_.out_color_space == JCS_RGB ? 3 : 1};
  }

  void read_pixels(const Shape& shape, std::uint8_t* pixels) {
    // A progressive image is kept in memory as coefficients of two bytes.
    decoder_.mem->max_memory_to_use = static_cast<long>((Index{1} << 26) + 8 * shape.size());
    if (!try_pixels(pixels, static_cast<std::size_t>(shape[1] * shape[2]))) {
      file_.fail(errors_.text);
    }
  }

 private:
  struct Errors {
    jpeg_error_mgr manager{};  // first: libjpeg knows this address
    std::jmp_buf jump{};
    char text[JMSG_LENGTH_MAX] = "";
  };

  static void on_error(j_common_ptr decoder) {
    auto& errors = *reinterpret_cast<Errors*>(decoder->err);
    errors.manager.format_message(decoder, errors.text);
    std::longjmp(errors.jump, 1);
  }

  /// Damage is only a warning of libjpeg, which goes on with grey pixels.
  static void on_message(j_common_ptr decoder, int level) {
    if (level >= 0) return;
    switch (decoder->err->msg_code) {
      case JWRN_EXTRANEOUS_DATA:  // between the markers, as some cameras write
      case JWRN_ADOBE_XFORM:
      case JWRN_JFIF_MAJOR:
        return;
      default:
        on_error(decoder);
    }
  }

  static void skip(j_decompress_ptr decoder, long count) {
    if (count <= 0) return;
    jpeg_source_mgr& source = *decoder->src;
    if (static_cast<std::size_t>(count) > source.bytes_in_buffer) ERREXIT(decoder, JERR_INPUT_EOF);
    source.next_input_byte += count;
    source.bytes_in_buffer -= static_cast<std::size_t>(count);
  }

  /// A small file can have many scans, each of which costs as much as the whole image.
  static void on_progress(j_common_ptr decoder) {
    constexpr int most_scans = 500;
    if (reinterpret_cast<j_decompress_ptr>(decoder)->input_scan_number > most_scans) {
      ERREXITS(decoder, JERR_BAD_PROGRESSION, "too many scans");
    }
  }

  bool try_create() {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&decoder_);
    decoder_.src = &source_;
    decoder_.progress = &progress_;
    return true;
  }

  bool try_head() {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_read_header(&decoder_, TRUE);
    return true;
  }

  bool try_pixels(std::uint8_t* pixels, std::size_t row_size) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_start_decompress(&decoder_);
    while (decoder_.output_scanline < decoder_.output_height) {
      JSAMPROW row = pixels + decoder_.output_scanline * row_size;
      jpeg_read_scanlines(&decoder_, &row, 1);
    }
    jpeg_finish_decompress(&decoder_);
    return true;
  }

  ByteReader file_;
  Errors errors_;
  jpeg_source_mgr source_{};
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct decoder_{};
};

#else
inline constexpr bool has_jpeg = false;
#endif

/// @throws IoError that names the library that is missing.
[[noreturn]] inline void throw_no_jpeg(const std::filesystem::path& path) {
  throw IoError("cannot read ", path.string(),
                ": dlfs::io was configured without libjpeg. Install it (on Debian libjpeg-dev) and "
                "configure with -D DLFS_JPEG=ON");
}

}  // namespace detail

/// Reads a JPEG image, baseline or progressive, as (H, W, C): C is 1 for grey, 3 for red, green and
/// blue. The pixels are as they are stored: an orientation or a colour profile in the file changes
/// nothing. It needs libjpeg-turbo, or another library of its interface: CMake finds it, and
/// dlfs::io then defines DLFS_HAS_JPEG.
/// @throws FormatError for another format, a damaged file, four components (CMYK), or more than
///   2^30 values; IoError if the file cannot be read, and for any file where the library is
///   missing.
inline Tensor<std::uint8_t> read_jpeg(const std::filesystem::path& path) {
#if defined(DLFS_HAS_JPEG)
  const auto bytes = detail::read_file(path);
  const detail::ByteReader file(bytes, str_cat("read_jpeg: ", path.string()));
  detail::JpegReader reader(file);
  const Shape shape = reader.read_head();
  // A block of 64 pixels takes at least a bit, and a scan may leave out three of four rows and
  // columns.
  constexpr Index largest_ratio = 64 * 8 * 16;
  if (shape[0] * shape[1] / largest_ratio > std::ssize(bytes)) {
    file.fail("truncated: ", bytes.size(), " bytes cannot hold the promised ", shape[0], " x ",
              shape[1], " pixels");
  }
  constexpr Index most_values = Index{1} << 30;
  if (shape.size() > most_values) file.fail("more than ", most_values, " values: ", shape);
  auto pixels = Tensor<std::uint8_t>::uninitialized(shape);
  reader.read_pixels(shape, pixels.data());
  return pixels;
#else
  detail::throw_no_jpeg(path);
#endif
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
