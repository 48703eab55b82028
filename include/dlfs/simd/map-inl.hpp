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

/// sum[i][v] += factor * vector v of part parts[i] of a block's row.
template <const auto& parts, class T, std::size_t sums, std::size_t vectors>
DLFS_INLINE void add_row(T factor, const T* row, Vector<T> (&sum)[sums][vectors]) {
  const auto add_part =
      [&]<std::size_t i>(std::integral_constant<std::size_t, i>) DLFS_INLINE_LAMBDA {
        constexpr int number = parts[i];
        if constexpr (number >= 0) {
          constexpr Index first = number * static_cast<Index>(vectors) * lanes<T>;
          DLFS_UNROLL for (std::size_t v = 0; v < vectors; ++v) {
            add_product<Vector<T>>(load(row + first + static_cast<Index>(v) * lanes<T>), factor,
                                   sum[i][v]);
          }
        }
      };
  [&]<std::size_t... i>(std::index_sequence<i...>) DLFS_INLINE_LAMBDA {
    (add_part(std::integral_constant<std::size_t, i>()), ...);
  }
  (std::make_index_sequence<sums>());
}

/// sum[i][v] += the product of a (terms) and vector v of part parts[i] of the rows, which stand at
/// distance `stride`. Each sum is one chain of products if there are enough sums to hide the
/// latency of a chain; otherwise each is several chains.
template <const auto& parts, class T, std::size_t sums, std::size_t vectors>
DLFS_INLINE void add_row_product(const T* a, Index terms, const T* row, Index stride,
                                 Vector<T> (&sum)[sums][vectors]) {
  constexpr std::size_t chains = std::clamp<std::size_t>(8 / (sums * vectors), 1, 4);
  Vector<T> others[chains][sums][vectors];
  if constexpr (chains > 1) {
    DLFS_UNROLL for (std::size_t c = 1; c < chains; ++c) {
      DLFS_UNROLL for (std::size_t i = 0; i < sums; ++i) {
        DLFS_UNROLL for (std::size_t v = 0; v < vectors; ++v) others[c][i][v] = Vector<T>{};
      }
    }
  }
  Index left = terms;
  for (; left >= Index{chains}; left -= Index{chains}, a += chains) {
    add_row<parts>(a[0], row, sum);
    row += stride;
    if constexpr (chains > 1) {
      DLFS_UNROLL for (std::size_t c = 1; c < chains; ++c, row += stride) {
        add_row<parts>(a[c], row, others[c]);
      }
    }
  }
  if constexpr (chains > 1) {
    for (; left > 0; --left, ++a, row += stride) add_row<parts>(*a, row, sum);
    DLFS_UNROLL for (std::size_t i = 0; i < sums; ++i) {
      DLFS_UNROLL for (std::size_t v = 0; v < vectors; ++v) {
        if constexpr (chains == 4) {
          sum[i][v] = (sum[i][v] + others[1][i][v]) + (others[2][i][v] + others[3][i][v]);
        } else {
          sum[i][v] += others[1][i][v];
        }
      }
    }
  }
}

/// See simd::map_sums: `vectors` vectors from column j on. Not inlined, so that the constants of
/// the formula do not take registers from the sums.
template <const auto& parts_of_x, const auto& parts_of_h, int vectors, class Formula, class T,
          class... Arrays>
DLFS_NOINLINE DLFS_INLINE_CALLS void map_block_of_sums(const Formula& formula, Index j, Index width,
                                                       const T* start, const RowTimesMatrix<T>& x,
                                                       const RowTimesMatrix<T>& h,
                                                       Arrays*... arrays) {
  constexpr std::size_t sums = parts_of_x.size();
  Vector<T> sum[sums][vectors];
  DLFS_UNROLL for (std::size_t i = 0; i < sums; ++i) {
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
      sum[i][v] = load(start + static_cast<Index>(i) * width + j + v * lanes<T>);
    }
  }
  // The blocks before column j have j columns of each part.
  const Index parts = x.columns / width;
  add_row_product<parts_of_x, T>(x.a, x.terms, x.b + j * parts * x.terms,
                                 parts * vectors * lanes<T>, sum);
  add_row_product<parts_of_h, T>(h.a, h.terms, h.b + j * parts * h.terms,
                                 parts * vectors * lanes<T>, sum);
  DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
    const Index at = j + v * lanes<T>;
    if constexpr (sums == 1) {
      formula(sum[0][v], InRegister<Arrays>(arrays + at).value()...);
    } else {
      static_assert(sums == 4);
      formula(sum[0][v], sum[1][v], sum[2][v], sum[3][v],
              InRegister<Arrays>(arrays + at).value()...);
    }
  }
}

/// See simd::map_sums.
template <const auto& parts_of_x, const auto& parts_of_h, class Formula, class T, class... Arrays>
void map_sums_of_vectors(const Formula& formula, Index width, const T* start,
                         const RowTimesMatrix<T>& x, const RowTimesMatrix<T>& h,
                         Arrays*... arrays) {
  Index j = 0;
  for (; j + 2 * lanes<T> <= width; j += 2 * lanes<T>) {
    map_block_of_sums<parts_of_x, parts_of_h, 2>(formula, j, width, start, x, h, arrays...);
  }
  if (j < width) {
    map_block_of_sums<parts_of_x, parts_of_h, 1>(formula, j, width, start, x, h, arrays...);
  }
}

inline constexpr std::array whole_row{0};

/// `vectors` vectors of row_product from column j on, while there are so many. Returns the next
/// column.
template <std::size_t vectors, class T>
DLFS_INLINE Index row_product_columns(Index j, const RowTimesMatrix<T>& product, const T* start,
                                      T* out) {
  constexpr auto count = static_cast<Index>(vectors);
  for (; j + count * lanes<T> <= product.columns; j += count * lanes<T>) {
    Vector<T> sum[1][vectors];
    DLFS_UNROLL for (std::size_t v = 0; v < vectors; ++v) {
      sum[0][v] = load(start + j + static_cast<Index>(v) * lanes<T>);
    }
    add_row_product<whole_row, T>(product.a, product.terms, product.b + j, product.columns, sum);
    DLFS_UNROLL for (std::size_t v = 0; v < vectors; ++v) {
      store(out + j + static_cast<Index>(v) * lanes<T>, sum[0][v]);
    }
  }
  return j;
}

/// See Kernels::row_product.
template <class T>
void row_product(const RowTimesMatrix<T>& product, const T* start, T* out) {
  Index j = row_product_columns<8>(0, product, start, out);
  j = row_product_columns<4>(j, product, start, out);
  j = row_product_columns<2>(j, product, start, out);
  row_product_columns<1>(j, product, start, out);
}

#if !defined(DLFS_SIMD_LEVEL)
}
#endif
