#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "dlfs/core/element.hpp"
#include "dlfs/core/loop_nest.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/tensor/elementwise.hpp"

// Indexing by tensors of integers or of bool (masks). Negative integers count from the end.
//
//   NumPy                             dlfs
//   x[:, indices]                     take(x, indices, 1)
//   x[:, indices] = values            index_put(x, indices, values, 1)
//   x[mask]                           extract(mask, x)
//   x[mask] = values                  index_put(x, mask, values)
//
// Reading gives a new tensor. The values to write are a tensor of the same element type or a
// number, broadcast to the shape that reading would give. If an index occurs twice, the last value
// stays. All functions throw ShapeError for an index out of range and for shapes that do not fit,
// before they write anything. For this they list the offsets first, in scratch memory of 8 bytes
// each, except when one number is written where a mask is true.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

template <class X>
concept IndexTensor = AnyTensor<X> && std::integral<Element<X>> && !std::same_as<Element<X>, bool>;

template <class X>
concept MaskTensor = AnyTensor<X> && std::same_as<bool, Element<X>>;

/// Values that can be written into A: a tensor of the same element type, or a number.
template <class B, class A>
concept ValuesFor = WritableTensor<A> && is_operand_of<B, Element<A>>;

/// Axes [first, last) of x, starting at its first element.
template <class T>
TensorView<T> axes_of(TensorView<T> x, int first, int last) {
  Layout layout{x.shape().axes(first, last), {}};
  for (int axis = first; axis < last; ++axis) layout.set_stride(axis - first, x.stride(axis));
  return {x.data(), layout.shape, layout.strides};
}

inline Shape concatenated(Shape a, const Shape& b) {
  for (Index extent : b) a.push_back(extent);
  return a;
}

/// Calls `visit(offset...)` for the elements of views in row-major order. The other views broadcast
/// to the shape of the first.
template <class Visit, class First, class... Others>
void for_each_offset(const Visit& visit, TensorView<First> first, TensorView<Others>... others) {
  if (first.empty()) return;
  const LoopNest<1 + sizeof...(Others)> nest(first.layout(), others.layout()...);
  const auto strides = nest.row_strides();
  nest.for_each_row([&](auto offsets) {
    for (Index i = 0; i < nest.row_extent(); ++i) {
      std::apply(visit, offsets);
      for (std::size_t k = 0; k < offsets.size(); ++k) offsets[k] += strides[k];
    }
  });
}

/// Copies between parts of x and parts of y: to y if x is const, else to x.
///
/// A part spans the last axes. In x a part is selected by an index into the `leading` axes, which y
/// also begins with, and by one of the `offsets`. In y the parts follow the order of the axes
/// between. The parts of y must not overlap x.
template <class X, class Y>
void copy_parts(TensorView<X> x, TensorView<Y> y, int leading, const Index* offsets,
                int part_rank) {
  using T = std::remove_const_t<X>;
  const int between = y.rank() - part_rank;
  const auto x_part = axes_of(x, x.rank() - part_rank, x.rank());
  const auto y_part = axes_of(y, between, y.rank());
  if (y_part.empty()) return;

  const auto for_each_part = [&](const auto& copy_part) {
    for_each_offset(
        [&](Index x_start, Index y_start) {
          const Index* offset = offsets;
          for_each_offset(
              [&](Index y_offset) {
                X* const in_x = x.data() + x_start + *offset++;
                Y* const in_y = y.data() + y_start + y_offset;
                if constexpr (std::is_const_v<X>) {
                  copy_part(in_x, in_y);
                } else {
                  copy_part(in_y, in_x);
                }
              },
              axes_of(y, leading, between));
        },
        axes_of(x, 0, leading), axes_of(y, 0, leading));
  };
  if (y_part.size() == 1) {
    for_each_part([](const T* from, T* to) { *to = *from; });
  } else if (x_part.is_contiguous() && y_part.is_contiguous()) {
    for_each_part([&](const T* from, T* to) { std::copy_n(from, y_part.size(), to); });
  } else {
    constexpr bool is_read = std::is_const_v<X>;
    const Strides& from_strides = is_read ? x_part.strides() : y_part.strides();
    const Strides& to_strides = is_read ? y_part.strides() : x_part.strides();
    for_each_part([&](const T* from, T* to) {
      copy_elements(TensorView<const T>(from, y_part.shape(), from_strides),
                    TensorView<T>(to, y_part.shape(), to_strides));
    });
  }
}

