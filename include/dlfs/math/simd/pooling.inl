// Max pooling of 2 by 2 blocks: a part of kernels.inl.

#if defined(DLFS_SIMD_NAMESPACE)  // nothing by itself

/// Taps in lanes as wide as the values.
template <class T, int count>
using Taps = typename VectorOf<std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>,
                               count>::Register;
template <int count>
using StoredTaps = VectorOf<std::uint16_t, count>;

#if defined(DLFS_SIMD_VECTORS)
template <class V, int... i>
DLFS_INLINE void deinterleave(V a, V b, V& even, V& odd, std::integer_sequence<int, i...>) {
  even = __builtin_shufflevector(a, b, (2 * i)...);
  odd = __builtin_shufflevector(a, b, (2 * i + 1)...);
}
#endif

/// even[i] = from[2 * i], odd[i] = from[2 * i + 1]
template <class T, int count, class V>
DLFS_INLINE void load_pairs(const T* from, V& even, V& odd) {
  if constexpr (count == 1) {
    even = from[0];
    odd = from[1];
  } else {
    using Memory = typename VectorOf<T, count>::Memory;
    const V a = *reinterpret_cast<const Memory*>(from);
    const V b = *reinterpret_cast<const Memory*>(from + count);
    deinterleave(a, b, even, odd, std::make_integer_sequence<int, count>());
  }
}

/// Turns each lane of one vector into that of another.
template <class To, class From>
DLFS_INLINE To convert_lanes(From from) {
  if constexpr (std::is_arithmetic_v<From>) {
    return static_cast<To>(from);
  } else {
    return __builtin_convertvector(from, To);
  }
}

/// In each lane the largest value of some taps, and the tap where it is: of equals the first, of
/// NaNs the first.
template <class V, class Tap>
struct Champions {
  V value;
  Tap tap;

  /// `later` are the champions of taps that come after those of this one.
  DLFS_INLINE void challenge(Champions later) {
    const auto stays = (value >= later.value) | (value != value);
    value = stays ? value : later.value;
    tap = stays ? tap : later.tap;
  }
};

template <class T, int count>
void max_pool_blocks(const Blocks& blocks, const T* x, T* y, std::uint16_t* winners) {
  using V = typename VectorOf<T, count>::Register;
  using Tap = Taps<T, count>;
  const Index width = blocks.width / 2;
  if constexpr (count > 1) {
    if (width < count) return max_pool_blocks<T, count / 2>(blocks, x, y, winners);
  }
  for (Index plane = 0; plane < blocks.planes; ++plane, x += blocks.height * blocks.width) {
    for (Index row = 0; row + 1 < blocks.height; row += 2, y += width) {
      const T* const top = x + row * blocks.width;
      for (Index first = 0; first < width; first += count) {
        const Index j = std::min(first, width - count);
        Champions<V, Tap> best{{}, Tap{}};
        Champions<V, Tap> right{{}, Tap{} + 1};
        Champions<V, Tap> below{{}, Tap{} + 2};
        Champions<V, Tap> last{{}, Tap{} + 3};
        load_pairs<T, count>(top + 2 * j, best.value, right.value);
        load_pairs<T, count>(top + blocks.width + 2 * j, below.value, last.value);
        best.challenge(right);
        below.challenge(last);
        best.challenge(below);
        *reinterpret_cast<typename VectorOf<T, count>::Memory*>(y + j) = best.value;
        if (winners == nullptr) continue;
        *reinterpret_cast<typename StoredTaps<count>::Memory*>(winners + j) =
            convert_lanes<typename StoredTaps<count>::Register>(best.tap);
      }
      if (winners != nullptr) winners += width;
    }
  }
}

template <class T, int count>
bool max_pool_blocks_backward(const Blocks& blocks, const T* dy, const std::uint16_t* winners,
                              T* dx) {
  using V = typename VectorOf<T, count>::Register;
  using Memory = typename VectorOf<T, count>::Memory;
  using Tap = Taps<T, count>;
  const Index width = blocks.width / 2;
  if constexpr (count > 1) {
    if (width < count) return max_pool_blocks_backward<T, count / 2>(blocks, dy, winners, dx);
  }
  Tap seen{};
  for (Index plane = 0; plane < blocks.planes; ++plane, dx += blocks.height * blocks.width) {
    for (Index row = 0; row + 1 < blocks.height; row += 2, dy += width, winners += width) {
      T* const top = dx + row * blocks.width;
      for (Index first = 0; first < width; first += count) {
        const Index j = std::min(first, width - count);
        const V gradient = *reinterpret_cast<const Memory*>(dy + j);
        const Tap tap = convert_lanes<Tap>(typename StoredTaps<count>::Register(
            *reinterpret_cast<const typename StoredTaps<count>::Memory*>(winners + j)));
        seen |= tap;
        for (int i = 0; i < 2; ++i) {
          const V left = tap == 2 * i ? gradient : V{};
          const V right = tap == 2 * i + 1 ? gradient : V{};
          T* const to = top + i * blocks.width + 2 * j;
          if constexpr (count == 1) {
            to[0] = left;
            to[1] = right;
          } else {
            V low, high;
            interleave(left, right, low, high, std::make_integer_sequence<int, count>());
            *reinterpret_cast<Memory*>(to) = low;
            *reinterpret_cast<Memory*>(to + count) = high;
          }
        }
      }
    }
  }
  if constexpr (count == 1) {
    return seen < 4;
  } else {
    bool are_taps = true;
    for (int i = 0; i < count; ++i) are_taps = are_taps && seen[i] < 4;
    return are_taps;
  }
}

template <class T>
inline constexpr BlockPooling<T> all_block_pooling{max_pool_blocks<T, lanes<T>>,
                                                   max_pool_blocks_backward<T, lanes<T>>};

#endif
