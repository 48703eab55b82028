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

/// How many rows of blocks have whole vectors before the end of them all.
template <class T>
Index rows_of_whole_vectors(const Blocks& blocks) {
  const Index vectors = (blocks.row() + lanes<T> - 1) / lanes<T>;
  return std::max<Index>(0, blocks.rows() - (vectors * lanes<T> - 1) / blocks.row());
}

/// Calls `visit(top, bottom, out)` for vectors of `count` blocks of the rows [first, last): the
/// offsets of their two rows of pixels, and of what they are pooled to. A row goes from right to
/// left: what a vector writes beyond the end of its row is put right by those that come later.
template <int count, class Visit>
DLFS_INLINE void for_each_vector(const Blocks& blocks, Index first, Index last,
                                 const Visit& visit) {
  const Blocks all = blocks;  // what is written might alias it
  const Index last_column = (all.row() - 1) / count * count;
  Index row = first % (all.height / 2);  // of its plane
  Index top = (first / (all.height / 2) * all.height + 2 * row) * all.width;
  Index out = first * all.row();
  for (Index i = first; i < last; ++i, top += 2 * all.width, out += all.row()) {
    for (Index j = last_column; j >= 0; j -= count) {
      visit(top + 2 * j, top + all.width + 2 * j, out + j);
    }
    if (++row < all.height / 2) continue;
    row = 0;
    top += all.height % 2 * all.width;
  }
}

template <int count, class T>
DLFS_INLINE void max_pool_rows(const Blocks& blocks, Index first, Index last, const T* x, T* y,
                               std::uint16_t* winners) {
  using V = typename VectorOf<T, count>::Register;
  using Tap = Taps<T, count>;
  for_each_vector<count>(
      blocks, first, last, [=](Index top, Index bottom, Index out) DLFS_INLINE_LAMBDA {
        Champions<V, Tap> best{{}, Tap{}};
        Champions<V, Tap> right{{}, Tap{} + 1};
        Champions<V, Tap> below{{}, Tap{} + 2};
        Champions<V, Tap> last_tap{{}, Tap{} + 3};
        load_pairs<T, count>(x + top, best.value, right.value);
        load_pairs<T, count>(x + bottom, below.value, last_tap.value);
        best.challenge(right);
        below.challenge(last_tap);
        best.challenge(below);
        *reinterpret_cast<typename VectorOf<T, count>::Memory*>(y + out) = best.value;
        if (winners == nullptr) return;
        *reinterpret_cast<typename StoredTaps<count>::Memory*>(winners + out) =
            convert_lanes<typename StoredTaps<count>::Register>(best.tap);
      });
}

template <class T>
void max_pool_blocks(const Blocks& blocks, const T* x, T* y, std::uint16_t* winners) {
  const Index whole = rows_of_whole_vectors<T>(blocks);
  max_pool_rows<lanes<T>>(blocks, 0, whole, x, y, winners);
  max_pool_rows<1>(blocks, whole, blocks.rows(), x, y, winners);
}

/// Returns the bits of all winners.
template <int count, class T>
DLFS_INLINE auto max_pool_rows_backward(const Blocks& blocks, Index first, Index last, const T* dy,
                                        const std::uint16_t* winners, T* dx) {
  using V = typename VectorOf<T, count>::Register;
  using Memory = typename VectorOf<T, count>::Memory;
  using Tap = Taps<T, count>;
  Tap seen{};
  for_each_vector<count>(
      blocks, first, last, [=, &seen](Index top, Index bottom, Index out) DLFS_INLINE_LAMBDA {
        const V gradient = *reinterpret_cast<const Memory*>(dy + out);
        const Tap tap = convert_lanes<Tap>(typename StoredTaps<count>::Register(
            *reinterpret_cast<const typename StoredTaps<count>::Memory*>(winners + out)));
        seen |= tap;
        for (int i = 0; i < 2; ++i) {
          const V left = tap == 2 * i ? gradient : V{};
          const V right = tap == 2 * i + 1 ? gradient : V{};
          T* const to = dx + (i == 0 ? top : bottom);
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
      });
  return seen;
}

template <class T>
bool max_pool_blocks_backward(const Blocks& blocks, const T* dy, const std::uint16_t* winners,
                              T* dx) {
  const Index whole = rows_of_whole_vectors<T>(blocks);
  const auto seen = max_pool_rows_backward<lanes<T>>(blocks, 0, whole, dy, winners, dx);
  bool are_taps = max_pool_rows_backward<1>(blocks, whole, blocks.rows(), dy, winners, dx) < 4;
  if constexpr (lanes<T> == 1) {
    return are_taps && seen < 4;
  } else {
    for (int i = 0; i < lanes<T>; ++i) are_taps = are_taps && seen[i] < 4;
    return are_taps;
  }
}

template <class T>
inline constexpr BlockPooling<T> all_block_pooling{max_pool_blocks<T>, max_pool_blocks_backward<T>};

#endif
