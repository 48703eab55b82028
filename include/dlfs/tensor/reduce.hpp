#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>

#include "dlfs/core/element.hpp"
#include "dlfs/core/expect.hpp"
#include "dlfs/core/loop_nest.hpp"
#include "dlfs/core/pairwise.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"
#include "dlfs/tensor/elementwise.hpp"

// Reductions over one axis, several, or all: sum(x, 0), sum(x, {0, -1}), sum(x). Sums are pairwise,
// so that the rounding error grows with the logarithm of the count. They are computed in float for
// half types and in 64 bits for integers. All functions throw ShapeError for an axis that does not
// exist or is named twice.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Whether a reduced axis is kept, with an extent of 1.
enum class KeepDims : bool { no, yes };

/// Axes to reduce: one, or a list. Negative ones count from the end.
class Axes {
 public:
  /// One axis, or several.
  Axes(int axis) : Axes({axis}) {}
  /// @throws ShapeError for more axes than a tensor can have.
  Axes(std::initializer_list<int> axes) {
    if (axes.size() > max_rank) {
      throw ShapeError(axes.size(), " axes named, where a shape has at most ", max_rank);
    }
    for (int axis : axes) axes_[static_cast<std::size_t>(count_++)] = axis;
  }

  /// The first axis.
  const int* begin() const& { return axes_.data(); }
  const int* begin() const&& = delete;
  /// Behind the last axis.
  const int* end() const& { return axes_.data() + count_; }
  const int* end() const&& = delete;

 private:
  std::array<int, max_rank> axes_{};
  int count_ = 0;
};

namespace detail {

/// For each axis of a shape, whether it is reduced.
using AxisFlags = std::array<bool, max_rank>;

inline AxisFlags all_axes() {
  AxisFlags flags;
  flags.fill(true);
  return flags;
}

inline AxisFlags axis_flags(const Shape& shape, const Axes& axes, std::string_view operation) {
  AxisFlags flags{};
  for (int axis : axes) {
    bool& flag = flags[static_cast<std::size_t>(shape.normalize_axis(axis))];
    if (flag) {
      throw ShapeError(operation, ": axis ", axis, " of the shape ", shape, " is named twice");
    }
    flag = true;
  }
  return flags;
}

inline Shape reduced_shape(const Shape& shape, const AxisFlags& reduced, KeepDims keep_dims) {
  Shape result;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (!reduced[static_cast<std::size_t>(axis)]) {
      result.push_back(shape[axis]);
    } else if (keep_dims == KeepDims::yes) {
      result.push_back(1);
    }
  }
  return result;
}

/// The axes of x that are reduced, or the axes that are not.
template <class T>
TensorView<T> select_axes(TensorView<T> x, const AxisFlags& reduced, bool select_reduced) {
  Shape shape;
  Strides strides{};
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (reduced[static_cast<std::size_t>(axis)] != select_reduced) continue;
    strides[static_cast<std::size_t>(shape.rank())] = x.stride(axis);
    shape.push_back(x.extent(axis));
  }
  return {x.data(), shape, strides};
}

/// op(op(a, b), c)..., for three or more values.
template <class Op>
struct OneByOne {
  template <class V>
  DLFS_INLINE void operator()(const V& a, const V& b, V& out) const {
    Op()(a, b, out);
  }
  template <class V, class... Rest>
  DLFS_INLINE void operator()(const V& a, const V& b, const V& c, Rest&&... rest) const {
    V of_two;
    Op()(a, b, of_two);
    (*this)(of_two, c, rest...);
  }
};

/// totals[j] = totals[j] op row[j]..., for one or more rows.
template <class Op, class A, class... T>
void combine_rows(Index width, A* totals, const T*... row) {
  if (width >= reduced_in_sequence) {
    simd::apply<A>(OneByOne<Op>(), width, totals, simd::Operand<A>{totals},
                   simd::Operand<T>{row}...);
  } else {
    for (Index j = 0; j < width; ++j) {
      OneByOne<Op>()(A(totals[j]), static_cast<A>(row[j])..., totals[j]);
    }
  }
}

/// Number of rows that are combined at a time, in registers: 1 + 3 * 5 = reduced_in_sequence.
inline constexpr Index rows_at_once = 5;

