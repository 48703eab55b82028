#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/core/error.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;

inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads the bytes of a file from front to back. Missing or wrong bytes end in a FormatError that
/// begins with `source`: the reader and the file, such as "read_npy: weights.npy".
class ByteReader {
 public:
  ByteReader(ByteSpan bytes, std::string source) : bytes_(bytes), source_(std::move(source)) {}

  const std::string& source() const { return source_; }
  std::size_t size() const { return bytes_.size(); }
  ByteSpan left() const { return bytes_.subspan(position_); }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FormatError(source_, ": ", parts...);
  }

  /// The next `count` bytes.
  ByteSpan take(std::uint64_t count) {
    if (count > left().size()) {
      fail("truncated: expected ", count, " bytes at ", position_, ", found ", left().size());
    }
    const ByteSpan taken = left().first(count);
    position_ += taken.size();
    return taken;
  }

  std::string_view take_text(std::uint64_t count) { return as_text(take(count)); }

  /// The text up to the next newline, which is also consumed.
  std::string_view take_line() {
    const std::size_t length = as_text(left()).find('\n');
    if (length == std::string_view::npos) fail("truncated: the line at ", position_, " has no end");
    return take_text(length + 1).substr(0, length);
  }

  /// The next little-endian number.
  template <class Unsigned>
  Unsigned take_number() {
    Unsigned number = 0;
    int shift = 0;
    for (const std::uint8_t byte : take(sizeof(Unsigned))) {
      number = static_cast<Unsigned>(number | Unsigned{byte} << shift);
      shift += 8;
    }
    return number;
  }

  /// A reader of the bytes from `first` on, counted from the start of the file.
  ByteReader from(std::uint64_t first) const {
    return part(first, size() - std::min<std::uint64_t>(first, size()));
  }

  /// A reader of the `count` bytes from `first` on.
  ByteReader part(std::uint64_t first, std::uint64_t count) const {
    if (count > size() || first > size() - count) {
      fail("truncated: expected ", count, " bytes at ", first, ", the end is at ", size());
    }
    return {bytes_.subspan(first, count), source_};
  }

 private:
  ByteSpan bytes_;
  std::string source_;
  std::size_t position_ = 0;
};

/// A known number of bytes that come one after the other: out of a file, of an entry of an archive,
/// or of memory.
class ByteStream {
 public:
  /// Errors begin with the source of `name`.
  ByteStream(ByteReader name, std::uint64_t size) : name_(std::move(name)), size_(size) {}
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  const ByteReader& name() const { return name_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t left() const { return size_ - position_; }

  /// Fills `out` with the next bytes. @throws FormatError if fewer are left or they are damaged.
  void read(std::span<std::uint8_t> out) {
    expect_left(out.size());
    read_next(position_, out);
    position_ += out.size();
  }
  /// The next bytes, for which no memory is taken if fewer are left.
  Bytes take(std::uint64_t count) {
    expect_left(count);
    Bytes bytes(count);
    read(bytes);
    return bytes;
  }
  /// All bytes that are left. Allocates memory as they arrive.
  Bytes take_rest() {
    constexpr std::uint64_t smallest_piece = 64 * 1024;
    Bytes bytes;
    do {  // once, even if there are none: it verifies the end
      const std::size_t filled = bytes.size();
      bytes.resize(filled + static_cast<std::size_t>(
                                std::min(left(), std::max(std::uint64_t{filled}, smallest_piece))));
      read(std::span(bytes).subspan(filled));
    } while (left() > 0);
    return bytes;
  }

  /// Whether bytes can be read in any order from now on, by read_at.
  virtual bool is_seekable() { return false; }
  /// Fills `out` with the bytes from `first` on, counted from the start of the stream.
  virtual void read_at(std::uint64_t, std::span<std::uint8_t>) const {}

 protected:
  virtual void read_next(std::uint64_t position, std::span<std::uint8_t> out) = 0;

 private:
  void expect_left(std::uint64_t count) const {
    if (count <= left()) return;
    name_.fail("truncated: expected ", count, " bytes at ", position_, ", found ", left());
  }

  ByteReader name_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
};

inline void append_bytes(Bytes& bytes, ByteSpan more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

inline void append_text(Bytes& bytes, std::string_view text) {
  bytes.insert(bytes.end(), text.begin(), text.end());
}

/// Appends a little-endian number.
template <class Unsigned>
void append_number(Bytes& bytes, Unsigned number) {
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
  }
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
