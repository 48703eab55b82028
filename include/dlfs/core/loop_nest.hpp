#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>

#include "dlfs/core/view.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The loops over `operands` views in row-major order. The other views broadcast to the shape of
/// the first. There are as few loops as possible: axes of extent 1 are dropped, and neighbouring
/// axes are merged if every view steps through both with one stride.
template <std::size_t operands>
class LoopNest {
 public:
  using Offsets = std::array<Index, operands>;

  /// From the layout of each view.
  template <std::same_as<Layout>... Others>
    requires(1 + sizeof...(Others) == operands)
  explicit LoopNest(const Layout& first, const Others&... others) {
    const Shape& shape = first.shape;
    const std::array<const Layout*, operands> layouts{&first, &others...};
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == 1) continue;
      Loop& loop = loops_[depth_];
      loop.extent = shape[axis];
      for (std::size_t i = 0; i < operands; ++i) {
        loop.strides[i] = layouts[i]->broadcast_stride(axis - shape.rank());
      }
      if (depth_ > 0 && continues(inner(), loop)) {
        loop.extent *= inner().extent;
        inner() = loop;
      } else {
        ++depth_;
      }
    }
    if (depth_ == 0) {
      ++depth_;
      inner().extent = 1;
      inner().strides.fill(1);
    }
  }

  /// The innermost loop's number of steps, and each view's stride along it.
  Index row_extent() const { return inner().extent; }
  const Offsets& row_strides() const { return inner().strides; }

  /// The same for the loop around the innermost; one step if there is none.
  Index plane_extent() const { return depth_ < 2 ? 1 : loops_[depth_ - 2].extent; }
  Offsets plane_strides() const { return depth_ < 2 ? Offsets{} : loops_[depth_ - 2].strides; }

  /// How many times the innermost loop runs.
  Index rows() const {
    Index product = 1;
    for (std::size_t i = 0; i + 1 < depth_; ++i) product *= loops_[i].extent;
    return product;
  }

  /// The offsets of the `row`-th run of the innermost loop, relative to each view's first element.
  Offsets row_offsets(Index row) const {
    Offsets offsets{};
    for (std::size_t i = depth_ - 1; i-- > 0;) {
      const Index position = row % loops_[i].extent;
      row /= loops_[i].extent;
      for (std::size_t k = 0; k < operands; ++k) offsets[k] += position * loops_[i].strides[k];
    }
    return offsets;
  }

  /// Calls `body(offsets)` for every row, in order.
  template <class Body>
  void for_each_row(Body body) const {
    for_each(depth_ - 1, body);
  }

  /// Calls `body(offsets)` for every run of the two innermost loops, in order.
  template <class Body>
  void for_each_plane(Body body) const {
    for_each(depth_ < 2 ? 0 : depth_ - 2, body);
  }

 private:
  struct Loop {
    Index extent;
    Offsets strides;
  };

  /// Calls `body(offsets)` for every step of the `loops` outermost loops.
  template <class Body>
  void for_each(std::size_t loops, Body& body) const {
    Offsets offsets{};
    std::array<Index, max_rank> position;
    std::fill_n(position.begin(), loops, 0);
    const auto advance = [&](std::size_t loop, Index steps) {
      for (std::size_t i = 0; i < operands; ++i) offsets[i] += steps * loops_[loop].strides[i];
    };
    while (true) {
      body(offsets);
      std::size_t loop = loops;
      while (loop-- > 0) {
        advance(loop, 1);
        if (++position[loop] < loops_[loop].extent) break;
        advance(loop, -loops_[loop].extent);
        position[loop] = 0;
      }
      if (loop >= loops) return;
    }
  }

  Loop& inner() { return loops_[depth_ - 1]; }
  const Loop& inner() const { return loops_[depth_ - 1]; }

  /// Whether one step of `outer` has the same effect as all steps of `inner`.
  static bool continues(const Loop& outer, const Loop& inner) {
    for (std::size_t i = 0; i < operands; ++i) {
      if (outer.strides[i] != inner.extent * inner.strides[i]) return false;
    }
    return true;
  }

  std::array<Loop, max_rank> loops_;  // `depth_` are in use; not cleared, to save time
  std::size_t depth_ = 0;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
