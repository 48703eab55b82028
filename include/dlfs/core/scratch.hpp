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

/// A stack of temporary memory. It grows in blocks, and joins them into one when it is empty, so
/// that repeated work of one kind does not allocate. After the end of its thread it keeps no
/// memory: each piece taken later is freed when the stack is empty.
class ScratchStack {
 public:
  /// The state of the stack before a piece was taken.
  struct Mark {
    std::size_t block = 0;
    std::size_t used = 0;
  };

  /// Memory for `count` elements, and the mark that releases it. @throws like Scratch.
  std::pair<void*, Mark> take(Index count, Index element_bytes) {
    constexpr Index most = std::numeric_limits<Index>::max() - Index{alignment};
    constexpr Index few = Index{1} << 31;  // up to here without a division
    if (count < 0 || ((count > few || element_bytes > few) && count > most / element_bytes)) {
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
      // Destructors call this, so it must not throw. The next piece allocates what it needs.
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

/// The stack is never destroyed, only told that its thread ends: other objects of the thread, and
/// static ones, may use it in their destructors.
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

/// The stack that this thread uses: its own, one that was lent, or null before the first use.
inline constinit thread_local ScratchStack* used_scratch = nullptr;

/// While it exists, this thread takes scratch memory from `stack`. Work that has run once with this
/// stack does not allocate when it runs again, on any thread.
class LentScratch {
 public:
  explicit LentScratch(ScratchStack& stack) : before_(std::exchange(used_scratch, &stack)) {}
  LentScratch(const LentScratch&) = delete;
  LentScratch& operator=(const LentScratch&) = delete;
  ~LentScratch() { used_scratch = before_; }

 private:
  ScratchStack* before_;
};

inline ScratchStack& current_scratch() {
  if (used_scratch == nullptr) used_scratch = &scratch_of_this_thread();
  return *used_scratch;
}

// Not inlined, which saves much compile time: scratch memory is used everywhere.
[[gnu::noinline]] inline std::pair<void*, ScratchStack::Mark> take_scratch(Index count,
                                                                           Index element_bytes) {
  return current_scratch().take(count, element_bytes);
}
[[gnu::noinline]] inline void release_scratch(ScratchStack::Mark before) {
  current_scratch().release(before);
}

}  // namespace detail

/// Uninitialised temporary memory for a kernel, aligned to 64 bytes, from a stack that each thread
/// keeps. Objects of one thread must be destroyed in the reverse order of their construction, like
/// local variables.
template <class T>
  requires std::is_trivially_copyable_v<T>
class Scratch {
 public:
  /// @throws ValueError if the number of bytes overflows, std::bad_alloc if there is no memory.
  explicit Scratch(Index count) {
    const auto [memory, mark] = detail::take_scratch(count, Index{sizeof(T)});
    data_ = static_cast<T*>(memory);
    mark_ = mark;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { detail::release_scratch(mark_); }

  /// The first element.
  T* data() const& { return data_; }
  T* data() const&& = delete;
  /// Element i.
  T& operator[](Index i) const& { return data_[i]; }
  T& operator[](Index i) const&& = delete;

 private:
  T* data_;
  detail::ScratchStack::Mark mark_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
