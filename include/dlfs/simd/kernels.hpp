#pragma once

// The kernels of dlfs::simd for each instruction set, chosen at run time.
//
// kernels-inl.hpp is compiled once per level, in a region whose functions use that level's
// instructions, under any flags of the translation unit. No vector crosses the boundary of such a
// region: outside functions pass pointers to elements.

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "dlfs/core/element.hpp"
#include "dlfs/core/promotion.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/simd/blocks.hpp"
#include "dlfs/simd/level.hpp"
#include "dlfs/simd/multiply_add.hpp"
#include "dlfs/simd/tile.hpp"
#include "dlfs/simd/winograd_transforms.hpp"
#include "dlfs/simd/wrap_around.hpp"

// Translation units with different flags compile the kernels differently, but the linker keeps only
// one function of each name. With the wrong one, a program could run instructions that the machine
// does not have. For this reason the names depend on the flags.
#if !defined(DLFS_SIMD_VECTORS)
#define DLFS_SIMD_NAMESPACE flags_scalar
#elif defined(__AVX512F__)
#define DLFS_SIMD_NAMESPACE flags_avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define DLFS_SIMD_NAMESPACE flags_avx2_fma
#elif defined(__AVX2__)
#define DLFS_SIMD_NAMESPACE flags_avx2
#elif defined(__AVX__)
#define DLFS_SIMD_NAMESPACE flags_avx
#elif defined(__SSE4_1__)
#define DLFS_SIMD_NAMESPACE flags_sse4
#else
#define DLFS_SIMD_NAMESPACE flags_none
#endif

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd {

/// Element types that have vectors.
template <class T>
concept Dispatched = std::same_as<T, float> || std::same_as<T, double>;

/// The type of elements of type T in a register: float for half types, and 0 or 1 for bool.
template <class T>
using RegisterElement =
    std::conditional_t<dlfs::detail::HalfElement<T>, float,
                       std::conditional_t<std::same_as<T, bool>, signed char, T>>;

/// One operand of `apply`: rows of neighbouring elements, or rows of one element.
template <class T>
struct Operand {
  const T* data;
  Index stride = 1;      // 1, or 0 if each row is one element
  Index row_stride = 0;  // distance from one row to the next, in elements
};

/// Max pooling of the first `rows` rows of blocks, at most blocks.rows_of_whole_vectors(lanes).
template <class T>
struct BlockPooling {
  Index lanes;
  /// See max_pooling. `argmax` may be null.
  void (*forward)(const Blocks& blocks, Index rows, const T* x, T* y, std::uint16_t* argmax);
  /// Writes the blocks of dx. Returns whether all argmax are taps.
  bool (*backward)(const Blocks& blocks, Index rows, const T* dy, const std::uint16_t* argmax,
                   T* dx);
};

/// Number of terms of a sum that are added in sequence. A longer sum is the sum of its halves, so
/// that the rounding error grows with the logarithm of the count.
inline constexpr Index terms_in_sequence = 32;

inline namespace DLFS_SIMD_NAMESPACE {

#define DLFS_SIMD_LEVEL  // for the files that the levels include

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"  // array bounds of type int in templates
#endif

#if defined(DLFS_SIMD_X86)

#define DLFS_SIMD_BEGIN(name, bytes, register_count, target, is_present) \
  DLFS_SIMD_PUSH_TARGET(target)                                          \
  namespace name {                                                       \
  inline constexpr int vector_bytes = bytes;                             \
  inline constexpr int registers = register_count;
#define DLFS_SIMD_END \
  }                   \
  DLFS_SIMD_POP_TARGET

DLFS_SIMD_AVX512(DLFS_SIMD_BEGIN)
#include "dlfs/simd/kernels-inl.hpp"
DLFS_SIMD_END

DLFS_SIMD_AVX2(DLFS_SIMD_BEGIN)
#include "dlfs/simd/kernels-inl.hpp"  // NOLINT(readability-duplicate-include)
DLFS_SIMD_END

#undef DLFS_SIMD_BEGIN
#undef DLFS_SIMD_END

#endif  // DLFS_SIMD_X86

namespace base {
inline constexpr int vector_bytes = 16;
#if defined(__aarch64__)
inline constexpr int registers = 32;
#else
inline constexpr int registers = 16;
#endif
#include "dlfs/simd/kernels-inl.hpp"  // NOLINT(readability-duplicate-include)
}  // namespace base

#undef DLFS_SIMD_LEVEL

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/// visit(ThisLevel()) of a level, as defined in kernels-inl.hpp. Elements other than float and
/// double use the base level.
template <class... T, class Visit>
decltype(auto) at([[maybe_unused]] Level chosen, const Visit& visit) {
#if defined(DLFS_SIMD_X86)
  if constexpr ((Dispatched<T> && ...)) {
    switch (chosen) {
#define DLFS_SIMD_VISIT(name, ...) \
  case Level::name:                \
    return visit(name::ThisLevel());
      DLFS_SIMD_LEVELS(DLFS_SIMD_VISIT)
#undef DLFS_SIMD_VISIT
      case Level::base:
        break;
    }
  }
#endif
  return visit(base::ThisLevel());
}

/// The same of the current level.
template <class... T, class Visit>
decltype(auto) at_level(const Visit& visit) {
  return at<T...>(level(), visit);
}

template <class T>
const Kernels<T>& kernels() {
  return at_level<T>([](auto level) -> const auto& { return level.template kernels<T>(); });
}

/// The kernels for rows of `row` blocks: the widest vectors pay if a row fills more than half of
/// one.
template <class T>
const BlockPooling<T>& block_pooling([[maybe_unused]] Index row) {
#if defined(DLFS_SIMD_X86)
  if constexpr (Dispatched<T>) {
    const BlockPooling<T>* widest = &base::all_block_pooling<T>;
#define DLFS_SIMD_WIDEN(name, ...)                                           \
  if (level() >= Level::name &&                                              \
      (widest == &base::all_block_pooling<T> || row > name::lanes<T> / 2)) { \
    widest = &name::all_block_pooling<T>;                                    \
  }
    DLFS_SIMD_LEVELS(DLFS_SIMD_WIDEN)
#undef DLFS_SIMD_WIDEN
    return *widest;
  }
#endif
  return base::all_block_pooling<T>;
}

/// The transpose of a matrix; see Kernels::transpose.
template <Dispatched T>
void transpose(Index rows, Index columns, const T* from, Index from_stride, T* to,
               Index to_stride) {
  at_level<T>(
      [&](auto level) { level.transpose(rows, columns, from, from_stride, to, to_stride); });
}

/// Calls `formula(x...)` with the corresponding elements of each array, for all `count` positions.
/// Changes are stored, except to const elements. Two arrays may be the same.
///
///   map([a]<class V>(const V& x, V& y) { y += a * x; }, count, x, y);
///
/// V is a vector of the current level: a GNU vector, with its elements' operators, comparisons that
/// give masks, and `mask ? a : b`. vector_math.hpp has more functions. No vector crosses the
/// boundary of a level by value, so formulas and all functions that they call take and return
/// references. For elements other than float and double, V is one element, half types as float.
template <class Formula, class... T>
void map(const Formula& formula, Index count, T*... arrays) {
  at_level<std::remove_const_t<T>...>([&](auto level) { level.map(formula, count, arrays...); });
}

/// Calls `formula(sum_0, sum_1, ..., x...)` with the corresponding elements of each array for all
/// `width` positions, a multiple of the level's lanes, where
///
///   sum_i[j] = start[i width + j] + (x.a x.b)[parts_of_x[i] width + j]
///                                 + (h.a h.b)[parts_of_h[i] width + j]
///
/// without the term of a negative part. x.b and h.b are packed by pack_parts for the same level.
/// Sums stay in registers. Arrays may not be x.a or h.a.
template <const auto& parts_of_x, const auto& parts_of_h, class Formula, class T, class... Arrays>
void map_sums(Level chosen, const Formula& formula, Index width, const T* start,
              const RowTimesMatrix<T>& x, const RowTimesMatrix<T>& h, Arrays*... arrays) {
  at<T>(chosen, [&](auto level) {
    level.template map_sums<parts_of_x, parts_of_h>(formula, width, start, x, h, arrays...);
  });
}

/// Packs a matrix b (terms, parts n) with dense rows for map_sums: in blocks of two vectors of the
/// columns of all parts, then one, with zeros where a part ends. `to` has terms * parts * width
/// elements.
template <class T>
void pack_parts(Index lanes, Index terms, Index parts, Index n, Index width, const T* b, T* to) {
  for (Index j = 0; j < width; j += 2 * lanes) {
    const Index end = std::min(j + 2 * lanes, width);
    for (Index t = 0; t < terms; ++t) {
      for (Index part = 0; part < parts; ++part) {
        for (Index column = j; column < end; ++column) {
          *to++ = column < n ? b[(t * parts + part) * n + column] : T(0);
        }
      }
    }
  }
}

/// visit(ThisLevel()) of the current level, for a loop that computes in any type.
template <class Compute, class Visit>
decltype(auto) at_level_for(const Visit& visit) {
  // long double is the only type without vectors.
  using Kind = std::conditional_t<std::same_as<Compute, long double>, long double, float>;
  return at_level<Kind>(visit);
}

/// out[i] = op(in[i]...) for `rows` rows, at distance `out_stride`, of `count` elements of any
/// types. Calls `op(x..., result)` with vectors of Compute: the elements are converted to Compute,
/// and the result is converted from it. If Out is bool, the result is the mask of a comparison of
/// these vectors. `out` may be one of the operands.
template <class Compute, class Op, class Out, class... In>
void apply(const Op& op, Index rows, Index count, Out* out, Index out_stride,
           const Operand<In>&... in) {
  return at_level_for<Compute>(
      [&](auto level) { level.template apply<Compute>(op, rows, count, out, out_stride, in...); });
}
/// The same for one row.
template <class Compute, class Op, class Out, class... In>
void apply(const Op& op, Index count, Out* out, const Operand<In>&... in) {
  apply<Compute>(op, 1, count, out, 0, in...);
}

/// sums[k][j] for j < size. leaf(first, last, sums) writes the sums of a range of at most `most`
/// rows, range by range in order; the sums of two halves are added.
template <class Compute, std::size_t n, class Leaf>
void add_up_halves(Index first, Index last, Index most, Index size,
                   const std::array<Compute*, n>& sums, const Leaf& leaf) {
  if (last - first <= most) return leaf(first, last, sums);
  const Index middle = first + (last - first) / 2;
  add_up_halves(first, middle, most, size, sums, leaf);
  const Scratch<Compute> memory(Index{n} * size);
  std::array<Compute*, n> others;
  for (std::size_t k = 0; k < n; ++k) others[k] = memory.data() + Index(k) * size;
  add_up_halves(middle, last, most, size, others, leaf);
  for (std::size_t k = 0; k < n; ++k) {
    map(AddTo(), size, static_cast<const Compute*>(others[k]), sums[k]);
  }
}

/// sums[k][j] = the k-th sum over the rows i < `rows` of what `term` adds to it for the elements
/// in(i, j). As in `apply`, `term(x..., sum...)` is called with vectors of Compute. An operand
/// whose rows are one element has the same element in all rows.
template <class Compute, std::size_t n, class Term, class... In>
void add_up_rows(const Term& term, Index rows, Index columns, const std::array<Compute*, n>& sums,
                 const Operand<In>&... in) {
  // The kernel adds sequences of sequences. Few wide rows are added at a time, to stay in a cache.
  constexpr Index cached_elements = 32 * 1024;
  const Index most_rows = std::clamp(cached_elements / std::max<Index>(columns, 1),
                                     terms_in_sequence, terms_in_sequence * terms_in_sequence);
  const auto add_up = [&](Index first, Index last, const std::array<Compute*, n>& to) {
    at_level_for<Compute>([&](auto level) {
      level.add_up_rows(term, last - first, columns, to,
                        Operand<In>{in.data + first * in.row_stride, in.stride, in.row_stride}...);
    });
  };
  add_up_halves(0, rows, most_rows, columns, sums, add_up);
}

/// sums[k][i] = the k-th sum over the columns j < `columns` of row i, in the same way. An operand
/// whose rows are one element has one for each row, as in `apply`.
template <class Compute, std::size_t n, class Term, class... In>
void add_up_columns(const Term& term, Index rows, Index columns,
                    const std::array<Compute*, n>& sums, const Operand<In>&... in) {
  at_level_for<Compute>(
      [&](auto level) { level.add_up_columns(term, rows, columns, sums, in...); });
}

/// in[0] op in[1] op ..., of at least one element, in an order that suits vectors. As in `apply`,
/// op is called with vectors or single elements of Compute.
template <class Compute, class Op, class In>
Compute fold(const Op& op, Index count, const In* in) {
  return at_level_for<Compute>(
      [&](auto level) { return level.template fold<Compute>(op, count, in); });
}

/// The position of the first element that equals the value, or, for a NaN, of the first NaN.
/// `count` if there is none.
template <class Compute, class In>
Index find(Compute value, Index count, const In* in) {
  return at_level_for<Compute>(
      [&](auto level) { return level.template find<Compute>(value, count, in); });
}

}  // namespace DLFS_SIMD_NAMESPACE
}  // namespace dlfs::simd
DLFS_STRICT_MATH_END

#undef DLFS_SIMD_NAMESPACE
