// out = op(in...) element by element, between arrays of different types: the part of
// kernels-inl.hpp that elementwise operations run on.

#if !defined(DLFS_SIMD_LEVEL)  // read by itself, as an editor does: within the level `base`
#include "dlfs/simd/kernels.hpp"
namespace dlfs::simd::base::shown {
#endif

/// `count` lanes of T in a register.
template <class T, int count>
using Lanes = typename VectorOf<T, count>::Register;

/// The type after the next step of a conversion from From to To: an intermediate type, or To. g++
/// 12 converts vectors element by element if the element size changes by more than a factor of two,
/// or from small integers to real numbers. AVX-512 narrows integers in one step.
template <class To, class From>
constexpr auto next_stop() {
  constexpr bool from_integer = std::integral<From>;
  constexpr bool to_integer = std::integral<To>;
  if constexpr (from_integer && (to_integer ? sizeof(To) > 2 * sizeof(From) : sizeof(From) < 4)) {
    using Wider = dlfs::detail::SignedInteger<2 * sizeof(From)>;
    return std::conditional_t<std::is_signed_v<From>, Wider, std::make_unsigned_t<Wider>>{};
  } else if constexpr (from_integer && to_integer && sizeof(From) > 2 * sizeof(To) &&
                       vector_bytes < 64) {
    return dlfs::detail::SignedInteger<sizeof(From) / 2>{};
  } else if constexpr (!from_integer && to_integer && sizeof(To) < 4) {
    return std::int32_t{};
  } else {
    return To{};
  }
}

/// to = static_cast<To>(from), lane by lane.
template <int count, class From, class To>
DLFS_INLINE void convert(const Lanes<From, count>& from, Lanes<To, count>& to) {
#if defined(DLFS_SIMD_VECTORS)
  using Stop = decltype(next_stop<To, From>());
  if constexpr (std::same_as<From, To>) {
    to = from;
  } else if constexpr (count == 1) {
    to = static_cast<To>(from);
  } else {
    const auto stop = __builtin_convertvector(from, Lanes<Stop, count>);
    convert<count, Stop, To>(stop, to);
  }
#else
  to = static_cast<To>(from);
#endif
}

/// `count` elements from memory, as lanes of their register type.
template <int count, class T>
DLFS_INLINE void load_lanes(const T* from, Lanes<RegisterElement<T>, count>& to) {
  if constexpr (count == 1) {
    to = static_cast<RegisterElement<T>>(*from);
  } else if constexpr (dlfs::detail::HalfElement<T>) {
    to = Lanes<float, count>{};  // else g++ 12 warns
    for (int i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
  } else {
    to = *reinterpret_cast<const typename VectorOf<RegisterElement<T>, count>::Memory*>(from);
  }
}

template <int count, class T>
DLFS_INLINE void store_lanes(const Lanes<RegisterElement<T>, count>& from, T* to) {
  if constexpr (count == 1) {
    *to = static_cast<T>(from);
  } else if constexpr (dlfs::detail::HalfElement<T>) {
    for (int i = 0; i < count; ++i) to[i] = static_cast<T>(from[i]);
  } else {
    *reinterpret_cast<typename VectorOf<RegisterElement<T>, count>::Memory*>(to) = from;
  }
}

/// `count` elements, converted to the type in which an operation computes.
template <int count, class Compute>
struct Loaded {
  template <class T>
  DLFS_INLINE explicit Loaded(const T* from) {
    Lanes<RegisterElement<T>, count> lanes;
    load_lanes<count>(from, lanes);
    convert<count, RegisterElement<T>, Compute>(lanes, value);
  }
  Lanes<Compute, count> value;
};

/// result = op(in...) for `count` elements.
template <int count, class Compute, class Out, class Op, class... In>
DLFS_INLINE void compute_lanes(const Op& op, Lanes<RegisterElement<Out>, count>& result,
                               const In*... in) {
  using Value = Lanes<Compute, count>;
  if constexpr (std::same_as<Out, bool> && count > 1) {
    decltype(std::declval<Value>() < std::declval<Value>()) mask;
    op(Loaded<count, Compute>(in).value..., mask);
    convert<count, std::remove_cvref_t<decltype(mask[0])>, RegisterElement<bool>>(mask, result);
    result &= RegisterElement<bool>{1};
  } else if constexpr (std::same_as<Out, bool>) {
    bool value;
    op(Loaded<count, Compute>(in).value..., value);
    result = value;
  } else {
    Value value;
    op(Loaded<count, Compute>(in).value..., value);
    convert<count, Compute, RegisterElement<Out>>(value, result);
  }
}

/// A row of an operand. A row of one element is replaced by a vector of copies of it.
template <class T>
struct OperandRow {
  const T* data;
  Index mask;
  Index next;  // distance to the next row, or 0 if one element is repeated in all rows

  DLFS_INLINE OperandRow(const Operand<T>& operand, Index row, T* repeated, int count)
      : data(operand.data + row * operand.row_stride),
        mask(-operand.stride),
        next(operand.row_stride) {
    if (operand.stride != 0) return;
    std::fill_n(repeated, count, *data);
    data = repeated;
    next = 0;
  }

  /// The same row without its first elements.
  DLFS_INLINE OperandRow from(Index i) const {
    OperandRow rest = *this;
    rest.data = at(i);
    return rest;
  }
  DLFS_INLINE const T* at(Index i) const { return data + (i & mask); }
  DLFS_INLINE const T* at(Index row, Index i) const { return at(i) + row * next; }
};

template <class T, int count>
struct Repeated {
  Repeated() {}  // NOLINT(modernize-use-equals-default): leaves the elements uninitialised
  alignas(vector_bytes) T elements[count];
};

/// Copies fewer than `most` elements, a power of two, in two pieces that overlap.
template <int most, class T>
DLFS_INLINE void copy_pieces(const T* from, Index size, T* to) {
  constexpr int half = most / 2;
  if constexpr (half > 0) {
    if (size < half) return copy_pieces<half>(from, size, to);
    std::copy_n(from, half, to);
    std::copy_n(from + size - half, half, to + size - half);
  }
}
/// Not inlined: g++ 12 fails if it can merge a piece with the conversion of a vector.
template <int most, class T>
[[gnu::noinline]] void copy_few(const T* from, Index size, T* to) {
  copy_pieces<most>(from, size, to);
}

/// The elements of an operand that is shorter than a vector, extended to a vector.
template <int count, class T>
struct FilledUpOperand {
  FilledUpOperand(const OperandRow<T>& row, Index size) {
    copy_few<count>(row.data, size, elements);
  }
  T elements[count] = {};
};

/// Takes operands by value, because its stores could alias operands in memory.
template <int count, class Compute, class Op, class Out, class... In>
DLFS_INLINE void apply_to_row(const Op& op, Index size, Out* out, OperandRow<In>... in) {
  Lanes<RegisterElement<Out>, count> result;
  if (size >= count) {
    // The last vector overlaps the one before it, so its operands are read before anything is
    // written.
    Lanes<RegisterElement<Out>, count> last;
    compute_lanes<count, Compute, Out>(op, last, in.at(size - count)...);
    if ((in.mask & ...) != 0) {  // the usual case: no operand is a single element
      DLFS_TWO_TURNS for (Index i = 0; i < size - count; i += count) {
        compute_lanes<count, Compute, Out>(op, result, (in.data + i)...);
        store_lanes<count>(result, out + i);
      }
    } else {
      for (Index i = 0; i < size - count; i += count) {
        compute_lanes<count, Compute, Out>(op, result, in.at(i)...);
        store_lanes<count>(result, out + i);
      }
    }
    store_lanes<count>(last, out + size - count);
  } else if (size > 0) {
    compute_lanes<count, Compute, Out>(op, result,
                                       FilledUpOperand<count, In>(in, size).elements...);
    Out results[count];
    store_lanes<count>(result, results);
    copy_few<count>(results, size, out);
  }
}

/// See simd::apply.
template <class Compute, class Op, class Out, class... In>
DLFS_INLINE_CALLS void apply_vectors(const Op& op, Index rows, Index size, Out* out,
                                     Index out_stride, const Operand<In>&... in) {
  constexpr int count =
      std::min({lanes<Compute>, lanes<RegisterElement<Out>>, lanes<RegisterElement<In>>...});
  for (Index row = 0; row < rows; ++row) {
    apply_to_row<count, Compute>(op, size, out + row * out_stride,
                                 OperandRow<In>(in, row, Repeated<In, count>().elements, count)...);
  }
}

/// Adds terms of `count` columns to n sums.
template <int count, class Compute, std::size_t n, class Term, class... In>
DLFS_INLINE void add_terms_of(const Term& term, Lanes<Compute, count> (&sums)[n], const In*... in) {
  const auto add = [&]<std::size_t... k>(std::index_sequence<k...>) DLFS_INLINE_LAMBDA {
    term(Loaded<count, Compute>(in).value..., sums[k]...);
  };
  add(std::make_index_sequence<n>());
}

/// Adds the terms of a few vectors of `count` columns to the sums.
template <int count, int vectors, class Compute, std::size_t n, class Term, class... In>
DLFS_INLINE void add_up_vectors(const Term& term, Index rows, Index column,
                                const std::array<Compute*, n>& sums, const OperandRow<In>&... in) {
  Lanes<Compute, count> total[vectors][n] = {};
  for (Index first = 0; first < rows; first += terms_in_sequence) {
    Lanes<Compute, count> sum[vectors][n] = {};
    const Index last = std::min(rows, first + terms_in_sequence);
    for (Index i = first; i < last; ++i) {
      DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
        add_terms_of<count, Compute>(term, sum[v], in.at(i, column + v * count)...);
      }
    }
    DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
      DLFS_UNROLL for (std::size_t k = 0; k < n; ++k) detail::add_to(sum[v][k], total[v][k]);
    }
  }
  DLFS_UNROLL for (int v = 0; v < vectors; ++v) {
    DLFS_UNROLL for (std::size_t k = 0; k < n; ++k) {
      store_lanes<count>(total[v][k], sums[k] + column + v * count);
    }
  }
}

