// The kernels of one level of dlfs::simd. dlfs/simd/kernels.hpp includes this file once per
// instruction set, into a namespace that defines `vector_bytes` and the number of `registers`.

#if !defined(DLFS_SIMD_LEVEL)  // read by itself, as an editor does: within the level `base`
#include "dlfs/simd/kernels.hpp"
namespace dlfs::simd::base::shown {
#endif

/// `count` neighbouring elements, in a register or in memory of any alignment.
template <class T, int count>
struct VectorOf;

#if defined(DLFS_SIMD_VECTORS)
template <class T, int count>
struct VectorOf {
  typedef T Register __attribute__((vector_size(count * sizeof(T))));
  typedef T Memory __attribute__((vector_size(count * sizeof(T)), aligned(alignof(T)), may_alias));
};
#endif

/// One element, without the compiler's vectors, and for long double.
template <class T>
struct VectorOf<T, 1> {
  using Register = T;
  using Memory = T;
};

#if defined(DLFS_SIMD_VECTORS)
template <class T>
inline constexpr int lanes = vector_bytes / sizeof(T);
#else
template <class T>
inline constexpr int lanes = 1;
#endif

template <class T>
using Vector = typename VectorOf<T, lanes<T>>::Register;

template <class T>
DLFS_INLINE Vector<T> load(const T* from) {
  return *reinterpret_cast<const typename VectorOf<T, lanes<T>>::Memory*>(from);
}
template <class T>
DLFS_INLINE void store(T* to, Vector<T> value) {
  *reinterpret_cast<typename VectorOf<T, lanes<T>>::Memory*>(to) = value;
}

/// Loads a vector that many products use. Otherwise g++ (more often with -mtune=znver3) loads it
/// again for each product, and the loads limit the speed.
template <class T>
DLFS_INLINE void load_once(const T* from, Vector<T>& to) {
  to = load(from);
#if !defined(__clang__)
  dlfs::detail::make_opaque(to);
#endif
}

/// Whether a product and its sum are rounded once.
inline constexpr bool fuses = vector_bytes > 16 || detail::base_fuses;

/// Stands after the products of a row: they are added before the left factors of later rows are
/// read. clang, and g++ for ARM, would read those of all rows first, for which there are no
/// registers.
template <class V, std::size_t vectors>
DLFS_INLINE void end_row([[maybe_unused]] int row, [[maybe_unused]] V (&sum)[vectors]) {
#if defined(__aarch64__)
  if (row % 4 == 3) asm volatile("");  // registers hold four of them
#elif defined(__clang__) && defined(DLFS_SIMD_X86) && !defined(__NO_INLINE__)
  if constexpr (fuses) {
    DLFS_UNROLL for (std::size_t v = 0; v < vectors; ++v) {
      asm volatile("" : "+v"(sum[v]) : : "memory");
    }
  }
#endif
}

/// sum += a * b, where b is a vector or an element.
template <class V>
DLFS_INLINE void add_product(const V& a, const auto& b, V& sum) {
  if constexpr (std::integral<detail::ElementOf<V>>) {
    const V factor = static_cast<V>(b - V{});
    detail::wrap_around([](const auto& x, const auto& y, const auto& z, auto& out)
                            DLFS_INLINE_LAMBDA { out = x * y + z; },
                        sum, a, factor, sum);
  } else if constexpr (fuses && !std::same_as<V, long double>) {
    const V factor = b - V{};
    detail::fuse(a, factor, sum, sum);
  } else {
    V product = a * b;
    dlfs::detail::make_opaque(product);
    sum += product;
  }
}

/// Rows of the largest tile: with its sums, registers hold nr_vectors right factors and a left
/// one. As in BLIS, a tile is 8 by 12 floats with NEON.
inline constexpr int mr = registers / 4;
static_assert(mr * nr_vectors + nr_vectors + 1 <= registers);
static_assert(std::bit_width(unsigned{mr}) <= row_counts);

/// 0, 1, 2...
template <class T>
inline constexpr auto lane_numbers = [] {
  std::array<T, lanes<T>> numbers{};
  for (int i = 0; i < lanes<T>; ++i) numbers[static_cast<std::size_t>(i)] = static_cast<T>(i);
  return numbers;
}();

/// See Tile.
template <class T, int rows, int vectors>
void micro_kernel(const Tile<T>& tile) {
  Vector<T> sum[rows][vectors];
  const T* a[rows];
  const T* b[vectors];
  DLFS_UNROLL for (int i = 0; i < rows; ++i) {
    a[i] = tile.a + i * tile.a_stride;
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
      sum[i][v] =
          tile.start != nullptr ? tile.start[i] - Vector<T>{} : load(tile.c[v] + i * tile.c_stride);
    }
  }
  DLFS_UNROLL for (int v = 0; v < vectors; ++v) b[v] = tile.b[v];

