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
