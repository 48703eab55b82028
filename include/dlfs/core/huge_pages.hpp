#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace dlfs::detail {

/// Asks the system for pages of 2 MiB where memory is large enough to gain from them: the first
/// touch of each page costs as much as filling a small one.
inline void ask_for_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::size_t least = 4 * 1024 * 1024;
  constexpr std::uintptr_t page = 4096;
  if (bytes < least) return;
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
  const std::size_t length = reinterpret_cast<std::uintptr_t>(memory) + bytes - begin;
  // Only advice: where it is not taken, nothing is lost.
  madvise(reinterpret_cast<void*>(begin), length, MADV_HUGEPAGE);
#endif
}

}  // namespace dlfs::detail
