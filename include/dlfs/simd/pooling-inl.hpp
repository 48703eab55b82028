// Max pooling of 2 by 2 blocks: a part of kernels-inl.hpp.

#if !defined(DLFS_SIMD_LEVEL)  // read by itself, as an editor does: within the level `base`
#include "dlfs/simd/kernels.hpp"
namespace dlfs::simd::base::shown {
#endif

/// Taps in lanes of the same width as the values.
template <class T>
using Taps = typename VectorOf<std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>,
                               lanes<T>>::Register;
template <class T>
using StoredTaps = VectorOf<std::uint16_t, lanes<T>>;

#if defined(DLFS_SIMD_VECTORS)
template <class V, int... i>
DLFS_INLINE void deinterleave(V a, V b, V& even, V& odd, std::integer_sequence<int, i...>) {
  even = __builtin_shufflevector(a, b, (2 * i)...);
  odd = __builtin_shufflevector(a, b, (2 * i + 1)...);
}
#endif

/// even[i] = from[2 * i], odd[i] = from[2 * i + 1]
template <class T>
DLFS_INLINE void load_pairs(const T* from, Vector<T>& even, Vector<T>& odd) {
  if constexpr (lanes<T> == 1) {
    even = from[0];
    odd = from[1];
  } else {
    deinterleave(load(from), load(from + lanes<T>), even, odd,
                 std::make_integer_sequence<int, lanes<T>>());
  }
}

/// to[2 * i] = even[i], to[2 * i + 1] = odd[i]
template <class T>
DLFS_INLINE void store_pairs(T* to, Vector<T> even, Vector<T> odd) {
  if constexpr (lanes<T> == 1) {
    to[0] = even;
    to[1] = odd;
  } else {
    Vector<T> low, high;
    interleave(even, odd, low, high, std::make_integer_sequence<int, lanes<T>>());
    store(to, low);
    store(to + lanes<T>, high);
  }
}

/// Converts each lane of one vector to the lane type of another.
template <class To, class From>
DLFS_INLINE To convert_lanes(From from) {
  if constexpr (std::is_arithmetic_v<From>) {
    return static_cast<To>(from);
  } else {
#if defined(DLFS_SIMD_VECTORS)
    return __builtin_convertvector(from, To);
#endif
  }
}

/// In each lane the largest value of some taps, and its tap: the first of equal values or of NaNs.
template <class V, class Tap>
struct MaxAndTap {
  V value;
  Tap tap;

  /// `later` holds the maxima of taps that come after those of this one.
  DLFS_INLINE void update(MaxAndTap later) {
    const auto stays = (value >= later.value) | (value != value);
    value = stays ? value : later.value;
    tap = stays ? tap : later.tap;
  }
};

/// Calls `visit(top, bottom, out)` for each vector of the rows, with the offsets of its pixels and
/// of its results. Goes through a row from right to left: a vector that writes past the end of its
/// row is corrected by later vectors.
template <class T, class Visit>
DLFS_INLINE void for_each_vector(const Blocks& blocks, Index rows, const Visit& visit) {
  const Index last = (blocks.in_row() - 1) / lanes<T> * lanes<T>;
  for (BlockRow row(blocks, 0); row.index < rows; row.next()) {
    for (Index j = last; j >= 0; j -= lanes<T>) {
      visit(row.top + 2 * j, row.bottom + 2 * j, row.out + j);
    }
  }
}

template <class T>
void max_pool_blocks(const Blocks& blocks, Index rows, const T* x, T* y, std::uint16_t* argmax) {
  using Best = MaxAndTap<Vector<T>, Taps<T>>;
  const auto pool = [=](Index top, Index bottom, Index out) DLFS_INLINE_LAMBDA {
    Best best{{}, Taps<T>{}};
    Best right{{}, Taps<T>{} + 1};
    Best below{{}, Taps<T>{} + 2};
    Best last{{}, Taps<T>{} + 3};
    load_pairs(x + top, best.value, right.value);
    load_pairs(x + bottom, below.value, last.value);
    best.update(right);
    below.update(last);
    best.update(below);
    store(y + out, best.value);
    if (argmax == nullptr) return;
    *reinterpret_cast<typename StoredTaps<T>::Memory*>(argmax + out) =
        convert_lanes<typename StoredTaps<T>::Register>(best.tap);
  };
  for_each_vector<T>(blocks, rows, pool);
}

template <class T>
bool max_pool_blocks_backward(const Blocks& blocks, Index rows, const T* dy,
                              const std::uint16_t* argmax, T* dx) {
  Taps<T> seen{};
  const auto share = [=, &seen](Index top, Index bottom, Index out) DLFS_INLINE_LAMBDA {
    const Vector<T> gradient = load(dy + out);
    const auto tap = convert_lanes<Taps<T>>(typename StoredTaps<T>::Register(
        *reinterpret_cast<const typename StoredTaps<T>::Memory*>(argmax + out)));
    seen |= tap;
    const Vector<T> none{};
    store_pairs(dx + top, tap == 0 ? gradient : none, tap == 1 ? gradient : none);
    store_pairs(dx + bottom, tap == 2 ? gradient : none, tap == 3 ? gradient : none);
  };
  for_each_vector<T>(blocks, rows, share);
  if constexpr (lanes<T> == 1) {
    return seen < 4;
  } else {
    bool are_taps = true;
    for (int i = 0; i < lanes<T>; ++i) are_taps = are_taps && seen[i] < 4;
    return are_taps;
  }
}

template <class T>
inline constexpr BlockPooling<T> all_block_pooling{lanes<T>, max_pool_blocks<T>,
                                                   max_pool_blocks_backward<T>};

#if !defined(DLFS_SIMD_LEVEL)
}
#endif
