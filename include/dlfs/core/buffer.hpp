#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "dlfs/core/error.hpp"
#include "dlfs/core/huge_pages.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Alignment of every tensor in bytes: a cache line, and the widest vector.
inline constexpr std::size_t alignment = 64;

namespace detail {

/// Aligned memory inside a larger block of plain memory; the block's address is stored before it.
/// The C library takes several times as long for aligned memory as for plain memory. A large block
/// consists of whole huge pages.
[[gnu::noinline]] inline void* allocate_aligned(std::size_t bytes) {
  const bool is_large = is_worth_huge_pages(bytes);
  const std::size_t unit = is_large ? huge_page : alignment;
  const std::size_t whole = (bytes + unit - 1) / unit * unit;
  auto* const plain = static_cast<std::byte*>(::operator new(whole + unit));
  const std::size_t skipped = unit - reinterpret_cast<std::uintptr_t>(plain) % unit;
  std::byte* const aligned = plain + skipped;
  std::memcpy(aligned - sizeof(plain), &plain, sizeof(plain));
  if (is_large) ask_for_huge_pages(aligned, whole);
  return aligned;
}

inline void free_aligned(void* aligned) {
  void* plain;
  std::memcpy(&plain, static_cast<std::byte*>(aligned) - sizeof(plain), sizeof(plain));
  ::operator delete(plain);
}

/// The elements that are stored at aligned bytes, such as a layer's saved bytes.
template <class T>
T* elements_at(std::byte* bytes) {
  return static_cast<T*>(static_cast<void*>(bytes));
}
template <class T>
const T* elements_at(const std::byte* bytes) {
  return static_cast<const T*>(static_cast<const void*>(bytes));
}

}  // namespace detail

/// Uninitialised, aligned memory for `capacity` elements. The destructor frees it.
template <class T>
  requires std::is_trivially_copyable_v<T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  /// @throws ValueError if the number of bytes overflows, std::bad_alloc if there is no memory.
  explicit AlignedBuffer(std::size_t capacity) : capacity_(capacity) {
    if (capacity > std::numeric_limits<std::ptrdiff_t>::max() / sizeof(T)) {
      throw ValueError("memory for ", capacity, " elements of ", sizeof(T), " bytes");
    }
    if (capacity == 0) return;
    data_ = static_cast<T*>(detail::allocate_aligned(capacity * sizeof(T)));
  }
  /// Takes the memory of another buffer.
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}
  /// Takes the memory of another buffer.
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~AlignedBuffer() {
    // Tests the capacity, not the address: g++ 12 omits a test of the address if the calling code
    // makes it conclude that the address is not null.
    if (capacity_ > 0) detail::free_aligned(data_);
  }

  /// The first element.
  T* data() const& { return data_; }
  T* data() const&& = delete;
  /// How many elements have room.
  std::size_t capacity() const { return capacity_; }

 private:
  T* data_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
