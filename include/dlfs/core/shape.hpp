#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "dlfs/core/error.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Signed, so that negative indices and axes count from the end.
using Index = std::ptrdiff_t;

/// The maximum number of axes of a tensor.
inline constexpr int max_rank = 8;

namespace detail {

/// A container of integers that is not a tensor.
template <class X>
concept ExtentsInContainer = requires(const X& extents) {
  requires std::integral<std::iter_value_t<decltype(std::begin(extents))>>;
  std::end(extents);
}
&&!requires(const X& tensor) { tensor.shape(); };

}  // namespace detail

/// The extents of a tensor's axes, held inline: a Shape never touches the heap.
///
/// The shape `{}` of rank 0 is a scalar of one element; an extent of 0 makes an empty tensor.
class Shape {
 public:
  constexpr Shape() = default;
  /// @throws ShapeError for more than `max_rank` axes, a negative extent, or a size that overflows.
  [[gnu::noinline]] constexpr Shape(std::initializer_list<Index> extents)
      : Shape(std::span<const Index>(extents.begin(), extents.size())) {}
  /// The extents of the axes. @throws ShapeError for one that is negative, or too many.
  [[gnu::noinline]] constexpr explicit Shape(std::span<const Index> extents) {
    if (extents.size() > std::size_t{max_rank}) throw_rank_error();
    std::copy(extents.begin(), extents.end(), extents_.begin());
    rank_ = static_cast<int>(extents.size());
    count_elements();
  }

  /// The number of axes.
  constexpr int rank() const { return rank_; }

  /// The number of elements: the product of the extents.
  constexpr Index size() const { return size_; }

  /// Unchecked; `axis` in [0, rank).
  constexpr Index operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }

  /// The extent of an axis that may be negative: -1 is the last.
  constexpr Index extent(int axis) const { return (*this)[normalize_axis(axis)]; }

  /// Turns an axis in [-rank, rank) into one in [0, rank). @throws ShapeError for any other.
  constexpr int normalize_axis(int axis) const;

  /// Turns an index in [-extent, extent) of an unchecked axis into one in [0, extent).
  /// @throws ShapeError for any other.
  template <std::integral I>
  constexpr Index normalize_index(int axis, I index) const;

  /// Appends an axis at the end. @throws ShapeError like the constructor.
  [[gnu::noinline]] constexpr void push_back(Index extent) {
    if (rank_ == max_rank) throw_rank_error();
    extents_[static_cast<std::size_t>(rank_++)] = extent;
    try {
      count_elements();
    } catch (...) {
      --rank_;
      throw;
    }
  }

  /// This shape with the extent of one axis replaced.
  [[gnu::noinline]] constexpr Shape with(int axis, Index extent) const {
    Shape changed = *this;
    changed.extents_[static_cast<std::size_t>(normalize_axis(axis))] = extent;
    changed.count_elements();
    return changed;
  }

  /// Axes [first, last). @throws ShapeError unless 0 <= first <= last <= rank.
  constexpr Shape axes(int first, int last) const {
    if (first < 0 || last < first || last > rank_) {
      throw ShapeError("axes [", first, ", ", last, ") of the shape ", *this);
    }
    return Shape(std::span<const Index>(begin() + first, begin() + last));
  }

  /// The first extent.
  constexpr const Index* begin() const& { return extents_.data(); }
  constexpr const Index* begin() const&& = delete;
  /// Behind the last extent.
  constexpr const Index* end() const& { return extents_.data() + rank_; }
  constexpr const Index* end() const&& = delete;

  /// Whether both have the same extents.
  friend constexpr bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int axis = 0; axis < a.rank_; ++axis) {
      if (a[axis] != b[axis]) return false;
    }
    return true;
  }

  /// With the extents that a container holds: `x.shape() == std::vector{2, 3}`.
  template <class Extents>
    requires(detail::ExtentsInContainer<Extents>)
  friend constexpr bool operator==(const Shape& shape, const Extents& extents) {
    return std::equal(shape.begin(), shape.end(), std::begin(extents), std::end(extents),
                      [](Index a, auto b) { return a == static_cast<Index>(b); });
  }

 private:
  /// Computes the size.
  /// @throws ShapeError for a negative extent, or a number of elements that overflows an Index.
  constexpr void count_elements();
  [[noreturn, gnu::cold, gnu::noinline]] static void throw_rank_error() {
    throw ShapeError("a shape has at most ", max_rank, " axes");
  }

  [[noreturn, gnu::cold, gnu::noinline]] void throw_axis_error(int axis) const {
    throw ShapeError("axis ", axis, " is out of range for the shape ", *this);
  }

  std::array<Index, max_rank> extents_{};
  Index size_ = 1;
  int rank_ = 0;
};

