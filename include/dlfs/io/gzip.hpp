#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
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

  /// The next `limit` bytes, or the rest. Allocates memory as the bytes arrive, so a limit from a
  /// file's header costs nothing if the file is shorter. The read that reaches the end of a gzip
  /// stream verifies its checksum.
  /// @throws FormatError for a truncated or corrupt gzip stream, IoError if reading fails.
  std::vector<std::uint8_t> read(std::size_t limit) {
    constexpr std::size_t smallest_piece = 64 * 1024;
    constexpr std::size_t largest_piece = 1 << 30;  // gzread counts in an int
    std::vector<std::uint8_t> bytes;
    while (bytes.size() < limit) {
      const std::size_t filled = bytes.size();
      const std::size_t piece =
          std::min({limit - filled, std::max(filled, smallest_piece), largest_piece});
      bytes.resize(filled + piece);
      const int count =
          gzread(file_.get(), bytes.data() + filled, static_cast<unsigned int>(piece));
      if (count == static_cast<int>(piece)) continue;
      check_end();
      bytes.resize(filled + static_cast<std::size_t>(count));
      break;
    }
    return bytes;
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
