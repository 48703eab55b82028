#pragma once

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
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
namespace dlfs {

/// When the bytes of a saved file are on the disk. In both cases the file appears under its name
/// only when it is complete, so that a program that is killed leaves the old file or the new one.
enum class Sync {
  on_return,  ///< when the function returns: the file survives a power cut
  later       ///< when the system writes them, as with numpy.save, which takes less time
};

namespace detail {

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
    return read_by([this](std::uint8_t* to, std::size_t count,
                          std::size_t) { return ::read(number_, to, count); },
                   out, size);
  }
  /// The same from a position of the file on, which has to be a regular one.
  std::ptrdiff_t read_at(std::uint64_t first, std::uint8_t* out, std::size_t size) const {
    return read_by(
        [&](std::uint8_t* to, std::size_t count, std::size_t filled) {
          return ::pread(number_, to, count, static_cast<off_t>(first + filled));
        },
        out, size);
  }

  bool write(ByteSpan bytes) const {
    return write_by([this](const std::uint8_t* from, std::size_t count,
                           std::size_t) { return ::write(number_, from, count); },
                    bytes);
  }
  /// The same at a position of the file, which has to be a regular one.
  bool write_at(std::uint64_t first, ByteSpan bytes) const {
    return write_by(
        [&](const std::uint8_t* from, std::size_t count, std::size_t written) {
          return ::pwrite(number_, from, count, static_cast<off_t>(first + written));
        },
        bytes);
  }

 private:
  template <class Call>
  static std::ptrdiff_t read_by(const Call& call, std::uint8_t* out, std::size_t size) {
    std::size_t filled = 0;
    while (filled < size) {
      const auto count = uninterrupted(
          [&] { return call(out + filled, std::min(size - filled, largest_piece), filled); });
      if (count < 0) return -1;
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
    }
    return static_cast<std::ptrdiff_t>(filled);
  }
  template <class Call>
  static bool write_by(const Call& call, ByteSpan bytes) {
    std::size_t written = 0;
    while (written < bytes.size()) {
      const auto count = uninterrupted([&] {
        return call(bytes.data() + written, std::min(bytes.size() - written, largest_piece),
                    written);
      });
      if (count < 0) return false;
      written += static_cast<std::size_t>(count);
    }
    return true;
  }

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

/// The bytes of a file, at any place and when they are asked for. Those of a pipe, which has no
/// places, are read at once; so those that are already in memory are as good as a file.
class FileBytes {
 public:
  /// `reader` begins the messages of errors. @throws IoError like read_file.
  FileBytes(const std::filesystem::path& path, std::string_view reader)
      : path_(path.string()), name_({}, str_cat(reader, ": ", path_)) {
    Descriptor file(path_, O_RDONLY);
    if (!file.is_open()) throw_io_error("cannot open", path_);
    const struct stat status = file.status();
    if (S_ISREG(status.st_mode) && status.st_size > 0) {
      size_ = static_cast<std::uint64_t>(status.st_size);
      file_ = std::make_shared<const Descriptor>(std::move(file));
    } else {
      owned_ = std::make_shared<const Bytes>(read_all(file, path));
      memory_ = *owned_;
      size_ = memory_.size();
    }
  }
  FileBytes(const ByteReader& memory)
      : name_({}, memory.source()), memory_(memory.left()), size_(memory_.size()) {}
  /// The same file, under another name in messages.
  FileBytes(FileBytes file, ByteReader name) : FileBytes(std::move(file)) {
    name_ = std::move(name);
  }

  std::uint64_t size() const { return size_; }
  /// The reader and the file, as in messages.
  const std::string& source() const { return name_.source(); }
  /// A reader of no bytes, by which errors of this file are thrown.
  const ByteReader& name() const { return name_; }
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    name_.fail(parts...);
  }

  /// Fills `out` with the bytes from `first` on.
  /// @throws FormatError if the file has fewer, IoError with the system's reason.
  void read(std::uint64_t first, std::span<std::uint8_t> out) const {
    expect_part(first, out.size());
    if (file_ == nullptr) {
      std::copy_n(memory_.begin() + static_cast<std::ptrdiff_t>(first), out.size(), out.begin());
      return;
    }
    const auto count = file_->read_at(first, out.data(), out.size());
    if (count < 0) throw_io_error("cannot read", path_);
    if (static_cast<std::size_t>(count) < out.size()) fail("it became shorter while it was read");
  }
  /// The same as a vector, which takes no memory if the file has fewer bytes.
  Bytes read(std::uint64_t first, std::uint64_t count) const {
    expect_part(first, count);
    Bytes bytes(count);
    read(first, std::span(bytes));
    return bytes;
  }
  /// @throws FormatError unless the file has these bytes.
  void expect_part(std::uint64_t first, std::uint64_t count) const {
    if (count <= size_ && first <= size_ - count) return;
    fail("truncated: expected ", count, " bytes at ", first, ", the end is at ", size_);
  }