/// Like fold_pairwise, for arrays of `width` elements. The result of leaf(i, k) must stay valid
/// until the next call with the same k < rows_at_once.
template <class Op, class A, class Leaf>
void reduce_pairwise(Index first, Index last, Index width, A* totals, const Leaf& leaf) {
  if (last - first <= reduced_in_sequence) {
    const auto* const row = leaf(first, 0);
    for (Index j = 0; j < width; ++j) totals[j] = static_cast<A>(row[j]);
    Index i = first + 1;
    for (; i + rows_at_once <= last; i += rows_at_once) {
      combine_rows<Op>(width, totals, leaf(i, 0), leaf(i + 1, 1), leaf(i + 2, 2), leaf(i + 3, 3),
                       leaf(i + 4, 4));
    }
    for (; i < last; ++i) combine_rows<Op>(width, totals, leaf(i, 0));
    return;
  }
  const Index middle = first + (last - first) / 2;
  reduce_pairwise<Op>(first, middle, width, totals, leaf);
  const Scratch<A> right(width);
  reduce_pairwise<Op>(middle, last, width, right.data(), leaf);
  const A* const to_add = right.data();
  combine_rows<Op>(width, totals, to_add);
}

/// Reduces the flagged axes of x, which must not be empty, by Op. The results are in the row-major
/// order of the kept axes. They go to `write(first, results)` in pieces, where `first` is the index
/// of a piece's first result.
template <class Op, class T, class Write>
void reduce(TensorView<const T> x, const AxisFlags& reduced, const Write& write) {
  using A = typename Op::template Compute<T>;
  if (x.empty()) return;
  const auto kept_axes = select_axes(x, reduced, false);
  const auto reduced_axes = select_axes(x, reduced, true);
  const LoopNest<1> kept(kept_axes.layout());
  const LoopNest<1> folded(reduced_axes.layout());
  const Index kept_size = kept.row_extent();
  const Index kept_stride = kept.row_strides()[0];
  const Index folded_size = folded.row_extent();
  const Index folded_stride = folded.row_strides()[0];

  Index written = 0;
  if (kept_axes.size() == 1 || std::abs(folded_stride) < std::abs(kept_stride)) {
    // Fold along the rows of memory: each piece of a row gives one number.
    constexpr Index piece = 2048;
    T packed[piece];
    const auto load = [&packed](Row<const T> row, Index count) -> const T* {
      if (row.stride == 1) return row.data;
      for (Index i = 0; i < count; ++i) packed[i] = *row.at(i);
      return packed;
    };
    const Index pieces = (folded_size + piece - 1) / piece;
    kept.for_each_row([&](const auto& offsets) {
      for (Index i = 0; i < kept_size; ++i) {
        const T* const origin = x.data() + offsets[0] + i * kept_stride;
        const auto leaf = [&](Index index) {
          const Index first = index % pieces * piece;
          const Index count = std::min(piece, folded_size - first);
          const T* const row = origin + folded.row_offsets(index / pieces)[0];
          return simd::fold<A>(Op(), count,
                               load({row + first * folded_stride, folded_stride}, count));
        };
        const A result = fold_pairwise<Op, A>(0, folded.rows() * pieces, leaf);
        write(written++, std::span<const A>(&result, 1));
      }
    });
  } else {
    // Fold across the rows of memory: combine whole rows, a piece of their width at a time. Long
    // pieces are read faster; their results stay in the first two caches.
    const Index piece = std::min<Index>(kept_size, 8192);
    const Scratch<A> results(piece);
    const Scratch<T> packed(kept_stride == 1 ? 0 : rows_at_once * piece);
    kept.for_each_row([&](const auto& offsets) {
      for (Index first = 0; first < kept_size; first += piece) {
        const Index width = std::min(piece, kept_size - first);
        const auto leaf = [&](Index index, Index k) -> const T* {
          const T* const row = x.data() + offsets[0] + first * kept_stride +
                               folded.row_offsets(index / folded_size)[0] +
                               index % folded_size * folded_stride;
          if (kept_stride == 1) return row;
          T* const to = packed.data() + k * width;
          for (Index i = 0; i < width; ++i) to[i] = row[i * kept_stride];
          return to;
        };
        reduce_pairwise<Op>(0, folded.rows() * folded_size, width, results.data(), leaf);
        write(written, std::span<const A>(results.data(), static_cast<std::size_t>(width)));
        written += width;
      }
    });
  }
}

// The operations of reductions, each with the type in which it computes.
struct Sum : Add {
  template <class T>
  using Compute = Accumulator<T>;
};
/// A sum for a mean: sums of 64-bit integers are computed in double, so they do not wrap around.
struct SumOfMean : Add {
  template <class T>
  using Compute = std::conditional_t<std::integral<T> && sizeof(T) == 8, double, Accumulator<T>>;
};
struct Max : Maximum {
  template <class T>
  using Compute = simd::RegisterElement<T>;
};
struct Min : Minimum {
  template <class T>
  using Compute = simd::RegisterElement<T>;
};

