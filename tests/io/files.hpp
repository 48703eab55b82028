#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

namespace dlfs::test {

using Bytes = std::vector<std::uint8_t>;

/// A new folder that is removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> count{0};
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    path_ = std::filesystem::temp_directory_path() /
            ("dlfs-test-" + std::to_string(now) + "-" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  /// Writes a file into the folder and returns its path.
  std::string write(const std::string& name, const Bytes& bytes) const {
    const auto path = (path_ / name).string();
    std::filesystem::remove(path);  // ext4 waits for the disk where a file is overwritten
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return path;
  }

 private:
  std::filesystem::path path_;
};

/// A file of tests/io/fixtures, as make.py there has made it.
inline std::string fixture(const std::string& name) {
  return (std::filesystem::path(DLFS_FIXTURES) / name).string();
}

inline Bytes read_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(stream), {});
}

/// The bytes of a text, which may hold zeros: bytes("PK\0"sv).
inline Bytes bytes(std::string_view text) { return Bytes(text.begin(), text.end()); }

/// The bytes of several parts, one after the other.
inline Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// The bytes as a gzip stream.
inline Bytes gzip(const Bytes& bytes) {
  const TemporaryFolder folder;
  const auto path = (folder.path() / "stream.gz").string();
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return read_bytes(path);
}

/// An IDX file of bytes: magic, big-endian extents, elements.
inline Bytes idx(const std::vector<std::uint32_t>& extents, const Bytes& elements) {
  Bytes bytes{0, 0, 8, static_cast<std::uint8_t>(extents.size())};
  for (std::uint32_t extent : extents) {
    for (int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(extent >> shift));
  }
  bytes.insert(bytes.end(), elements.begin(), elements.end());
  return bytes;
}

}  // namespace dlfs::test