 private:
  std::string path_;
  ByteReader name_;
  std::shared_ptr<const Descriptor> file_;  // of a regular file
  std::shared_ptr<const Bytes> owned_;      // what came out of a pipe
  ByteSpan memory_;
  std::uint64_t size_ = 0;
};

/// A part of a file as a stream.
class FileStream : public ByteStream {
 public:
  explicit FileStream(const FileBytes& file) : FileStream(file, file.name(), 0, file.size()) {}
  FileStream(FileBytes file, ByteReader name, std::uint64_t first, std::uint64_t size)
      : ByteStream(std::move(name), size), file_(std::move(file)), first_(first) {}

  bool is_seekable() override { return true; }
  void read_at(std::uint64_t first, std::span<std::uint8_t> out) const override {
    file_.read(first_ + first, out);
  }

 protected:
  void read_next(std::uint64_t position, std::span<std::uint8_t> out) override {
    read_at(position, out);
  }

 private:
  FileBytes file_;
  std::uint64_t first_;
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

/// Takes the bytes of a file, one after the other.
class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;
  virtual void write(ByteSpan bytes) = 0;
};

/// Writes a file that appears under its name only at `commit`: until then it is a part file, which
/// is removed if there is no commit. Follows links. An old file of that name passes on its mode
/// and, if the system permits, its owner; other hard links to the old file keep the old contents. A
/// file that is not regular, such as a pipe or a device, is written to directly.
///
/// All functions throw an IoError with the system's reason; an old regular file then still exists.
class FileWriter final : public ByteSink {
 public:
  explicit FileWriter(const std::filesystem::path& path, Sync sync = Sync::on_return)
      : path_(path.string()), sync_(sync) {
    Descriptor old(path_, O_WRONLY);
    check(old.is_open() || errno == ENOENT);
    if (old.is_open() && !S_ISREG(old.status().st_mode)) {
      device_ = std::move(old);
      return;
    }
    target_ = without_links(path);
    errno = ENOENT;
    check(target_.has_filename());  // before the bytes are written, not when they get their name
    folder_ = target_.has_parent_path() ? target_.parent_path() : ".";
    remove_abandoned_parts(folder_);
    constexpr mode_t private_mode = 0600, usual_mode = 0666;  // the umask removes bits
    part_.emplace(folder_, old.is_open() ? private_mode : usual_mode);
    check(file().is_open());
    check(!old.is_open() || take_over_access(file(), old.status()));
  }

  void write(ByteSpan bytes) override {
    check(file().write(bytes));
    size_ += bytes.size();
  }
  /// The number of bytes that were written.
  std::uint64_t size() const { return size_; }

  /// Whether bytes that were written can be replaced: not those in a pipe.
  bool can_replace() const { return part_.has_value(); }
  void replace(std::uint64_t first, ByteSpan bytes) { check(file().write_at(first, bytes)); }

  /// Gives the file its name. There is nothing to do after it.
  void commit() {
    if (!part_) return;
    if (sync_ == Sync::on_return) check(::fsync(file().number()) == 0);
    check(part_->move_to(target_));
    if (sync_ == Sync::later) return;
    // Some systems cannot sync a folder. The file is in place nevertheless.
    const Descriptor entries(folder_.string(), O_RDONLY | O_DIRECTORY);
    if (entries.is_open()) ::fsync(entries.number());
  }

 private:
  const Descriptor& file() const { return part_ ? part_->file() : device_; }
  void check(bool is_done) const {
    if (!is_done) throw_io_error("cannot write", path_);
  }

  std::string path_;
  Sync sync_;
  Descriptor device_;  // open if the file is not regular
  std::filesystem::path target_;
  std::filesystem::path folder_;
  std::optional<PartFile> part_;
  std::uint64_t size_ = 0;
};

/// Writes a file of these parts as FileWriter does.
inline void write_file(const std::filesystem::path& path, std::span<const ByteSpan> parts,
                       Sync sync = Sync::on_return) {
  FileWriter file(path, sync);
  for (const ByteSpan part : parts) file.write(part);
  file.commit();
}

inline void write_file(const std::filesystem::path& path, ByteSpan bytes) {
  write_file(path, std::span(&bytes, 1));
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, ByteSpan(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace detail
}  // namespace dlfs
DLFS_STRICT_MATH_END