  const auto add_term = [&](const Term& term) DLFS_INLINE_LAMBDA {
    Vector<T> right[vectors];
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) load_once(b[v] + term.b, right[v]);
    DLFS_UNROLL for (int i = 0; i < rows; ++i) {
      const T left = a[i][term.a];
      DLFS_UNROLL for (int v = 0; v < vectors; ++v) add_product(right[v], left, sum[i][v]);
      end_row(i, sum[i]);
    }
  };
  // The loops need all registers. So the address of `tile` is read from memory after them, and the
  // steps are counted down, which needs no register for the end.
  const Tile<T>* const volatile tile_after = &tile;
  const Index depth = tile.depth;
  if (const Term* const terms = tile.terms; terms != nullptr) {
    for (const Term* term = terms; term != terms + depth; ++term) add_term(*term);
  } else {
    const Term step = tile.step;
    Term term{};
    for (Index left = depth; left > 0; --left) {
      add_term(term);
      term.a += step.a;
      term.b += step.b;
    }
  }

  const Tile<T>& results = *tile_after;
  const Index c_stride = results.c_stride;
  T* c[vectors];
  DLFS_UNROLL for (int v = 0; v < vectors; ++v) c[v] = results.c[v];
  if (results.adds) {
    DLFS_UNROLL for (int i = 0; i < rows; ++i) {
      DLFS_UNROLL for (int v = 0; v < vectors; ++v) sum[i][v] += load(c[v] + i * c_stride);
    }
  }
  DLFS_UNROLL for (int i = 0; i < rows; ++i) {
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
      store(c[v], sum[i][v]);
      c[v] += c_stride;
    }
  }
}

/// Computes `rows` rows of block_kernel, with b in registers.
template <int rows, class T>
DLFS_INLINE void multiply_rows(Index depth, const Rows<const T>& a, const Vector<T>* b,
                               const Rows<const T>& start, const Rows<T>& c) {
  Vector<T> sum[rows];
  const T* left[rows];
  DLFS_UNROLL for (int i = 0; i < rows; ++i) {
    sum[i] = start.data != nullptr ? load(start.row(i)) : Vector<T>{};
    left[i] = a.row(i);
  }
  DLFS_UNROLL for (int t = 0; t < lanes<T>; ++t) {
    if (t == depth) break;
    DLFS_UNROLL for (int i = 0; i < rows; ++i) add_product(b[t], left[i][t], sum[i]);
  }
  DLFS_UNROLL for (int i = 0; i < rows; ++i) store(c.row(i), sum[i]);
}

/// See Kernels::block_kernel.
template <class T>
void block_kernel(Index rows, Index depth, Rows<const T> a, Rows<const T> b, Rows<const T> start,
                  Rows<T> c) {
  Vector<T> block[lanes<T>];  // repeats the last row if there are fewer
  DLFS_UNROLL for (int t = 0; t < lanes<T>; ++t) {
    block[t] = load(b.data);
    if (t + 1 < depth) b.data += b.stride;
  }
  // Eight sums at a time hide the latency of an FMA. Two registers remain for factors.
  constexpr int together = std::clamp(registers - lanes<T> - 2, 1, 8);
  Index i = 0;
  for (; i + together <= rows; i += together) {
    multiply_rows<together>(depth, a.from(i), block, start.from(i), c.from(i));
  }
  for (; i < rows; ++i) multiply_rows<1>(depth, a.from(i), block, start.from(i), c.from(i));
}