/// Calls `write` with the values broadcast to a shape, in memory that x does not share.
template <class X, class B, class Write>
void with_values_beside(std::string_view operation, TensorView<X> x, const B& values,
                        const Shape& shape, const Write& write) {
  const auto& operand = as_operand<X>(values);
  const TensorView<const X> in = operand;
  expect_broadcast_into(shape, in.shape(), operation);
  if (overlap(in, x)) {
    const auto copied = copy(in);
    write(copied.broadcast_to(shape));
  } else {
    write(in.broadcast_to(shape));
  }
}

template <class T>
Shape taken_shape(TensorView<T> x, const Shape& indices, int axis) {
  return concatenated(concatenated(x.shape().axes(0, axis), indices),
                      x.shape().axes(axis + 1, x.rank()));
}

template <class T, class I>
void list_offsets(TensorView<T> x, TensorView<const I> indices, int axis, Index* offsets) {
  for_each_offset(
      [&, first = indices.data(), stride = x.stride(axis)](Index at) {
        *offsets++ = x.shape().normalize_index(axis, first[at]) * stride;
      },
      indices);
}

/// The shape of x and indices, which have the same rank, broadcast along all axes but one.
template <class T>
Shape shape_along_axis(std::string_view operation, TensorView<T> x, const Shape& indices,
                       int axis) {
  if (indices.rank() != x.rank()) {
    throw ShapeError(operation, ": indices of shape ", indices, " for the shape ", x.shape());
  }
  return broadcast_shapes(x.shape().with(axis, 1), indices, operation);
}

template <class T, class I>
void list_offsets_along_axis(TensorView<T> x, TensorView<const I> indices, int axis,
                             const Shape& shape, Index* offsets) {
  const TensorView<T> origins(x.data(), x.shape().with(axis, 1), x.strides());
  for_each_offset(
      [&, first = indices.data(), stride = x.stride(axis)](Index origin, Index at) {
        *offsets++ = origin + x.shape().normalize_index(axis, first[at]) * stride;
      },
      origins.broadcast_to(shape), indices.broadcast_to(shape));
}

/// Lists the offsets along the first axes of x where the mask is true. Returns their number.
template <class T>
Index list_offsets_where(TensorView<const bool> mask, TensorView<T> x, Index* offsets) {
  Index count = 0;
  for_each_offset(
      [&](Index at, Index offset) {
        offsets[count] = offset;  // without a branch: the next one overwrites it if false
        count += mask.data()[at] ? 1 : 0;
      },
      mask, axes_of(x, 0, mask.rank()));
  return count;
}

template <class T>
void expect_mask_for(std::string_view operation, TensorView<const bool> mask, TensorView<T> x) {
  if (mask.rank() > x.rank() || x.shape().axes(0, mask.rank()) != mask.shape()) {
    throw ShapeError(operation, ": a mask of shape ", mask.shape(),
                     " does not cover the first axes of the shape ", x.shape());
  }
}

}  // namespace detail

/// The entries of x at indices along one axis. The axes of `indices` replace this axis:
///
///   x (A..., N, B...)   indices (I...)   out (A..., I..., B...) = x[a, indices[i], b]
template <AnyTensor X, detail::IndexTensor I>
Tensor<Element<X>> take(const X& x, const I& indices, int axis) {
  const auto in = const_view(x);
  axis = in.shape().normalize_axis(axis);
  const Scratch<Index> offsets(indices.size());
  detail::list_offsets(in, const_view(indices), axis, offsets.data());
  auto out = Tensor<Element<X>>::uninitialized(detail::taken_shape(in, indices.shape(), axis));
  detail::copy_parts(in, out.view(), axis, offsets.data(), in.rank() - axis - 1);
  return out;
}