/// Writes finish(result) to `out`, or `of_nothing` if there is nothing to reduce.
template <class Op, class T, class Result, class Finish>
void reduce_into(TensorView<Result> out, TensorView<const T> x, const AxisFlags& reduced,
                 Result of_nothing, const Finish& finish) {
  if (x.empty()) std::fill_n(out.data(), out.size(), of_nothing);
  reduce<Op>(x, reduced, [&](Index first, const auto& results) {
    Result* to = out.data() + first;
    for (const auto& result : results) *to++ = static_cast<Result>(finish(result));
  });
}

template <class Op, class T, class Result, class Finish>
Result reduce_all(TensorView<const T> x, Result of_nothing, const Finish& finish) {
  Result result;
  reduce_into<Op>(TensorView<Result>(&result, {}), x, all_axes(), of_nothing, finish);
  return result;
}

template <class Op, class T, class Result, class Finish>
Tensor<Result> reduce_axes(TensorView<const T> x, const AxisFlags& reduced, KeepDims keep_dims,
                           Result of_nothing, const Finish& finish) {
  auto out = Tensor<Result>::uninitialized(reduced_shape(x.shape(), reduced, keep_dims));
  reduce_into<Op>(out.view(), x, reduced, of_nothing, finish);
  return out;
}

/// The element type of sums: T for real types, 64 bits for integers. The mean of integers is real.
template <class T>
using SumElement = std::conditional_t<RealElement<T>, T, Accumulator<T>>;
template <class T>
using MeanElement = std::conditional_t<RealElement<T>, T, double>;

/// A sum that begins with 0, as in NumPy: the sum of -0 alone is 0.
struct FromZero {
  template <class T>
  T operator()(T sum) const {
    return sum + T(0);
  }
};

/// sum / count, before it is rounded to a half type.
template <class T>
struct DivideBy {
  using Quotient = std::conditional_t<RealElement<T>, Accumulator<T>, double>;
  Quotient count;
  Quotient operator()(auto sum) const { return FromZero()(static_cast<Quotient>(sum)) / count; }
};

template <class T>
MeanElement<T> mean_of_nothing() {
  return std::numeric_limits<MeanElement<T>>::quiet_NaN();
}

/// The largest (Op = Max) or the smallest element.
template <class Op, class T>
T extreme(std::string_view operation, TensorView<const T> x) {
  if (x.empty()) throw ValueError(operation, ": no elements in the shape ", x.shape());
  return reduce_all<Op>(x, T(0), std::identity());
}
template <class Op, class T>
Tensor<T> extreme(std::string_view operation, TensorView<const T> x, const Axes& axes,
                  KeepDims keep_dims) {
  const AxisFlags reduced = axis_flags(x.shape(), axes, operation);
  if (x.empty() && reduced_shape(x.shape(), reduced, KeepDims::no).size() > 0) {
    throw ValueError(operation, ": no elements along the reduced axes of the shape ", x.shape());
  }
  return reduce_axes<Op>(x, reduced, keep_dims, T(0), std::identity());
}

}  // namespace detail

/// The sum of all elements; 0 if there are none.
template <AnyTensor X>
auto sum(const X& x) {
  using Result = detail::SumElement<Element<X>>;
  return detail::reduce_all<detail::Sum>(const_view(x), Result(0), detail::FromZero());
}
/// The same along axes.
template <AnyTensor X>
auto sum(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  using Result = detail::SumElement<Element<X>>;
  return detail::reduce_axes<detail::Sum>(const_view(x), detail::axis_flags(x.shape(), axes, "sum"),
                                          keep_dims, Result(0), detail::FromZero());
}

/// The mean of all elements; NaN if there are none.
template <AnyTensor X>
auto mean(const X& x) {
  using T = Element<X>;
  using Count = typename detail::DivideBy<T>::Quotient;
  return detail::reduce_all<detail::SumOfMean>(const_view(x), detail::mean_of_nothing<T>(),
                                               detail::DivideBy<T>{static_cast<Count>(x.size())});
}
/// The same along axes.
template <AnyTensor X>
auto mean(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  using T = Element<X>;
  using Count = typename detail::DivideBy<T>::Quotient;
  const auto reduced = detail::axis_flags(x.shape(), axes, "mean");
  const Index count = detail::select_axes(const_view(x), reduced, true).size();
  return detail::reduce_axes<detail::SumOfMean>(const_view(x), reduced, keep_dims,
                                                detail::mean_of_nothing<T>(),
                                                detail::DivideBy<T>{static_cast<Count>(count)});
}

/// The largest element; NaN if any is NaN. @throws ValueError if there are no elements.
template <AnyTensor X>
Element<X> max(const X& x) {
  return detail::extreme<detail::Max>("max", const_view(x));
}
/// The same along axes.
template <AnyTensor X>
Tensor<Element<X>> max(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  return detail::extreme<detail::Max>("max", const_view(x), axes, keep_dims);
}

