// Runs a formula on every element of some arrays, in vectors: a part of kernels-inl.hpp.

#if !defined(DLFS_SIMD_LEVEL)  // read by itself, as an editor does: within the level `base`
#include "dlfs/simd/kernels.hpp"
namespace dlfs::simd::base::shown {
#endif

/// A vector of an array: loaded into a register, and stored at the end of this object's life.
template <class T>
class InRegister {
 public:
  DLFS_INLINE explicit InRegister(T* memory) : memory_(memory), value_(load(memory)) {}
  InRegister(const InRegister&) = delete;
  InRegister& operator=(const InRegister&) = delete;
  DLFS_INLINE ~InRegister() {
    if constexpr (!std::is_const_v<T>) store(memory_, value_);
  }

  DLFS_INLINE auto& value() { return value_; }

 private:
  T* memory_;
  Vector<std::remove_const_t<T>> value_;
};

/// The end of an array that is shorter than a vector, extended with zeros.
template <class T>
class FilledUp {
 public:
  FilledUp(T* memory, Index count) : memory_(memory), count_(count) {
    std::copy_n(memory, count, elements_);
  }
  FilledUp(const FilledUp&) = delete;
  FilledUp& operator=(const FilledUp&) = delete;
  ~FilledUp() {
    if constexpr (!std::is_const_v<T>) std::copy_n(elements_, count_, memory_);
  }

  auto* elements() { return elements_; }

 private:
  T* memory_;
  Index count_;
  std::remove_const_t<T> elements_[lanes<std::remove_const_t<T>>] = {};
};

/// An element of a type without vectors.
template <class T>
class Single {
 public:
  explicit Single(T& element) : element_(element), value_(static_cast<decltype(value_)>(element)) {}
  Single(const Single&) = delete;
  Single& operator=(const Single&) = delete;
  ~Single() {
    if constexpr (!std::is_const_v<T>) element_ = static_cast<T>(value_);
  }

  auto& value() { return value_; }

 private:
  T& element_;
  Accumulator<std::remove_const_t<T>> value_;
};

/// See simd::map.
template <class Formula, class... T>
DLFS_INLINE_CALLS void map_vectors(const Formula& formula_in_memory, Index count, T*... arrays) {
  // A copy, because stores cannot alias it, so its constants stay in registers.
  const Formula formula = formula_in_memory;
  if constexpr ((Dispatched<std::remove_const_t<T>> && ...)) {
    constexpr Index step = std::min({lanes<std::remove_const_t<T>>...});
    Index i = 0;
    DLFS_TWO_TURNS for (; i + step <= count; i += step) {
      formula(InRegister<T>(arrays + i).value()...);
    }
    if (i == count) return;
    // Not in a lambda: clang might compile it without the level's instructions.
    formula(InRegister<T>(FilledUp<T>(arrays + i, count - i).elements()).value()...);
  } else {
    for (Index i = 0; i < count; ++i) formula(Single<T>(arrays[i]).value()...);
  }
}

#if !defined(DLFS_SIMD_LEVEL)
}
#endif