/// See Kernels::outer_kernel.
template <class T>
void outer_kernel(Index depth, Rows<const T> a, Rows<const T> b, Rows<T> c, Store store_c) {
  constexpr int rows = 2 * mr;
  Vector<T> sum[rows][1];
  DLFS_UNROLL for (int i = 0; i < rows; ++i) {
    sum[i][0] = store_c == Store::add ? load(c.row(i)) : Vector<T>{};
  }
  for (; depth > 0; --depth, a.data += a.stride, b.data += b.stride) {
    Vector<T> right;
    load_once(b.data, right);
    DLFS_UNROLL for (int i = 0; i < rows; ++i) {
      add_product(right, a.data[i], sum[i][0]);
      end_row(i, sum[i]);
    }
  }
  DLFS_UNROLL for (int i = 0; i < rows; ++i) store(c.row(i), sum[i][0]);
}

/// c[j] += left[0] * row[0][j] + left[1] * row[1][j] + ... for the columns j >= `first` that fill
/// vectors of `width`. Also prefetches the elements `ahead` of them. Returns the next column.
template <int width, bool fetches, class T, std::size_t terms>
DLFS_INLINE Index add_terms(Index first, Index columns, const std::array<T, terms>& left,
                            const std::array<const T*, terms>& row, Index ahead, T* c) {
  using Memory = typename VectorOf<T, width>::Memory;
  using Register = typename VectorOf<T, width>::Register;
  Index j = first;
  for (; j + width <= columns; j += width) {
    Register sum = *reinterpret_cast<const Memory*>(c + j);
    DLFS_UNROLL for (std::size_t t = 0; t < terms; ++t) {
      if constexpr (fetches) prefetch_soon(row[t] + j + ahead);
      const Register right = *reinterpret_cast<const Memory*>(row[t] + j);
      add_product(right, left[t], sum);
    }
    *reinterpret_cast<Memory*>(c + j) = sum;
  }
  return j;
}

/// The same for the columns that do not fill a vector of `width`: in narrower vectors, or, for one
/// term, one by one.
template <int width, class T, std::size_t terms>
DLFS_INLINE void add_last_terms(Index first, Index columns, const std::array<T, terms>& left,
                                const std::array<const T*, terms>& row, T* c) {
  if constexpr (width > 1) {
    constexpr int narrower = terms == 1 ? 1 : width / 2;
    const Index next = add_terms<narrower, false>(first, columns, left, row, 0, c);
    add_last_terms<narrower>(next, columns, left, row, c);
  }
}

/// row_kernel for at most `vectors` vectors of `width` columns, whose sums stay in registers. The
/// last vector of a row overlaps the rows after it.
template <int width, int vectors, class T>
void short_row_kernel(Index depth, Index columns, const T* a, Index a_stride, const T* b,
                      Index b_stride, const T* start, T* c) {
  using Register = typename VectorOf<T, width>::Register;
  using Memory = typename VectorOf<T, width>::Memory;
  constexpr int all = vectors * width;
  const bool is_whole = columns == all;
  Index direct = depth;
  std::array<T, 2 * all> end;
  // The last rows do not have enough memory after them, so they are read from a copy.
  if (!is_whole) {
    direct = rows_of_whole_vectors(depth, columns, b_stride, all);
    end.fill(T(0));
    const Index size = (depth - 1) * b_stride + columns;
    if (direct < depth) std::copy(b + direct * b_stride, b + size, end.data());
  }
  std::array<T, all> padded{};
  if (start != nullptr && !is_whole) std::copy_n(start, columns, padded.data());
  const T* const first = start != nullptr && is_whole ? start : padded.data();

  Register sum[vectors];
  DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
    sum[v] = *reinterpret_cast<const Memory*>(first + v * width);
  }
  const auto add_term = [&sum](T left, const T* row) {
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
      const Register right = *reinterpret_cast<const Memory*>(row + v * width);
      add_product<Register>(right, left, sum[v]);
    }
  };
  for (Index t = 0; t < direct; ++t) add_term(a[t * a_stride], b + t * b_stride);
  for (Index t = direct; t < depth; ++t) {
    add_term(a[t * a_stride], end.data() + (t - direct) * b_stride);
  }
  T* const sums = is_whole ? c : padded.data();
  DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
    *reinterpret_cast<Memory*>(sums + v * width) = sum[v];
  }
  if (!is_whole) std::copy_n(sums, columns, c);
}