/// Adds the terms of the columns from `first` on. The last vector may overlap the one before.
template <int count, class Compute, std::size_t n, class Term, class... In>
DLFS_INLINE void add_up_vectors_from(const Term& term, Index rows, Index first, Index columns,
                                     const std::array<Compute*, n>& sums,
                                     const OperandRow<In>&... in) {
  if constexpr (count > 1) {
    if (columns < count) {
      return add_up_vectors_from<count / 2>(term, rows, first, columns, sums, in...);
    }
  }
  for (Index j = first; j < columns; j += count) {
    add_up_vectors<count, 1>(term, rows, std::min<Index>(j, columns - count), sums, in...);
  }
}

/// See simd::add_up_rows.
template <class Compute, std::size_t n, class Term, class... In>
DLFS_INLINE_CALLS void add_up_rows_of_vectors(const Term& term, Index rows, Index columns,
                                              const std::array<Compute*, n>& sums,
                                              const Operand<In>&... in) {
  constexpr int count = std::min({lanes<Compute>, lanes<RegisterElement<In>>...});
  constexpr int vectors = 4;  // vectors with independent sums
  const auto add_up = [&](const OperandRow<In>&... first_row) DLFS_INLINE_LAMBDA {
    Index j = 0;
    for (; j + vectors * count <= columns; j += vectors * count) {
      add_up_vectors<count, vectors>(term, rows, j, sums, first_row...);
    }
    add_up_vectors_from<count>(term, rows, j, columns, sums, first_row...);
  };
  add_up(OperandRow<In>(in, 0, Repeated<In, count>().elements, count)...);
}

