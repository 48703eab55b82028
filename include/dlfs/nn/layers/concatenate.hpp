#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>

#include "dlfs/core/option.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Concatenate.
struct ConcatenateOptions {
  Index axis = 1;  ///< of x, at least 1; the channels are axis 1

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("concatenate", "axis", axis, detail::between(1, max_rank - 1));
  }
};

/// Several inputs one behind the other along an axis: (N, C1, ...), (N, C2, ...), ... ->
/// (N, C1 + C2 + ..., ...).
template <std::floating_point T>
class Concatenate {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError for an axis of 0, that of the samples, or beyond the last possible one.
  explicit Concatenate(const ConcatenateOptions& options = {})
      : axis_(static_cast<int>(detail::checked(options).axis)) {}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const { visit("axis", axis_, 1); }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "concatenate"}; }

  /// @throws ShapeError unless the inputs agree in all axes but one.
  Shape output_shape(std::span<const Shape> x) const {
    if (x.empty() || x.front().rank() <= axis_) {
      throw ShapeError(traits().kind, ": expected inputs with an axis ", axis_, ", got ",
                       x.empty() ? Shape() : x.front());
    }
    Shape y = x.front();
    for (const Shape& shape : x.subspan(1)) {
      if (shape.rank() != y.rank() || shape.with(axis_, y[axis_]) != y) {
        throw ShapeError(traits().kind, ": expected inputs that differ in axis ", axis_,
                         " alone, got ", x.front(), " and ", shape);
      }
      y = y.with(axis_, detail::checked_sum(traits().kind, y[axis_], shape[axis_]));
    }
    return y;
  }

  /// Along any axis but its own.
  int step_axis(const Shape&, int axis) const {
    return detail::steps_not_along(traits().kind, axis_, axis);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    Index first = 0;
    for (const auto& x : pass.inputs) {
      for_each_run(pass.y, x, first, [](T* of_whole, const T* of_part, Index count) {
        std::copy_n(of_part, count, of_whole);
      });
      first += x.extent(axis_);
    }
  }

  /// Writes pass.dxs where they are wanted.
  void backward(const BackwardPass<T>& pass) const {
    Index first = 0;
    for (std::size_t i = 0; i < pass.dxs.size(); ++i) {
      if (pass.dxs[i].data() != nullptr) {
        for_each_run(pass.dy, pass.dxs[i], first, [](const T* of_whole, T* of_part, Index count) {
          std::copy_n(of_whole, count, of_part);
        });
      }
      first += pass.inputs[i].extent(axis_);
    }
  }

 private:
  /// Calls visit(in_whole, in_part, count) for all that lies together in both, where the part
  /// begins at entry `first` of the axis.
  template <class U, class V, class Visit>
  void for_each_run(const TensorView<U>& whole, const TensorView<V>& part, Index first,
                    const Visit& visit) const {
    if (part.empty()) return;
    const Index inner = part.shape().axes(axis_ + 1, part.rank()).size();
    const Index outer = part.shape().axes(0, axis_).size();
    const Index count = part.extent(axis_) * inner;
    const Index stride = whole.extent(axis_) * inner;
    for (Index i = 0; i < outer; ++i) {
      visit(whole.data() + i * stride + first * inner, part.data() + i * count, count);
    }
  }

  int axis_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
