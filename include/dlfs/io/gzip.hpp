#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <zlib.h>

#include "dlfs/core/error.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Reads a file from its start: decompressed if it starts with gzip's magic 1f 8b, else unchanged.
class GzipFile {
 public:
  /// @throws IoError, with the system's reason, if the path cannot be opened or is a folder.
  explicit GzipFile(const std::filesystem::path& path) : path_(path.string()) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
      error = std::make_error_code(std::errc::is_a_directory);
    } else {
      errno = 0;
      file_.reset(gzopen(path_.c_str(), "rb"));
      error.assign(errno, std::generic_category());
    }
    if (file_ == nullptr) throw IoError("cannot open ", path_, ": ", error.message());
    gzbuffer(file_.get(), 128 * 1024);
  }

  /// Where the file is.
  const std::string& path() const& { return path_; }
  const std::string& path() const&& = delete;

  /// The number of bytes that the file can hold, from its start, at most; 0 if it is unknown, as
  /// that of a pipe.
  std::uint64_t most_bytes() const {
    // No code of deflate gives more than 258 bytes for 2 bits.
    constexpr std::uint64_t largest_ratio = 1032;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path_, error)) return 0;
    const std::uint64_t size = std::filesystem::file_size(path_, error);
    if (error) return 0;
    return gzdirect(file_.get()) != 0 ? size : size * largest_ratio;
  }

  /// The next `limit` bytes, or the rest. Allocates memory as the bytes arrive, so a limit from a
  /// file's header costs nothing if the file is shorter. The read that reaches the end of a gzip
  /// stream verifies its checksum.
  /// @throws FormatError for a truncated or corrupt gzip stream, IoError if reading fails.
  std::vector<std::uint8_t> read(std::size_t limit) {
    constexpr std::size_t smallest_piece = 64 * 1024;
    std::vector<std::uint8_t> bytes;
    while (bytes.size() < limit) {
      const std::size_t filled = bytes.size();
      const std::size_t piece = std::min(limit - filled, std::max(filled, smallest_piece));
      bytes.resize(filled + piece);
      const std::size_t count = read(std::span(bytes).subspan(filled));
      if (count == piece) continue;
      bytes.resize(filled + count);
      break;
    }
    return bytes;
  }

  /// Writes the next bytes into `out`, as many as there is room or the rest. Returns their number.
  /// @throws FormatError, IoError like the other.
  std::size_t read(std::span<std::uint8_t> out) {
    constexpr std::size_t largest_piece = 1 << 30;  // gzread counts in an int
    std::size_t filled = 0;
    while (filled < out.size()) {
      const std::size_t piece = std::min(out.size() - filled, largest_piece);
      const int count = gzread(file_.get(), out.data() + filled, static_cast<unsigned int>(piece));
      if (count > 0) filled += static_cast<std::size_t>(count);
      if (count == static_cast<int>(piece)) continue;
      check_end();
      break;
    }
    return filled;
  }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };

  /// Checks whether a short read means the end of the file or an error.
  void check_end() const {
    int status = Z_OK;
    const std::string reason = gzerror(file_.get(), &status);  // it begins with the path
    if (status == Z_ERRNO) throw IoError("cannot read ", reason);
    if (status != Z_OK) throw FormatError("gzip: ", reason);
  }

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
