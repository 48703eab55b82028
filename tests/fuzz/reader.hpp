#pragma once

// What the fuzz targets of readers share. A target is one file, named after the public function
// that it calls; files.hpp of tests/io has nothing for it, as a fuzzer writes one file again and
// again and must be quick.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "dlfs/core/error.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace dlfs::fuzz {

using ByteSpan = std::span<const std::uint8_t>;

/// A file in memory with a path.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (descriptor_ < 0) std::abort();
    path_ = "/proc/self/fd/" + std::to_string(descriptor_);
  }

  const std::string& path() const { return path_; }

  void set(ByteSpan bytes) {
    const auto size = static_cast<off_t>(bytes.size());
    if (ftruncate(descriptor_, size) != 0 ||
        pwrite(descriptor_, bytes.data(), bytes.size(), 0) != size) {
      std::abort();
    }
  }

 private:
  int descriptor_;
  std::string path_;
};

/// A folder in memory, removed at the end.
struct Folder {
  Folder() { std::filesystem::create_directories(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }

  const std::filesystem::path path = "/dev/shm/dlfs-fuzz-" + std::to_string(getpid());
};

/// Ends the process where a promise is broken, so that the fuzzer keeps the input.
inline void expect(bool is_kept, int line = __builtin_LINE()) {
  if (is_kept) return;
  std::fprintf(stderr, "line %d: not as promised\n", line);
  std::abort();
}

/// Calls read(path) with a file of these bytes: it returns or throws a FormatError, nothing else.
/// Returns whether it returned.
template <class Read>
bool read_file_of(ByteSpan bytes, const Read& read) {
  static MemoryFile file;
  file.set(bytes);
  try {
    read(file.path());
    return true;
  } catch (const FormatError&) {
    return false;
  }
}

inline std::uint64_t number_at(const std::uint8_t* bytes, int size, bool is_big_endian) {
  std::uint64_t number = 0;
  for (int i = 0; i < size; ++i) {
    number |= std::uint64_t{bytes[i]} << 8 * (is_big_endian ? size - 1 - i : i);
  }
  return number;
}

inline void set_number(std::uint8_t* bytes, std::uint32_t number, bool is_big_endian) {
  for (int i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> 8 * (is_big_endian ? 3 - i : i));
  }
}

/// Makes the checksums of a zip archive's stored entries right, which no mutation could guess.
inline void repair_zip(std::uint8_t* data, std::size_t size) {
  constexpr std::string_view directory_signature("PK\1\2");
  constexpr std::size_t directory_size = 46, local_size = 30;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (auto at = text.find(directory_signature); at != text.npos;
       at = text.find(directory_signature, at + 1)) {
    if (size - at < directory_size) return;
    const auto stored = number_at(data + at + 20, 4, false);
    const auto local = number_at(data + at + 42, 4, false);
    if (number_at(data + at + 10, 2, false) != 0 || local > size || size - local < local_size) {
      continue;
    }
    const auto first = local + local_size + number_at(data + local + 26, 2, false) +
                       number_at(data + local + 28, 2, false);
    if (first > size || stored > size - first) continue;
    const auto checksum = static_cast<std::uint32_t>(crc32_z(0, data + first, stored));
    set_number(data + at + 16, checksum, false);
    set_number(data + local + 14, checksum, false);
  }
}

/// Makes the checksums of a PNG image's chunks right.
inline void repair_png(std::uint8_t* data, std::size_t size) {
  for (std::size_t at = 8; at + 12 <= size;) {
    const auto length = number_at(data + at, 4, true);
    if (length > size - at - 12) return;
    const auto checksum = static_cast<std::uint32_t>(crc32_z(0, data + at + 4, length + 4));
    set_number(data + at + 8 + length, checksum, true);
    at += length + 12;
  }
}

/// The fuzzer's own mutation, and then, but for one of four, a repair.
template <class Repair>
std::size_t mutate(std::uint8_t* data, std::size_t size, std::size_t most, unsigned int seed,
                   const Repair& repair) {
  size = LLVMFuzzerMutate(data, size, most);
  if (seed % 4 != 0) repair(data, size);
  return size;
}

}  // namespace dlfs::fuzz
