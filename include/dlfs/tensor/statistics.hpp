#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "dlfs/tensor/functions.hpp"
#include "dlfs/tensor/reduce.hpp"

// Reductions made of others, over one axis, several, or all; see reduce.hpp. `any` and `all` are
// any_of and all_of, since `all` is a slice.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// How many elements are not 0.
template <AnyTensor X>
Index count_nonzero(const X& x) {
  return sum(not_equal(x, Element<X>(0)));
}
template <AnyTensor X>
Tensor<Index> count_nonzero(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  return sum(not_equal(x, Element<X>(0)), axes, keep_dims);
}

/// Whether an element is not 0.
template <AnyTensor X>
bool any_of(const X& x) {
  return count_nonzero(x) > 0;
}
template <AnyTensor X>
Tensor<bool> any_of(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  return count_nonzero(x, axes, keep_dims) > Index(0);
}

/// Whether no element is 0.
template <AnyTensor X>
bool all_of(const X& x) {
  return count_nonzero(x) == x.size();
}
template <AnyTensor X>
Tensor<bool> all_of(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  return equal(sum(equal(x, Element<X>(0)), axes, keep_dims), Index(0));
}

/// NumPy's ddof: what is subtracted from the number of elements in a variance's divisor. 1 gives an
/// estimate without bias of the variance that the elements were drawn from.
struct Ddof {
  int value = 0;
};

namespace detail {

/// f(x); of half types, f(x in float), rounded once.
template <AnyTensor X, class F>
auto apply_unrounded(const X& x, const F& f) {
  using T = Element<X>;
  if constexpr (!HalfElement<T>) {
    return f(x);
  } else if constexpr (AnyTensor<std::invoke_result_t<const F&, Tensor<float>>>) {
    return cast<T>(f(cast<float>(x)));
  } else {
    return static_cast<T>(f(cast<float>(x)));
  }
}

/// The squares of the distances from the mean, which mean_of(tensor) gives: a number, or a tensor
/// that is broadcast. The mean of the distances is what the first mean lost to rounding, so that
/// equal numbers have no distance.
template <class T, AnyTensor X, class MeanOf>
Tensor<T> squared_distances(const X& x, const MeanOf& mean_of) {
  Tensor<T> distances = cast<T>(x) - mean_of(x);
  auto lost = mean_of(distances);
  const auto keep_finite = [](T& each) { each = is_finite(each) ? each : T(0); };
  if constexpr (AnyTensor<decltype(lost)>) {
    for (T& each : lost) keep_finite(each);
  } else {
    keep_finite(lost);
  }
  distances -= lost;
  return square(std::move(distances));
}

template <class T>
T divisor_of_squares(Index count, Ddof ddof) {
  return static_cast<T>(std::max<Index>(count - ddof.value, 0));
}

}  // namespace detail

/// The variance, sum (x - mean)^2 / (n - ddof), of equal numbers 0: real for integers, too.
template <AnyTensor X>
auto variance(const X& x, Ddof ddof = {}) {
  return detail::apply_unrounded(x, [=](const auto& v) {
    using T = detail::MeanElement<Element<decltype(v)>>;
    const auto mean_of = [](const auto& numbers) { return mean(numbers); };
    return sum(detail::squared_distances<T>(v, mean_of)) /
           detail::divisor_of_squares<T>(v.size(), ddof);
  });
}
template <AnyTensor X>
auto variance(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no,
              Ddof ddof = {}) {
  return detail::apply_unrounded(x, [&](const auto& v) {
    using T = detail::MeanElement<Element<decltype(v)>>;
    const auto reduced = detail::axis_flags(v.shape(), axes, "variance");
    const Index count = detail::select_axes(const_view(v), reduced, true).size();
    const auto mean_of = [&](const auto& numbers) { return mean(numbers, axes, KeepDims::yes); };
    return sum(detail::squared_distances<T>(v, mean_of), axes, keep_dims) /
           detail::divisor_of_squares<T>(count, ddof);
  });
}

/// The square root of the variance: NumPy's std.
template <AnyTensor X>
auto standard_deviation(const X& x, Ddof ddof = {}) {
  return detail::apply_unrounded(x, [=](const auto& v) { return std::sqrt(variance(v, ddof)); });
}
template <AnyTensor X>
auto standard_deviation(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no,
                        Ddof ddof = {}) {
  return detail::apply_unrounded(
      x, [&](const auto& v) { return sqrt(variance(v, axes, keep_dims, ddof)); });
}

/// Which size of vectors: the largest |x|, the sum of |x|, or the root of the sum of squares.
enum class Norm { one, two, infinity };

/// The norm of all elements, as of one vector; 0 if there are none.
template <AnyTensor X>
  requires(RealElement<Element<X>>)
Element<X> norm(const X& x, Norm order = Norm::two) {
  return detail::apply_unrounded(x, [=](const auto& v) -> Element<decltype(v)> {
    if (order == Norm::one) return sum(abs(const_view(v)));
    if (order == Norm::infinity) return v.empty() ? 0 : max(abs(const_view(v)));
    return std::sqrt(sum(square(const_view(v))));
  });
}
template <AnyTensor X>
  requires(RealElement<Element<X>>)
Tensor<Element<X>> norm(const X& x, const Axes& axes, Norm order = Norm::two,
                        KeepDims keep_dims = KeepDims::no) {
  return detail::apply_unrounded(x, [&](const auto& v) {
    if (order == Norm::one) return sum(abs(const_view(v)), axes, keep_dims);
    if (order == Norm::infinity && !v.empty()) return max(abs(const_view(v)), axes, keep_dims);
    return sqrt(sum(square(const_view(v)), axes, keep_dims));
  });
}

/// The sums of the elements up to each along an axis: shaped like x; integers are summed in 64
/// bits, real numbers in double.
template <AnyTensor X>
Tensor<detail::SumElement<Element<X>>> cumsum(const X& x, int axis) {
  using T = Element<X>;
  using Total = std::conditional_t<RealElement<T>, std::common_type_t<Accumulator<T>, double>,
                                   Accumulator<T>>;
  const TensorView<const T> in = x;
  const auto along = detail::axis_flags(in.shape(), axis, "cumsum");
  auto out = Tensor<detail::SumElement<T>>::uninitialized(in.shape());
  if (out.empty()) return out;
  const auto from = detail::select_axes(in, along, false);
  const auto to = detail::select_axes(out.view(), along, false);
  const detail::LoopNest<2> nest(from.layout(), to.layout());
  const Index extent = in.extent(axis);
  const Index from_step = in.stride(axis);
  const Index to_step = out.view().stride(axis);
  nest.for_each_row([&](const auto& offsets) {
    for (Index i = 0; i < nest.row_extent(); ++i) {
      const T* read = in.data() + offsets[0] + i * nest.row_strides()[0];
      auto* written = out.data() + offsets[1] + i * nest.row_strides()[1];
      Total total = -Total(0);  // to which -0 adds up as itself
      for (Index j = 0; j < extent; ++j) {
        detail::Add()(total, static_cast<Total>(read[j * from_step]), total);
        written[j * to_step] = static_cast<detail::SumElement<T>>(total);
      }
    }
  });
  return out;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
