#pragma once

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dlfs/io/bytes.hpp"

// All access to the file system: every reader of whole files and every writer uses this header.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// @throws IoError with the reason from errno.
[[noreturn]] inline void throw_io_error(std::string_view what, const std::string& path) {
  throw IoError(what, ' ', path, ": ", std::generic_category().message(errno));
}

/// The result of a system call, which is repeated if a signal interrupts it.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// An open file, or none if the system refused; errno then has the reason.
class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(const std::string& path, int flags, mode_t mode = 0)
      : number_(uninterrupted(
            [&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode); })) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (is_open()) ::close(number_);
  }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

  struct stat status() const {
    struct stat status {};
    ::fstat(number_, &status);
    return status;
  }

  bool lock(int how) const {
    return uninterrupted([&] { return ::flock(number_, how); }) == 0;
  }

  /// Reads until `size` bytes are read or the file ends. Returns the number of bytes, or -1.
  std::ptrdiff_t read(std::uint8_t* out, std::size_t size) const {
    std::size_t filled = 0;
    while (filled < size) {
      const auto count = uninterrupted(
          [&] { return ::read(number_, out + filled, std::min(size - filled, largest_piece)); });
      if (count < 0) return -1;
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
    }
    return static_cast<std::ptrdiff_t>(filled);
  }

  bool write(ByteSpan bytes) const {
    while (!bytes.empty()) {
      const auto count = uninterrupted(
          [&] { return ::write(number_, bytes.data(), std::min(bytes.size(), largest_piece)); });
      if (count < 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
  }

 private:
  // Maximum number of bytes of one call: some systems count them in an int.
  static constexpr std::size_t largest_piece = std::size_t{1} << 30;

  int number_ = -1;
};

inline std::size_t memory_of_machine() {
  return static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// All of an open file, or of a pipe until its end. @throws IoError like read_file.
inline Bytes read_all(const Descriptor& file, const std::filesystem::path& path) {
  const struct stat status = file.status();
  // Files that the system generates when they are read report a size of 0.
  const bool has_size = S_ISREG(status.st_mode) && status.st_size > 0;
  const auto limit = has_size ? static_cast<std::size_t>(status.st_size) : std::size_t{1} << 30;
  const auto fail_by_size = [&] {
    throw IoError("cannot read ", path.string(), ": more than ", limit, " bytes");
  };
  if (has_size && limit > memory_of_machine() / 2) {
    throw IoError("cannot read ", path.string(), ": ", limit,
                  " bytes are more than half of the memory");
  }

  constexpr std::size_t first_piece = 64 * 1024;
  // One byte more than the limit shows whether there are more.
  Bytes bytes(has_size ? limit + 1 : first_piece);
  for (std::size_t filled = 0;;) {
    const auto count = file.read(bytes.data() + filled, bytes.size() - filled);
    if (count < 0) throw_io_error("cannot read", path.string());
    filled += static_cast<std::size_t>(count);
    if (filled > limit) fail_by_size();
    if (filled < bytes.size()) {
      bytes.resize(filled);
      return bytes;
    }
    bytes.resize(std::min(2 * filled, limit + 1));
  }
}

/// All of a file, or of a pipe until its end.
/// @throws IoError with the system's reason; for a file of more than half of the machine's memory,
///   or one that grows meanwhile; for more than 1 GB from a source without a size, such as a pipe
///   or a device.
inline Bytes read_file(const std::filesystem::path& path) {
  const Descriptor file(path.string(), O_RDONLY);
  if (!file.is_open()) throw_io_error("cannot open", path.string());
  return read_all(file, path);
}

/// The bytes of a file, which the system reads when they are used. What cannot be mapped into
/// memory, such as a pipe, is read at once. The file must not become shorter meanwhile: the system
/// then ends the process by SIGBUS.
class MappedFile {
 public:
  /// @throws IoError if the file cannot be opened, or like read_file where it is read at once.
  explicit MappedFile(const std::filesystem::path& path) {
    const Descriptor file(path.string(), O_RDONLY);
    if (!file.is_open()) throw_io_error("cannot open", path.string());
    const struct stat status = file.status();
    if (S_ISREG(status.st_mode) && status.st_size > 0) {
      const auto size = static_cast<std::size_t>(status.st_size);
      void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
      if (start != MAP_FAILED) {
        bytes_ = {static_cast<const std::uint8_t*>(start), size};
        return;
      }
    }
    read_ = read_all(file, path);
    bytes_ = read_;
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (is_mapped()) ::munmap(address_of(bytes_), bytes_.size());
  }

  ByteSpan bytes() const { return bytes_; }

  /// Gives back the memory of a part that is no longer needed. It is read again if it is used.
  void release(ByteSpan part) const {
    if (!is_mapped()) return;
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const auto first = static_cast<std::size_t>(part.data() - bytes_.data());
    const std::size_t begin = first / page * page;
    const std::size_t end = (first + part.size()) / page * page;
    if (begin < end) ::madvise(address_of(bytes_.subspan(begin)), end - begin, MADV_DONTNEED);
  }

 private:
  bool is_mapped() const { return bytes_.data() != read_.data(); }
  static void* address_of(ByteSpan bytes) { return const_cast<std::uint8_t*>(bytes.data()); }

  Bytes read_;  // empty if the file is mapped
  ByteSpan bytes_;
};

/// The path after following the links at its end; it need not exist.
inline std::filesystem::path without_links(std::filesystem::path path) {
  constexpr int most_links = 40;  // the system's limit
  std::error_code error;
  for (int links = 0; links < most_links; ++links) {
    if (!std::filesystem::is_symlink(path, error)) break;
    path = path.parent_path() / std::filesystem::read_symlink(path, error);
  }
  return path;
}

inline constexpr std::string_view part_beginning = ".dlfs-save";
inline constexpr std::string_view part_ending = ".part";

/// Removes the part files of writers that have died: those that are not locked.
inline void remove_abandoned_parts(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string path = entry->path().string();
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(part_beginning) || !name.ends_with(part_ending)) continue;
    const Descriptor file(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file.is_open() || !file.lock(LOCK_EX | LOCK_NB)) continue;
    // By now the name may belong to another file.
    struct stat named {};
    if (::lstat(path.c_str(), &named) == 0 && named.st_ino == file.status().st_ino) {
      ::unlink(path.c_str());
    }
  }
}