template <class T>
void row_kernel(Index depth, Index columns, const T* a, Index a_stride, const T* b, Index b_stride,
                const T* start, T* c) {
  if (b_stride > 0 && columns <= 2 * lanes<T>) {
    constexpr int half = std::max(1, lanes<T> / 2);
    const auto multiply = columns <= half       ? short_row_kernel<half, 1, T>
                          : columns <= lanes<T> ? short_row_kernel<lanes<T>, 1, T>
                                                : short_row_kernel<lanes<T>, 2, T>;
    return multiply(depth, columns, a, a_stride, b, b_stride, start, c);
  }
  if (start == nullptr) {
    std::fill_n(c, columns, T(0));
  } else if (start != c) {
    std::copy_n(start, columns, c);
  }
  // Terms per pass over c, so that c is seldom read and written.
  constexpr std::size_t terms = 8;
  const Index step = Index{terms} * b_stride;
  // Short rows that begin within a cache line arrive slowly from the second-level cache.
  const bool fetches = b_stride % lanes<T> != 0 && columns <= 8 * lanes<T> &&
                       depth * b_stride > Index{64 * 1024 / sizeof(T)};
  std::array<T, terms> left;
  std::array<const T*, terms> row;
  Index t = 0;
  for (; t + Index{terms} <= depth; t += Index{terms}) {
    DLFS_UNROLL for (std::size_t i = 0; i < terms; ++i) {
      left[i] = a[(t + Index(i)) * a_stride];
      row[i] = b + (t + Index(i)) * b_stride;
    }
    const Index next = fetches ? add_terms<lanes<T>, true>(0, columns, left, row, step, c)
                               : add_terms<lanes<T>, false>(0, columns, left, row, 0, c);
    add_last_terms<lanes<T>>(next, columns, left, row, c);
  }
  for (; t < depth; ++t) {
    const std::array<T, 1> one_left{a[t * a_stride]};
    const std::array<const T*, 1> one_row{b + t * b_stride};
    const Index next = add_terms<lanes<T>, false>(0, columns, one_left, one_row, 0, c);
    add_last_terms<lanes<T>>(next, columns, one_left, one_row, c);
  }
}

#if defined(DLFS_SIMD_VECTORS)
template <class T, int... i>
DLFS_INLINE Vector<T> load_every_other(const T* from, std::integer_sequence<int, i...>) {
  return __builtin_shufflevector(load(from), load(from + lanes<T>), (2 * i)...);
}
#endif

/// from[0], from[step], from[2 * step], ... for a step of 1 or 2: reads `step` vectors.
template <class T>
DLFS_INLINE Vector<T> load(const T* from, [[maybe_unused]] Index step) {
#if defined(DLFS_SIMD_VECTORS)
  constexpr int count = lanes<T>;
  if constexpr (count > 1) {
    if (step == 2) return load_every_other(from, std::make_integer_sequence<int, count>{});
  }
#endif
  return load(from);
}

