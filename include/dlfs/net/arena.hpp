#pragma once

#include <cstddef>
#include <vector>

#include "dlfs/core/buffer.hpp"
#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Assigns places in a block of memory before the block exists: what is not needed at the same time
/// may share a place.
class Arena {
 public:
  /// The offset of `bytes` that are free, aligned to 64 bytes. The first that are large enough.
  Index take(Index bytes) {
    bytes = aligned(bytes);
    if (bytes == 0) return 0;
    for (std::size_t i = 0; i < free_.size(); ++i) {
      Range& range = free_[i];
      if (range.bytes < bytes) continue;
      const Index offset = range.offset;
      range.offset += bytes;
      range.bytes -= bytes;
      if (range.bytes == 0) free_.erase(free_.begin() + static_cast<Index>(i));
      return offset;
    }
    // The last range reaches to the end of the block, which grows.
    Index offset = bytes_;
    if (!free_.empty() && free_.back().offset + free_.back().bytes == bytes_) {
      offset = free_.back().offset;
      free_.pop_back();
    }
    bytes_ = checked_sum("network", offset, bytes);
    return offset;
  }

  /// Gives back what `take` gave.
  void release(Index offset, Index bytes) {
    bytes = aligned(bytes);
    if (bytes == 0) return;
    auto next = free_.begin();
    while (next != free_.end() && next->offset < offset) ++next;
    next = free_.insert(next, {offset, bytes});
    if (const auto after = next + 1; after != free_.end() && ends_at(*next, after->offset)) {
      next->bytes += after->bytes;
      free_.erase(after);
    }
    if (next != free_.begin() && ends_at(*(next - 1), next->offset)) {
      (next - 1)->bytes += next->bytes;
      free_.erase(next);
    }
  }

  /// The size of the block.
  Index bytes() const { return bytes_; }

  static Index aligned(Index bytes) {
    constexpr auto step = static_cast<Index>(alignment);
    return checked_sum("network", bytes, step - 1) / step * step;
  }

 private:
  struct Range {
    Index offset;
    Index bytes;
  };

  static bool ends_at(const Range& range, Index offset) {
    return range.offset + range.bytes == offset;
  }

  std::vector<Range> free_;  // in order, never neighbours
  Index bytes_ = 0;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