/// a = op(a, b).
template <class Value, class Op>
DLFS_INLINE void combine(const Op& op, Value& a, const Value& b) {
  Value result;
  op(a, b, result);
  a = result;
}

#if defined(DLFS_SIMD_VECTORS)
/// Rotates the lanes by `width`.
template <int width, class Value, int... lane>
DLFS_INLINE void rotate(const Value& x, Value& out, std::integer_sequence<int, lane...>) {
  out = __builtin_shufflevector(x, x, ((lane + width) % static_cast<int>(sizeof...(lane)))...);
}

/// Every lane becomes x[0] op x[1] op ... op x[count - 1].
template <int count, int width = count / 2, class Value, class Op>
DLFS_INLINE void fold_lanes(const Op& op, Value& x) {
  if constexpr (width > 0) {
    Value rotated;
    rotate<width>(x, rotated, std::make_integer_sequence<int, count>{});
    combine<Value>(op, x, rotated);
    fold_lanes<count, width / 2>(op, x);
  }
}
#endif

/// result = x[0] op x[1] op ... of `count` lanes, whose values it changes.
template <int count, class Compute, class Op>
DLFS_INLINE void fold_to_one([[maybe_unused]] const Op& op, Lanes<Compute, count>& x,
                             Compute& result) {
  if constexpr (count == 1) {
    result = x;
  } else {
#if defined(DLFS_SIMD_VECTORS)
    fold_lanes<count>(op, x);
    result = x[0];
#endif
  }
}