/// Columns [j, j + lanes) of all rows; see Kernels::copy_rows.
template <class T>
void copy_vectors(Index rows, Index j, const Source<T>& source, T* to, Index to_stride) {
  const Source<T> from = source;  // a copy, because the output might alias `source`
  const auto lane_of = [j](Index column) {
    return static_cast<T>(std::clamp<Index>(column - j, 0, lanes<T>));
  };
  const Vector<T> lane = load(lane_numbers<T>.data());
  // Selects from a whole vector: a masked load would be a branch for each lane. Outside the
  // columns, exactly one of the two comparisons holds.
  const auto is_inside =
      (lane >= lane_of(from.columns.begin)) == (lane < lane_of(from.columns.end));
  const auto is_readable = [&from](const T* row) {
    return (from.step == 1 || from.step == 2) && row >= from.memory_begin &&
           from.memory_end - row >= from.step * lanes<T>;
  };
  T* out = to + j;
  Index i = 0;
  for (; i < from.rows.begin; ++i, out += to_stride) store(out, Vector<T>{});
  const T* row = from.data + i * from.stride + j * from.step;
  while (i < from.rows.end) {
    for (; i < from.rows.end && is_readable(row); ++i, row += from.stride, out += to_stride) {
      store(out, is_inside ? load(row, from.step) : Vector<T>{});
    }
    for (; i < from.rows.end && !is_readable(row); ++i, row += from.stride, out += to_stride) {
      for (Index k = 0; k < lanes<T>; ++k) {
        out[k] = from.columns.contains(j + k) ? row[k * from.step] : T(0);
      }
    }
  }
  for (; i < rows; ++i, out += to_stride) store(out, Vector<T>{});
}

template <class T>
void copy_rows(Index rows, Index columns, const Source<T>& from, T* to, Index to_stride) {
  Index j = 0;
  for (; j + lanes<T> <= columns; j += lanes<T>) copy_vectors(rows, j, from, to, to_stride);
  // The last vector overlaps the one before it.
  if (j < columns) copy_vectors(rows, std::max<Index>(0, columns - lanes<T>), from, to, to_stride);
}

#if defined(DLFS_SIMD_VECTORS)
template <class Row, int... i>
DLFS_INLINE void interleave(Row a, Row b, Row& low, Row& high, std::integer_sequence<int, i...>) {
  constexpr int side = sizeof...(i);
  low = __builtin_shufflevector(a, b, (i / 2 + i % 2 * side)...);
  high = __builtin_shufflevector(a, b, (side / 2 + i / 2 + i % 2 * side)...);
}

/// Transposes a square in registers. Each of log2(side) steps interleaves the first half of the
/// rows with the second.
template <class T, int side>
DLFS_INLINE void transpose_square(const T* from, Index from_stride, T* to, Index to_stride) {
  using Row = typename VectorOf<T, side>::Register;
  using Memory = typename VectorOf<T, side>::Memory;
  Row rows[side];
  Row next[side];
  DLFS_UNROLL for (int i = 0; i < side; ++i) {
    rows[i] = *reinterpret_cast<const Memory*>(from + i * from_stride);
  }
  DLFS_UNROLL for (int step = 1; step < side; step *= 2) {
    DLFS_UNROLL for (int i = 0; i < side / 2; ++i) {
      interleave(rows[i], rows[i + side / 2], next[2 * i], next[2 * i + 1],
                 std::make_integer_sequence<int, side>{});
    }
    DLFS_UNROLL for (int i = 0; i < side; ++i) rows[i] = next[i];
  }
  DLFS_UNROLL for (int i = 0; i < side; ++i) {
    *reinterpret_cast<Memory*>(to + i * to_stride) = rows[i];
  }
}

/// The last squares overlap those before them.
template <class T, int side>
void transpose_squares(Index rows, Index columns, const T* from, Index from_stride, T* to,
                       Index to_stride) {
  for (Index left = 0; left < columns; left += side) {
    const Index j = std::min(left, columns - side);
    for (Index top = 0; top < rows; top += side) {
      const Index i = std::min(top, rows - side);
      transpose_square<T, side>(from + i * from_stride + j, from_stride, to + j * to_stride + i,
                                to_stride);
    }
  }
}
#endif

