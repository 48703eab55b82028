#pragma once

#include <cstddef>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "dlfs/core/strict_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Size of a huge page, in bytes.
inline constexpr std::size_t huge_page = std::size_t{2} * 1024 * 1024;

/// Whether memory of this size gains from huge pages. The first touch of a page costs about as much
/// as filling a small page.
constexpr bool is_worth_huge_pages(std::size_t bytes) { return bytes >= huge_page / 2; }

/// Asks the system for huge pages. `memory` is aligned to a huge page, and `bytes` is a multiple of
/// one. This is only advice: the system may ignore it.
inline void ask_for_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
