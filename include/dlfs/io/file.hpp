#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "dlfs/io/bytes.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

[[noreturn]] inline void throw_io_error(std::string_view what, const std::string& path) {
  const auto reason = std::make_error_code(static_cast<std::errc>(errno)).message();
  throw IoError(what, ' ', path, ": ", reason);
}

/// All of a file. @throws IoError with the system's reason.
inline Bytes read_file(const std::filesystem::path& path) {
  const File file(std::fopen(path.string().c_str(), "rb"));
  if (file == nullptr) throw_io_error("cannot open", path.string());
  constexpr std::size_t smallest_piece = 64 * 1024;
  Bytes bytes;
  std::size_t filled = 0;
  while (filled == bytes.size()) {
    bytes.resize(filled + std::max(filled, smallest_piece));
    filled += std::fread(bytes.data() + filled, 1, bytes.size() - filled, file.get());
    if (std::ferror(file.get()) != 0) throw_io_error("cannot read", path.string());
  }
  bytes.resize(filled);
  return bytes;
}

/// A new file beside `path`, and where it is.
inline File open_beside(const std::filesystem::path& path, std::string& temporary) {
  for (int number = 0;; ++number) {
    temporary = concat(path.string(), ".part", number);
    File file(std::fopen(temporary.c_str(), "wbx"));  // x: not where somebody else writes
    if (file != nullptr) return file;
    if (errno != EEXIST) throw_io_error("cannot write", path.string());
  }
}

/// Writes a file that appears under its name once it is complete, in the place of one that may
/// have been there. @throws IoError with the system's reason; what was there is then still there.
inline void write_file(const std::filesystem::path& path, ByteSpan bytes) {
  std::string temporary;
  File file = open_beside(path, temporary);
  const auto fail = [&] {
    const int reason = errno;
    std::remove(temporary.c_str());
    errno = reason;
    throw_io_error("cannot write", path.string());
  };
  const std::size_t written =
      bytes.empty() ? 0 : std::fwrite(bytes.data(), 1, bytes.size(), file.get());
  if (written != bytes.size() || std::fflush(file.get()) != 0) fail();
  if (std::fclose(file.release()) != 0) fail();
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) {
    errno = error.value();
    fail();
  }
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
