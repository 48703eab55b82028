#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/core/buffer.hpp"
#include "dlfs/core/view.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// A stack of temporary memory. It grows in blocks, and joins them into one as soon as it is
/// empty, so that work of a kind that was done before never allocates again. At the end of its
/// thread it keeps none any more: what is used by then is freed as soon as the stack is empty.
class ScratchStack {
 public:
  /// Where the stack stood before a piece was taken.
  struct Mark {
    std::size_t block = 0;
    std::size_t used = 0;
  };

  /// Memory for so many elements, and the mark to release it by. @throws as Scratch.
  std::pair<void*, Mark> take(Index count, Index element_bytes) {
    if (count < 0 ||
        count > (std::numeric_limits<Index>::max() - Index{alignment}) / element_bytes) {
      throw ValueError("scratch memory for ", count, " elements of ", element_bytes, " bytes");
    }
    const std::size_t bytes =
        (static_cast<std::size_t>(count * element_bytes) + alignment - 1) / alignment * alignment;
    Mark start = top_;
    while (start.block < blocks_.size() && blocks_[start.block].capacity() - start.used < bytes) {
      start = {start.block + 1, 0};
    }
    if (start.block == blocks_.size()) add_block(std::max(bytes, smallest_block));
    const Mark before = std::exchange(top_, {start.block, start.used + bytes});
    return {blocks_[start.block].data() + start.used, before};
  }

  void release(Mark before) {
    top_ = before;
    if (!is_empty()) return;
    if (has_ended_) blocks_ = std::vector<AlignedBuffer<std::byte>>();
    if (blocks_.size() < 2) return;
    std::size_t total = 0;
    for (const auto& block : blocks_) total += block.capacity();
    blocks_.clear();
    try {
      add_block(total);
    } catch (const std::bad_alloc&) {
      // Called by destructors. The next piece asks for what it needs.
    }
  }

  void end() {
    has_ended_ = true;
    if (is_empty()) blocks_ = std::vector<AlignedBuffer<std::byte>>();
  }

 private:
  static constexpr std::size_t smallest_block = 64 * 1024;

  bool is_empty() const { return top_.block == 0 && top_.used == 0; }
  void add_block(std::size_t bytes) { blocks_.emplace_back(bytes); }

  std::vector<AlignedBuffer<std::byte>> blocks_;
  Mark top_;
  bool has_ended_ = false;
};

/// It is never destroyed, only ended: other objects of the thread, and static ones, may use it in
/// their destructors.
inline ScratchStack& scratch_of_this_thread() {
  struct End {
    ScratchStack& stack;
    ~End() { stack.end(); }
  };
  alignas(ScratchStack) thread_local std::byte memory[sizeof(ScratchStack)];
  thread_local ScratchStack& stack = *new (memory) ScratchStack;
  thread_local const End end{stack};
  return stack;
}

// Not inline, as there is scratch memory everywhere: this is much less to compile.
[[gnu::noinline]] inline std::pair<void*, ScratchStack::Mark> take_scratch(Index count,
                                                                           Index element_bytes) {
  return scratch_of_this_thread().take(count, element_bytes);
}
[[gnu::noinline]] inline void release_scratch(ScratchStack::Mark before) {
  scratch_of_this_thread().release(before);
}

}  // namespace detail

/// Uninitialised temporary memory for a kernel, aligned to 64 bytes, from a stack that each thread
/// keeps for its life. Objects of one thread must end in the reverse order of their creation, as
/// local variables do.
template <class T>
  requires std::is_trivially_copyable_v<T>
class Scratch {
 public:
  /// @throws ValueError if the bytes cannot be counted, std::bad_alloc if they cannot be had.
  explicit Scratch(Index count) {
    const auto [memory, mark] = detail::take_scratch(count, Index{sizeof(T)});
    data_ = static_cast<T*>(memory);
    mark_ = mark;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { detail::release_scratch(mark_); }

  T* data() const& { return data_; }
  T* data() const&& = delete;
  T& operator[](Index i) const& { return data_[i]; }
  T& operator[](Index i) const&& = delete;

 private:
  T* data_;
  detail::ScratchStack::Mark mark_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
