#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dlfs::fuzz {

/// Decisions out of the fuzzer's bytes; all are 0 once these are used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  bool empty() const { return left_.empty(); }

  /// A number below `count`, which is at most 256 * 256.
  std::uint32_t number(std::size_t count) {
    std::uint32_t value = byte();
    if (count > 256) value = value << 8 | byte();
    return count == 0 ? 0 : static_cast<std::uint32_t>(value % count);
  }

  /// A number from first to last.
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + number(static_cast<std::size_t>(last - first + 1));
  }

  bool yes() { return number(2) == 1; }

 private:
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const std::uint8_t value = left_.front();
    left_ = left_.subspan(1);
    return value;
  }

  std::span<const std::uint8_t> left_;
};

}  // namespace dlfs::fuzz