/// The sums of one row. A long row is halved until each lane adds few terms in sequence.
template <int count, class Compute, std::size_t n, class Term, class... In>
[[gnu::noinline]] DLFS_INLINE_CALLS void add_up_row(const Term& term, Index columns,
                                                    std::array<Compute, n>& sums,
                                                    const OperandRow<In>&... in) {
  constexpr int chains = 4;  // independent sums
  if (columns > terms_in_sequence * chains * count) {
    const Index half = columns / 2 / count * count;
    std::array<Compute, n> others;
    add_up_row<count>(term, half, sums, in...);
    add_up_row<count>(term, columns - half, others, in.from(half)...);
    for (std::size_t k = 0; k < n; ++k) sums[k] += others[k];
    return;
  }
  Lanes<Compute, count> sum[chains][n] = {};
  Index j = 0;
  for (; j + chains * count <= columns; j += chains * count) {
    DLFS_UNROLL for (int c = 0; c < chains; ++c) {
      add_terms_of<count, Compute>(term, sum[c], in.at(j + c * count)...);
    }
  }
  for (; j + count <= columns; j += count) {
    add_terms_of<count, Compute>(term, sum[0], in.at(j)...);
  }
#if defined(DLFS_SIMD_VECTORS)
  if constexpr (count > 1) {
    if (j < columns) {
      // The last vector overlaps the one before it, or is extended. Only some of its lanes are new.
      Lanes<Compute, count> last[n] = {};
      if (columns >= count) {
        add_terms_of<count, Compute>(term, last, in.at(columns - count)...);
      } else {
        add_terms_of<count, Compute>(term, last,
                                     FilledUpOperand<count, In>(in, columns).elements...);
      }
      const Index first = columns >= count ? count - (columns - j) : 0;
      Lanes<Compute, count> lane;
      load_lanes<count>(lane_numbers<Compute>.data(), lane);
      const auto is_new = (lane >= static_cast<Compute>(first)) &
                          (lane < static_cast<Compute>(first + columns - j));
      for (std::size_t k = 0; k < n; ++k) sum[1][k] += is_new ? last[k] : Lanes<Compute, count>{};
    }
  }
#endif
  for (std::size_t k = 0; k < n; ++k) {
    Lanes<Compute, count> total = (sum[0][k] + sum[1][k]) + (sum[2][k] + sum[3][k]);
    const auto add = [](const auto& a, const auto& b, auto& out) { out = a + b; };
    fold_to_one<count>(add, total, sums[k]);
  }
}

