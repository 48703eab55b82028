#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "dlfs/tensor/functions.hpp"
#include "dlfs/tensor/reduce.hpp"

// Reductions made of other reductions, over one axis, several, or all; see reduce.hpp. NumPy's
// `any` and `all` are any_of and all_of here, because `all` is a slice.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The number of elements that are not 0.
template <AnyTensor X>
Index count_nonzero(const X& x) {
  return sum(not_equal(x, Element<X>(0)));
}
/// The same along axes.
template <AnyTensor X>
Tensor<Index> count_nonzero(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  return sum(not_equal(x, Element<X>(0)), axes, keep_dims);
}

/// Whether any element is not 0.
template <AnyTensor X>
bool any_of(const X& x) {
  return count_nonzero(x) > 0;
}
/// The same along axes.
template <AnyTensor X>
Tensor<bool> any_of(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  return count_nonzero(x, axes, keep_dims) > Index(0);
}

/// Whether all elements are not 0.
template <AnyTensor X>
bool all_of(const X& x) {
  return count_nonzero(x) == x.size();
}
/// The same along axes.
template <AnyTensor X>
Tensor<bool> all_of(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no) {
  return equal(sum(equal(x, Element<X>(0)), axes, keep_dims), Index(0));
}

/// NumPy's ddof: the divisor of a variance is the number of elements minus it. 1 gives an unbiased
/// estimate for the distribution that the elements were drawn from.
struct Ddof {
  int value = 0;  ///< what is subtracted from the number of elements
};

namespace detail {

/// f(x); for half types f is computed in float and rounded once.
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

/// The squares of the distances from the mean. mean_of(tensor) returns the mean as a number or as a
/// tensor that is broadcast. The mean of the distances is the rounding error of the first mean; it
/// is subtracted, so that equal numbers have a distance of 0.
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

/// The variance, sum (x - mean)^2 / (n - ddof); 0 for equal numbers. Real for integers, too.
template <AnyTensor X>
auto variance(const X& x, Ddof ddof = {}) {
  return detail::apply_unrounded(x, [=](const auto& v) {
    using T = detail::MeanElement<Element<decltype(v)>>;
    const auto mean_of = [](const auto& numbers) { return mean(numbers); };
    return sum(detail::squared_distances<T>(v, mean_of)) /
           detail::divisor_of_squares<T>(v.size(), ddof);
  });
}
/// The same along axes.
template <AnyTensor X>
auto variance(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no, Ddof ddof = {}) {
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
/// The same along axes.
template <AnyTensor X>
auto standard_deviation(const X& x, const Axes& axes, KeepDims keep_dims = KeepDims::no,
                        Ddof ddof = {}) {
  return detail::apply_unrounded(
      x, [&](const auto& v) { return sqrt(variance(v, axes, keep_dims, ddof)); });
}

/// The kinds of vector norms: the sum of |x|, the root of the sum of squares, and the largest |x|.
enum class Norm { one, two, infinity };

/// The norm of all elements as one vector; 0 if there are none.
template <AnyTensor X>
  requires(RealElement<Element<X>>)
Element<X> norm(const X& x, Norm order = Norm::two) {
  return detail::apply_unrounded(x, [=](const auto& v) -> Element<decltype(v)> {
    if (order == Norm::one) return sum(abs(const_view(v)));
    if (order == Norm::infinity) return v.empty() ? 0 : max(abs(const_view(v)));
    return std::sqrt(sum(square(const_view(v))));
  });
}
/// The same along axes.
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

/// The cumulative sums along an axis, shaped like x. Integers are summed in 64 bits, real numbers
/// in double.
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
      Total total = -Total(0);  // so that the sum of -0 is -0
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