/// A new file that will replace another file in its folder, and is locked until then. It is removed
/// if it was not moved there.
class PartFile {
 public:
  /// If the file is not open afterwards, errno has the reason.
  PartFile(const std::filesystem::path& folder, mode_t mode) {
    for (int number = 0;; ++number) {
      path_ = (folder / str_cat(part_beginning, number, part_ending)).string();
      file_ = Descriptor(path_, O_WRONLY | O_CREAT | O_EXCL, mode);
      if (!file_.is_open()) {
        if (errno == EEXIST) continue;
        path_.clear();
        return;
      }
      file_.lock(LOCK_EX);
      if (file_.status().st_nlink > 0) return;
      // Another writer has removed it as abandoned before it was locked.
    }
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  ~PartFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  const Descriptor& file() const { return file_; }

  bool move_to(const std::filesystem::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) return false;
    path_.clear();
    return true;
  }

 private:
  std::string path_;  // empty if there is nothing to remove
  Descriptor file_;
};

/// Gives a file the owner, the group and the mode of another, as far as the system allows this
/// process. If the group cannot be set, the new group only gets the rights of all other users.
inline bool take_over_access(const Descriptor& file, const struct stat& status) {
  mode_t mode = status.st_mode & 07777;
  if (::fchown(file.number(), status.st_uid, status.st_gid) != 0 &&
      ::fchown(file.number(), static_cast<uid_t>(-1), status.st_gid) != 0) {
    mode = (mode & 0707) | (mode & 07) << 3;
  }
  return ::fchmod(file.number(), mode) == 0;
}

/// Writes a file of these parts, which appears under its name only when it is complete and on the
/// disk. Follows
/// links. An old file of that name passes on its mode and, if the system permits, its owner; other
/// hard links to the old file keep the old contents. A file that is not regular, such as a pipe or
/// a device, is written to directly.
/// @throws IoError with the system's reason; an old regular file then still exists.
inline void write_file(const std::filesystem::path& path, std::span<const ByteSpan> parts) {
  const auto write_to = [&](const Descriptor& file) {
    return std::all_of(parts.begin(), parts.end(), [&](ByteSpan part) { return file.write(part); });
  };
  const auto check = [&](bool is_done) {
    if (!is_done) throw_io_error("cannot write", path.string());
  };
  const Descriptor old(path.string(), O_WRONLY);
  check(old.is_open() || errno == ENOENT);
  if (old.is_open() && !S_ISREG(old.status().st_mode)) return check(write_to(old));

  const std::filesystem::path target = without_links(path);
  const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
  remove_abandoned_parts(folder);
  constexpr mode_t private_mode = 0600, usual_mode = 0666;  // the umask removes bits
  PartFile part(folder, old.is_open() ? private_mode : usual_mode);
  check(part.file().is_open());
  check(!old.is_open() || take_over_access(part.file(), old.status()));
  check(write_to(part.file()));
  check(::fsync(part.file().number()) == 0);
  check(part.move_to(target));
  // Some systems cannot sync a folder. The file is in place nevertheless.
  const Descriptor entries(folder.string(), O_RDONLY | O_DIRECTORY);
  if (entries.is_open()) ::fsync(entries.number());
}

inline void write_file(const std::filesystem::path& path, ByteSpan bytes) {
  write_file(path, std::span(&bytes, 1));
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, ByteSpan(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