/// See Kernels::transpose.
template <class T>
void transpose_matrix(Index rows, Index columns, const T* from, Index from_stride, T* to,
                      Index to_stride) {
#if defined(DLFS_SIMD_VECTORS)
  constexpr int side = lanes<T> < 8 ? lanes<T> : 8;
  const Index least = std::min(rows, columns);
  if constexpr (side > 1) {
    if (least >= side) {
      return transpose_squares<T, side>(rows, columns, from, from_stride, to, to_stride);
    }
  }
  if constexpr (side > 2) {
    if (least >= side / 2) {
      return transpose_squares<T, side / 2>(rows, columns, from, from_stride, to, to_stride);
    }
  }
#endif
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) to[j * to_stride + i] = from[i * from_stride + j];
  }
}

/// Parallel lines of elements: element i of line j is data[j * line + i * step].
template <class T>
struct Lines {
  T* data;
  Index line;
  Index step;
};

/// One dimension of a transformation: to[i] = start + sum over j of matrix[i][j] from[j] along each
/// of `count` lines.
template <class T, const auto& matrix>
DLFS_INLINE void transform_lines(Index count, Lines<const T> from, const Vector<T>& start,
                                 Lines<T> to) {
  constexpr int rows = static_cast<int>(matrix.size());
  constexpr int columns = static_cast<int>(matrix[0].size());
  for (; count > 0; --count, from.data += from.line, to.data += to.line) {
    Vector<T> in[columns];
    DLFS_UNROLL for (int j = 0; j < columns; ++j) in[j] = load(from.data + j * from.step);
    DLFS_UNROLL for (int i = 0; i < rows; ++i) {
      const auto& factors = matrix[static_cast<std::size_t>(i)];
      Vector<T> sum = start;
      DLFS_UNROLL for (int j = 0; j < columns; ++j) {
        const double factor = factors[static_cast<std::size_t>(j)];
        if (factor == 1) {
          sum += in[j];
        } else if (factor != 0) {
          add_product(in[j], static_cast<T>(factor), sum);
        }
      }
      store(to.data + i * to.step, sum);
    }
  }
}

/// See Transform.
template <class T, const auto& matrix>
void transform(Index tiles, Index count, const Squares<const T>& from, const T* start,
               const Squares<T>& to) {
  constexpr Index rows = matrix.size();
  constexpr Index columns = matrix[0].size();
  std::array<T, rows * columns * lanes<T>> half;  // M from, one column after another
  for (Index k = 0; k < count; k += lanes<T>) {
    const Vector<T> first = start != nullptr ? load(start + k) : Vector<T>{};
    for (Index t = 0; t < tiles; ++t) {
      // One loop runs both dimensions, so that the code is compiled once.
      Index lines = columns;
      Lines<const T> in{from.data + t * from.step + k, from.column, from.row};
      Lines<T> out{half.data(), lanes<T>, columns * lanes<T>};
      Vector<T> sum{};
      for (int dimension = 0; dimension < 2; ++dimension) {
        transform_lines<T, matrix>(lines, in, sum, out);
        lines = rows;
        in = {half.data(), columns * lanes<T>, lanes<T>};
        out = {to.data + t * to.step + k, to.row, to.column};
        sum = first;
      }
    }
  }
}

template <class T>
void lane_kernel(const Tile<T>& tile, Index rows, const T* next, Index next_step) {
  constexpr int vectors = nr_vectors;
  Vector<T> sum[mr][vectors] = {};
  const T* a[mr];
  DLFS_UNROLL for (int i = 0; i < mr; ++i) {
    a[i] = tile.a + std::min<Index>(i, rows - 1) * tile.a_stride;
  }
  const T* b[vectors];
  DLFS_UNROLL for (int v = 0; v < vectors; ++v) b[v] = tile.b[v];
  for (Index j = 0; j < tile.depth; j += lanes<T>) {
    for (Index k = 0; k < next_step; k += lanes<T>) prefetch_later(next + k);
    next += next_step;
    Vector<T> right[vectors];
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) load_once(b[v] + j, right[v]);
    DLFS_UNROLL for (int i = 0; i < mr; ++i) {
      Vector<T> left;
      load_once(a[i] + j, left);
      DLFS_UNROLL for (int v = 0; v < vectors; ++v) add_product(left, right[v], sum[i][v]);
      end_row(i, sum[i]);
    }
  }
  DLFS_UNROLL for (int i = 0; i < mr; ++i) {
    if (i >= rows) break;
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
      T* const c = tile.c[v] + i * tile.c_stride;
      store(c, load(c) + sum[i][v]);
    }
  }
}