/// Writes to the entries that `take` with the same indices reads.
template <class X, detail::IndexTensor I, detail::ValuesFor<X> B>
void index_put(X&& x, const I& indices, const B& values, int axis) {
  const TensorView<Element<X>> out = x;
  axis = out.shape().normalize_axis(axis);
  const Scratch<Index> offsets(indices.size());
  detail::list_offsets(out, const_view(indices), axis, offsets.data());
  detail::with_values_beside(
      "index_put", out, values, detail::taken_shape(out, indices.shape(), axis),
      [&](auto in) { detail::copy_parts(out, in, axis, offsets.data(), out.rank() - axis - 1); });
}

/// One entry along the axis for each index. Along the other axes, each index selects from its own
/// position:
///
///   x (A..., N, B...)   indices (A..., M, B...)   out (A..., M, B...) = x[a, indices[a, m, b], b]
///
/// The other axes broadcast. With the indices of `argmax` and keep_dims, the result is the maxima.
template <AnyTensor X, detail::IndexTensor I>
Tensor<Element<X>> take_along_axis(const X& x, const I& indices, int axis) {
  const auto in = const_view(x);
  axis = in.shape().normalize_axis(axis);
  const Shape shape = detail::shape_along_axis("take_along_axis", in, indices.shape(), axis);
  const Scratch<Index> offsets(shape.size());
  detail::list_offsets_along_axis(in, const_view(indices), axis, shape, offsets.data());
  auto out = Tensor<Element<X>>::uninitialized(shape);
  detail::copy_parts(in, out.view(), 0, offsets.data(), 0);
  return out;
}

/// Writes to the entries that `take_along_axis` with the same indices reads.
template <class X, detail::IndexTensor I, detail::ValuesFor<X> B>
void put_along_axis(X&& x, const I& indices, const B& values, int axis) {
  const TensorView<Element<X>> out = x;
  axis = out.shape().normalize_axis(axis);
  const Shape shape = detail::shape_along_axis("put_along_axis", out, indices.shape(), axis);
  const Scratch<Index> offsets(shape.size());
  detail::list_offsets_along_axis(out, const_view(indices), axis, shape, offsets.data());
  detail::with_values_beside("put_along_axis", out, values, shape,
                             [&](auto in) { detail::copy_parts(out, in, 0, offsets.data(), 0); });
}

/// The entries of x where the mask is true, in order. The mask spans the first axes of x:
///
///   mask (A...)   x (A..., B...)   out (count, B...)
template <detail::MaskTensor M, AnyTensor X>
Tensor<Element<X>> extract(const M& mask, const X& x) {
  const auto in = const_view(x);
  detail::expect_mask_for("extract", mask, in);
  const Scratch<Index> offsets(mask.size());
  const Index count = detail::list_offsets_where(const_view(mask), in, offsets.data());
  const Shape entry = in.shape().axes(mask.rank(), in.rank());
  auto out = Tensor<Element<X>>::uninitialized(detail::concatenated({count}, entry));
  detail::copy_parts(in, out.view(), 0, offsets.data(), entry.rank());
  return out;
}

/// Writes to the entries that `extract` with the same mask reads.
template <class X, detail::MaskTensor M, detail::ValuesFor<X> B>
void index_put(X&& x, const M& mask, const B& values) {
  using T = Element<X>;
  const TensorView<T> out = x;
  const TensorView<const bool> chosen = mask;
  detail::expect_mask_for("index_put", chosen, out);
  const auto& operand = detail::as_operand<T>(values);
  const TensorView<const T> in = operand;
  if (in.rank() == 0 && chosen.rank() == out.rank() &&
      !detail::is_clobbered_by<bool, T>(chosen, out)) {
    // One number for single elements: selecting is four times as fast as listing the offsets.
    return detail::apply<T>(detail::Select(), out, chosen, in, TensorView<const T>(out));
  }
  const Scratch<Index> offsets(chosen.size());
  const Index count = detail::list_offsets_where(chosen, out, offsets.data());
  const Shape entry = out.shape().axes(chosen.rank(), out.rank());
  detail::with_values_beside(
      "index_put", out, in, detail::concatenated({count}, entry),
      [&](auto parts) { detail::copy_parts(out, parts, 0, offsets.data(), entry.rank()); });
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