/// See simd::add_up_columns.
template <class Compute, std::size_t n, class Term, class... In>
DLFS_INLINE_CALLS void add_up_columns_of_vectors(const Term& term, Index rows, Index columns,
                                                 const std::array<Compute*, n>& sums,
                                                 const Operand<In>&... in) {
  constexpr int count = std::min({lanes<Compute>, lanes<RegisterElement<In>>...});
  for (Index row = 0; row < rows; ++row) {
    std::array<Compute, n> totals;
    add_up_row<count>(term, columns, totals,
                      OperandRow<In>(in, row, Repeated<In, count>().elements, count)...);
    for (std::size_t k = 0; k < n; ++k) sums[k][row] = totals[k];
  }
}

/// See simd::fold.
template <class Compute, class Op, class In>
DLFS_INLINE_CALLS Compute fold_vectors(const Op& op, Index size, const In* in) {
  constexpr int count = std::min(lanes<Compute>, lanes<RegisterElement<In>>);
  constexpr int chains = 4;  // independent results
  constexpr int step = chains * count;
  using Value = Lanes<Compute, count>;
  Compute result = Loaded<1, Compute>(in).value;
  Index i = 1;
  if (size >= step) {
    Value parts[chains];
    const auto fold_sequence = [&](Value(&of)[chains], Index end) DLFS_INLINE_LAMBDA {
      DLFS_UNROLL for (int k = 0; k < chains; ++k) {
        of[k] = Loaded<count, Compute>(in + i + k * count).value;
      }
      for (i += step; i + step <= end; i += step) {
        DLFS_UNROLL for (int k = 0; k < chains; ++k) {
          combine<Value>(op, of[k], Loaded<count, Compute>(in + i + k * count).value);
        }
      }
    };
    constexpr Index sequence = terms_in_sequence * step;
    i = 0;
    fold_sequence(parts, std::min(size, sequence));
    while (i + step <= size) {  // NOLINT(bugprone-infinite-loop): fold_sequence moves i
      Value next[chains];
      fold_sequence(next, std::min(size, i + sequence));
      DLFS_UNROLL for (int k = 0; k < chains; ++k) combine<Value>(op, parts[k], next[k]);
    }
    for (; i + count <= size; i += count) {
      combine<Value>(op, parts[0], Loaded<count, Compute>(in + i).value);
    }
    combine<Value>(op, parts[0], parts[1]);
    combine<Value>(op, parts[2], parts[3]);
    combine<Value>(op, parts[0], parts[2]);
    fold_to_one<count>(op, parts[0], result);
  }
  for (; i < size; ++i) combine<Compute>(op, result, Loaded<1, Compute>(in + i).value);
  return result;
}

/// See simd::find.
template <class Compute, class In>
DLFS_INLINE_CALLS Index find_in_vectors(Compute value, Index size, const In* in) {
  const bool is_nan = value != value;
  Index i = 0;
#if defined(DLFS_SIMD_VECTORS)
  constexpr int count = std::min(lanes<Compute>, lanes<RegisterElement<In>>);
  if constexpr (count > 1) {
    using Number = dlfs::detail::SignedInteger<sizeof(Compute)>;
    constexpr Index together = 64;  // vectors, whose numbers fit in any Number
    while (!is_nan && i + count <= size) {
      const Index vectors = std::min(together, (size - i) / count);
      // The position of the value is hard to predict, so no branch depends on it until the end.
      Lanes<Number, count> number = Lanes<Number, count>{} + static_cast<Number>(vectors);
      Lanes<Number, count> first = number;  // for each lane: the first vector with the value
      for (const In* at = in + i + vectors * count; at != in + i;) {
        at -= count;
        number -= 1;
        first = Loaded<count, Compute>(at).value == value ? number : first;
      }
      Index best = vectors * count;
      for (int lane = 0; lane < count; ++lane) {
        best = std::min(best, Index{first[lane]} * count + lane);
      }
      if (best < vectors * count) return i + best;
      i += vectors * count;
    }
  }
#endif
  for (; i < size; ++i) {
    const Compute x = Loaded<1, Compute>(in + i).value;
    if (is_nan ? x != x : x == value) break;
  }
  return i;
}

#if !defined(DLFS_SIMD_LEVEL)
}
#endif