/// A block of window_sums, from position (i, j) on.
template <int rows, int vectors, class T>
DLFS_INLINE void sum_window(const WindowPlane<T>& plane, const T* weights, T start, Index i,
                            Index j, T* out) {
  Vector<T> sum[rows][vectors];
  DLFS_UNROLL for (int r = 0; r < rows; ++r) {
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) sum[r][v] = start - Vector<T>{};
  }
  const T* const pixels = plane.pixels + i * plane.row + j;
  for (Index t = 0; t < plane.taps; ++t) {
    const T* const first = pixels + plane.offsets[t];
    const T weight = weights[t];
    DLFS_UNROLL for (int r = 0; r < rows; ++r) {
      DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
        add_product<Vector<T>>(load(first + r * plane.row + v * lanes<T>), weight, sum[r][v]);
      }
    }
  }
  DLFS_UNROLL for (int r = 0; r < rows; ++r) {
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
      store(out + (i + r) * plane.columns + j + v * lanes<T>, sum[r][v]);
    }
  }
}

/// See Kernels::window_sums.
template <class T>
void window_sums(const WindowPlane<T>& plane_in_memory, const T* weights, T start, T* out) {
  const WindowPlane<T> plane = plane_in_memory;  // a copy, because `out` might alias it
  constexpr int together = 4;
  const Index last = std::max<Index>(0, plane.columns - lanes<T>);
  Index i = 0;
  for (; i + together <= plane.rows; i += together) {
    Index j = 0;
    for (; j + 2 * lanes<T> <= plane.columns; j += 2 * lanes<T>) {
      sum_window<together, 2>(plane, weights, start, i, j, out);
    }
    for (; j < plane.columns; j += lanes<T>) {
      sum_window<together, 1>(plane, weights, start, i, std::min(j, last), out);
    }
  }
  for (; i < plane.rows; ++i) {
    for (Index j = 0; j < plane.columns; j += lanes<T>) {
      sum_window<1, 1>(plane, weights, start, i, std::min(j, last), out);
    }
  }
}

/// `together` taps of window_products, from tap t on.
template <int together, class T>
DLFS_INLINE void multiply_window(const WindowPlane<T>& plane, const T* factors, Index t, T* sums) {
  Vector<T> sum[together] = {};
  const T* row[together];
  DLFS_UNROLL for (int k = 0; k < together; ++k) row[k] = plane.pixels + plane.offsets[t + k];
  const Vector<T> lane = load(lane_numbers<T>.data());
  const Index whole = plane.columns / lanes<T> * lanes<T>;
  const auto is_inside = lane < static_cast<T>(plane.columns - whole);
  for (Index i = 0; i < plane.rows; ++i, factors += plane.columns) {
    Index j = i * plane.row;
    for (const Index end = j + whole; j < end; j += lanes<T>) {
      Vector<T> factor;
      load_once(factors + (j - i * plane.row), factor);
      DLFS_UNROLL for (int k = 0; k < together; ++k) add_product(load(row[k] + j), factor, sum[k]);
    }
    if (whole == plane.columns) continue;
    // What lies outside might be NaN, so both factors are replaced.
    const Vector<T> factor = is_inside ? load(factors + whole) : Vector<T>{};
    DLFS_UNROLL for (int k = 0; k < together; ++k) {
      const Vector<T> pixel = is_inside ? load(row[k] + j) : Vector<T>{};
      add_product(pixel, factor, sum[k]);
    }
  }
  DLFS_UNROLL for (int k = 0; k < together; ++k) {
    std::array<T, lanes<T>> parts;
    store(parts.data(), sum[k]);
    T total = parts[0];
    for (std::size_t l = 1; l < parts.size(); ++l) total += parts[l];
    sums[t + k] += total;
  }
}