/// "(2, 3)", "(5,)" and "()", as NumPy prints a shape.
inline std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) text += ", ";
    detail::append(text, shape[axis]);
  }
  text += shape.rank() == 1 ? ",)" : ")";
  return text;
}

/// Writes it as `to_string` does.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             const Shape& shape) {
  return out << to_string(shape);
}

constexpr int Shape::normalize_axis(int axis) const {
  const int normalized = axis < 0 ? axis + rank_ : axis;
  if (normalized < 0 || normalized >= rank_) {
    throw_axis_error(axis);
  }
  return normalized;
}

namespace detail {

// Separate from the checks, which stay small enough for inner loops.
template <class I>
[[noreturn, gnu::cold, gnu::noinline]] void throw_index_error(I index, int axis,
                                                              const Shape& shape) {
  throw ShapeError("indexing: index ", index, " is out of range for axis ", axis, " of the shape ",
                   shape);
}
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_index_count_error(std::size_t count,
                                                                           const Shape& shape) {
  throw ShapeError("indexing: ", count, " indices for the shape ", shape);
}

constexpr void expect_index_count(std::size_t count, const Shape& shape) {
  if (count != static_cast<std::size_t>(shape.rank())) throw_index_count_error(count, shape);
}

/// a + b of two counts. @throws ShapeError, naming the operation, if the sum overflows an Index.
constexpr Index checked_sum(std::string_view operation, Index a, Index b) {
  if (a > std::numeric_limits<Index>::max() - b) {
    throw ShapeError(operation, ": an extent of ", a, " + ", b, " cannot be counted");
  }
  return a + b;
}
/// a * b of two counts. @throws like checked_sum.
constexpr Index checked_product(std::string_view operation, Index a, Index b) {
  if (b > 0 && a > std::numeric_limits<Index>::max() / b) {
    throw ShapeError(operation, ": an extent of ", a, " * ", b, " cannot be counted");
  }
  return a * b;
}

}  // namespace detail

template <std::integral I>
constexpr Index Shape::normalize_index(int axis, I index) const {
  constexpr bool is_signed = std::is_signed_v<I>;
  const Index extent = (*this)[axis];
  auto position = static_cast<Index>(index);
  if (is_signed && position < 0) position += extent;
  // One unsigned comparison also finds negative positions.
  if (static_cast<std::size_t>(position) >= static_cast<std::size_t>(extent)) {
    using Wide = std::conditional_t<is_signed, Index, std::size_t>;
    detail::throw_index_error(static_cast<Wide>(index), axis, *this);
  }
  return position;
}

constexpr void Shape::count_elements() {
  Index product = 1;
  Index size = 1;
  for (Index extent : *this) {
    if (extent < 0) throw ShapeError("an extent cannot be negative: ", extent);
    const bool are_small = ((extent | product) >> 31) == 0;  // avoids a division
    if (!are_small && extent > std::numeric_limits<Index>::max() / product) {
      throw ShapeError("a tensor of shape ", *this, " has more elements than can be counted");
    }
    // The product counts a 0 as 1: strides multiply the other extents, which must not overflow.
    product *= std::max<Index>(extent, 1);
    size *= extent;
  }
  size_ = size;
}

/// The shape that NumPy's broadcasting gives to two operands: aligned at the last axis, extents
/// must be equal or 1. @throws ShapeError that names the operation and both shapes.
inline Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view operation) {
  const bool a_is_longer = a.rank() >= b.rank();
  const Shape& shorter = a_is_longer ? b : a;
  Shape result = a_is_longer ? a : b;
  for (int axis = -shorter.rank(); axis < 0; ++axis) {
    const int from_start = result.rank() + axis;
    const Index extent = shorter[shorter.rank() + axis];
    if (extent == result[from_start] || extent == 1) continue;
    if (result[from_start] != 1) {
      throw ShapeError(operation, ": shapes ", a, " and ", b, " do not broadcast: axis ", axis,
                       " has extents ", a.extent(axis), " and ", b.extent(axis));
    }
    result = result.with(from_start, extent);
  }
  return result;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
