#pragma once

#include <cstddef>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "dlfs/core/error.hpp"
#include "dlfs/core/huge_pages.hpp"

namespace dlfs {

/// Every tensor begins at a multiple of this many bytes: a cache line, and the widest vector.
inline constexpr std::size_t alignment = 64;

/// Uninitialised, aligned memory for `capacity` elements, freed at the end of its life.
template <class T>
  requires std::is_trivially_copyable_v<T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  /// @throws ValueError if the bytes cannot be counted, std::bad_alloc if they cannot be had.
  explicit AlignedBuffer(std::size_t capacity) : capacity_(capacity) {
    if (capacity > std::numeric_limits<std::ptrdiff_t>::max() / sizeof(T)) {
      throw ValueError(concat("memory for ", capacity, " elements of ", sizeof(T), " bytes"));
    }
    if (capacity == 0) return;
    data_ = static_cast<T*>(::operator new (capacity * sizeof(T), std::align_val_t{alignment}));
    detail::ask_for_huge_pages(data_, capacity * sizeof(T));
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~AlignedBuffer() {
    if (data_ != nullptr) ::operator delete (data_, std::align_val_t{alignment});
  }

  T* data() const { return data_; }
  std::size_t capacity() const { return capacity_; }

 private:
  T* data_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace dlfs