/// See Kernels::window_products.
template <class T>
void window_products(const WindowPlane<T>& plane_in_memory, const T* factors, T* sums) {
  const WindowPlane<T> plane = plane_in_memory;
  // The taps of a window of 3x3, and enough chains for an FMA's latency.
  constexpr int together = 9;
  Index t = 0;
  for (; t + together <= plane.taps; t += together) {
    multiply_window<together>(plane, factors, t, sums);
  }
  for (; t < plane.taps; ++t) multiply_window<1>(plane, factors, t, sums);
}

#if defined(DLFS_SIMD_LEVEL)
#include "dlfs/simd/elementwise-inl.hpp"
#include "dlfs/simd/map-inl.hpp"
#include "dlfs/simd/pooling-inl.hpp"
#endif

template <class T, int... exponent>
constexpr Kernels<T> list_kernels(std::integer_sequence<int, exponent...>) {
  return {mr,
          lanes<T>,
          {{micro_kernel<T, 1 << exponent, 1>, micro_kernel<T, 1 << exponent, 2>,
            micro_kernel<T, 1 << exponent, 3>}...},
          block_kernel<T>,
          outer_kernel<T>,
          row_kernel<T>,
          row_product<T>,
          copy_rows<T>,
          transpose_matrix<T>,
          lane_kernel<T>,
          window_sums<T>,
          window_products<T>,
          {transform<T, winograd::pixels>, transform<T, winograd::taps>,
           transform<T, winograd::outputs>, transform<T, winograd::outputs_of_points>,
           transform<T, winograd::taps_of_points>}};
}

template <class T>
inline constexpr Kernels<T> all_kernels =
    list_kernels<T>(std::make_integer_sequence<int, std::bit_width(unsigned{mr})>{});

/// The level that simd::at_level passes on.
struct ThisLevel {
  template <class T>
  static const Kernels<T>& kernels() {
    return all_kernels<T>;
  }
  template <class Formula, class... T>
  static void map(const Formula& formula, Index count, T*... arrays) {
    map_vectors(formula, count, arrays...);
  }
  template <const auto& parts_of_x, const auto& parts_of_h, class Formula, class T, class... Arrays>
  static void map_sums(const Formula& formula, Index width, const T* start,
                       const RowTimesMatrix<T>& x, const RowTimesMatrix<T>& h, Arrays*... arrays) {
    map_sums_of_vectors<parts_of_x, parts_of_h>(formula, width, start, x, h, arrays...);
  }
  template <class T>
  static void transpose(Index rows, Index columns, const T* from, Index from_stride, T* to,
                        Index to_stride) {
    transpose_matrix<T>(rows, columns, from, from_stride, to, to_stride);
  }
  template <class Compute, class Op, class Out, class... In>
  static void apply(const Op& op, Index rows, Index count, Out* out, Index out_stride,
                    const Operand<In>&... in) {
    apply_vectors<Compute>(op, rows, count, out, out_stride, in...);
  }
  template <class Term, class Sums, class... In>
  static void add_up_rows(const Term& term, Index rows, Index columns, const Sums& sums,
                          const Operand<In>&... in) {
    add_up_rows_of_vectors(term, rows, columns, sums, in...);
  }
  template <class Term, class Sums, class... In>
  static void add_up_columns(const Term& term, Index rows, Index columns, const Sums& sums,
                             const Operand<In>&... in) {
    add_up_columns_of_vectors(term, rows, columns, sums, in...);
  }
  template <class Compute, class Op, class In>
  static Compute fold(const Op& op, Index count, const In* in) {
    return fold_vectors<Compute>(op, count, in);
  }
  template <class Compute, class In>
  static Index find(Compute value, Index count, const In* in) {
    return find_in_vectors<Compute>(value, count, in);
  }
};

#if !defined(DLFS_SIMD_LEVEL)
}
#endif