/// The smallest element; NaN if any is NaN. @throws ValueError if there are no elements.
template <AnyTensor X>
Element<X> min(const X& x) {
  return detail::extreme<detail::Min>("min", const_view(x));
}
/// The same along axes.
template <AnyTensor X>
Tensor<Element<X>> min(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  return detail::extreme<detail::Min>("min", const_view(x), axes, keep_dims);
}

namespace detail {

/// The index of the best of some elements, where Better(a, b) is the better of two. Of equal ones
/// the first; the first NaN if there is one.
template <class Better, class T>
Index position_of_best(Row<const T> row, Index size) {
  using A = typename Better::template Compute<T>;
  constexpr Index block = 2048;  // stays in the first-level cache until it is searched
  T packed[block];
  const auto load = [&](Index first, Index count) -> const T* {
    if (row.stride == 1) return row.at(first);
    for (Index i = 0; i < count; ++i) packed[i] = *row.at(first + i);
    return packed;
  };
  Index block_of_best = 0;
  A best{};
  for (Index first = 0; first < size; first += block) {
    const Index count = std::min(block, size - first);
    A here = simd::fold<A>(Better(), count, load(first, count));
    if (first > 0) Better()(A(best), A(here), here);
    if (first == 0 || (here != best && best == best)) block_of_best = first;
    best = here;
  }
  const Index count = std::min(block, size - block_of_best);
  return block_of_best + simd::find<A>(best, count, load(block_of_best, count));
}

/// The index of the best element along an axis.
template <class Better, class T>
Tensor<Index> arg_best(std::string_view operation, TensorView<const T> x, int axis,
                       KeepDims keep_dims) {
  const auto reduced = axis_flags(x.shape(), axis, operation);
  auto out = Tensor<Index>::uninitialized(reduced_shape(x.shape(), reduced, keep_dims));
  if (out.empty()) return out;
  const Index extent = x.extent(axis);
  if (extent == 0) {
    throw ValueError(operation, ": no elements along axis ", axis, " of the shape ", x.shape());
  }
  const auto others = select_axes(x, reduced, false);
  const LoopNest<1> nest(others.layout());
  Index* position = out.data();
  nest.for_each_row([&](const auto& offsets) {
    for (Index i = 0; i < nest.row_extent(); ++i) {
      const T* const first = x.data() + offsets[0] + i * nest.row_strides()[0];
      *position++ = position_of_best<Better, T>({first, x.stride(axis)}, extent);
    }
  });
  return out;
}

}  // namespace detail

/// The index of the largest element along an axis: the first of equal ones, or the first NaN.
/// @throws ValueError if the axis has no elements.
template <AnyTensor X>
Tensor<Index> argmax(const X& x, int axis, KeepDims keep_dims = KeepDims::no) {
  return detail::arg_best<detail::Max>("argmax", const_view(x), axis, keep_dims);
}

/// The index of the smallest element along an axis: the first of equal ones, or the first NaN.
/// @throws ValueError if the axis has no elements.
template <AnyTensor X>
Tensor<Index> argmin(const X& x, int axis, KeepDims keep_dims = KeepDims::no) {
  return detail::arg_best<detail::Min>("argmin", const_view(x), axis, keep_dims);
}

namespace detail {

/// out (columns) = or += the sum over the rows of x (rows, columns), both dense.
template <class T>
void sum_rows(Index rows, Index columns, const T* x, T* out, Store store) {
  if (columns == 0) return;
  const Scratch<Accumulator<T>> memory(columns);
  simd::add_up_rows(simd::AddTo(), rows, columns, std::array{memory.data()},
                    simd::Operand<T>{x, 1, columns});
  const Accumulator<T>* const sums = memory.data();
  if (store == Store::overwrite) std::fill_n(out, columns, T(0));
  simd::map(simd::AddTo(), columns, sums, out);
}

}  // namespace detail

/// The sum over the rows of a matrix: the gradient of a bias.
///
///   x (N, M)   out (M) = sum over n of x[n], or out += it with Store::add
///
/// Reads x once. @throws ShapeError unless x has rank 2 and `out` is (M), both contiguous.
template <AnyTensor X>
void sum_rows(const X& x, TensorView<Element<X>> out, Store store = Store::overwrite) {
  using T = Element<X>;
  const TensorView<const T> in = x;
  if (in.rank() != 2) throw ShapeError("sum_rows: expected a matrix, got ", in.shape());
  detail::expect_dense("sum_rows", "x", in);
  detail::expect_dense("sum_rows", "out", out, {in.extent(1)});
  detail::expect_apart("sum_rows", "out", out, "x", in);
  detail::sum_rows<T>(in.extent(0), in.extent(1), in.data(), out.data(), store);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
