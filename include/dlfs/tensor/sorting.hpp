#pragma once

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "dlfs/core/axes.hpp"
#include "dlfs/core/element.hpp"
#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Whether a is before b. NaN is after all else, as in NumPy.
struct Ascending {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    if constexpr (RealElement<T>) {
      return a < b || (b != b && a == a);
    } else {
      return a < b;
    }
  }
};

/// Calls `work(row)` for the rows of a dense (..., extent).
template <class T, class Work>
void for_each_dense_row(Tensor<T>& x, Index extent, const Work& work) {
  if (x.empty()) return;
  for (T* row = x.begin(); row != x.end(); row += extent) work(row);
}

}  // namespace detail

/// The elements in ascending order along an axis, NaN last.
/// @throws ShapeError for an axis that does not exist.
template <AnyTensor X>
Tensor<Element<X>> sort(const X& x, int axis = -1) {
  using T = Element<X>;
  const Index extent = x.extent(axis);
  Tensor<T> rows = copy(move_axis(const_view(x), axis, -1));
  detail::for_each_dense_row(rows, extent,
                             [=](T* row) { std::sort(row, row + extent, detail::Ascending()); });
  return copy(move_axis(rows, -1, axis));
}

/// The indices that sort x along an axis in ascending order; equal elements keep their order.
/// @throws ShapeError for an axis that does not exist.
template <AnyTensor X>
Tensor<Index> argsort(const X& x, int axis = -1) {
  using T = Element<X>;
  const Index extent = x.extent(axis);
  const Tensor<T> rows = copy(move_axis(const_view(x), axis, -1));
  auto order = Tensor<Index>::uninitialized(rows.shape());
  const T* values = rows.begin();
  detail::for_each_dense_row(order, extent, [&](Index* row) {
    std::iota(row, row + extent, Index(0));
    std::stable_sort(row, row + extent,
                     [&](Index a, Index b) { return detail::Ascending()(values[a], values[b]); });
    values += extent;
  });
  return copy(move_axis(order, -1, axis));
}

/// The distinct elements in ascending order, NaN once, and the count of each.
template <class T>
struct Unique {
  Tensor<T> values;      ///< each value once, in ascending order
  Tensor<Index> counts;  ///< how often each of them occurs
};
/// Sorts a copy, and counts.
template <AnyTensor X>
Unique<Element<X>> unique(const X& x) {
  using T = Element<X>;
  Tensor<T> sorted = copy(x);
  std::sort(sorted.begin(), sorted.end(), detail::Ascending());
  std::vector<Index> counts;
  T* end = sorted.begin();
  for (const T& value : sorted) {
    if (counts.empty() || detail::Ascending()(*(end - 1), value)) {
      *end++ = value;
      counts.push_back(0);
    }
    ++counts.back();
  }
  const Shape shape{static_cast<Index>(counts.size())};
  return {{shape, std::span<const T>(sorted.begin(), end)},
          {shape, std::span<const Index>(counts)}};
}

/// The number of elements in each of some bins of equal width, and the bins' edges (bins + 1).
template <class T>
struct Histogram {
  Tensor<Index> counts;  ///< how many values each bin has
  Tensor<T> edges;       ///< the bins' limits, one more than bins
};

/// Counts the elements in bins from low to high. `high` belongs to the last bin. Elements outside
/// and NaN are not counted.
/// @throws ValueError unless there is a bin, low < high, and high - low is finite.
template <AnyTensor X>
  requires(std::floating_point<Element<X>>)
Histogram<Element<X>> histogram(const X& x, Index bins, std::type_identity_t<Element<X>> low,
                                std::type_identity_t<Element<X>> high) {
  using T = Element<X>;
  if (bins < 1 || !(low < high)) {
    throw ValueError("histogram: expected at least one bin and low < high, got ", bins, " from ",
                     low, " to ", high);
  }
  if (!(high - low <= std::numeric_limits<T>::max())) {
    throw ValueError("histogram: the range from ", low, " to ", high, " is not finite");
  }
  Tensor<Index> counts({bins});  // allocated first, so that `bins + 1` cannot overflow
  Histogram<T> result{std::move(counts), linspace(low, high, bins + 1)};
  const T* const edges = result.edges.data();
  for (const T& value : copy(x)) {
    if (!(value >= low && value <= high)) continue;
    // Rounding may put a number near an edge on the wrong side.
    auto bin = static_cast<Index>((value - low) / (high - low) * static_cast<T>(bins));
    bin = std::min(bin, bins - 1);
    if (value < edges[bin]) --bin;
    if (bin + 1 < bins && value >= edges[bin + 1]) ++bin;
    ++result.counts.data()[bin];
  }
  return result;
}

/// Rows of zeros with a one at each label: labels (N) -> (N, classes).
/// @throws ValueError for a label that is not in [0, classes).
template <class T, AnyTensor X>
  requires(std::integral<Element<X>>)
Tensor<T> one_hot(const X& labels, Index classes) {
  const Tensor<Index> columns = cast<Index>(labels);
  Shape shape = labels.shape();
  shape.push_back(classes);
  Tensor<T> rows(shape);
  for (Index i = 0; i < columns.size(); ++i) {
    const Index label = columns.data()[i];
    if (label < 0 || label >= classes) {
      throw ValueError("one_hot: label ", label, " is not in 0..", classes - 1);
    }
    rows.data()[i * classes + label] = T(1);
  }
  return rows;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
