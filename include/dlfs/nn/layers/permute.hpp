#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The axes in another order: axis i of y is axis `order[i]` of x, as in `x.transpose(order)`. The
/// samples stay along axis 0.
template <std::floating_point T>
class Permute {
 public:
  using Scalar = T;  ///< the element type

  /// `Permute<float>({0, 2, 1})` makes (N, L, C) of (N, C, L).
  /// @throws ValueError unless `order` names each axis once, the first of them 0.
  explicit Permute(std::initializer_list<int> order)
      : Permute(std::span(order.begin(), order.size())) {}
  /// The same for an order that is computed.
  explicit Permute(std::span<const int> order) : rank_(order.size()) {
    bool is_order = rank_ > 0 && rank_ <= order_.size() && *order.begin() == 0;
    for (std::size_t axis = 0; is_order && axis < rank_; ++axis) {
      is_order = std::count(order.begin(), order.end(), static_cast<int>(axis)) == 1;
    }
    if (!is_order) {
      throw ValueError("permute: expected each axis once, the first of them 0, got ", rank_,
                       " other numbers");
    }
    std::copy(order.begin(), order.end(), order_.begin());
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    const std::vector<Index> axes(order().begin(), order().end());
    visit("order", axes);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "permute"}; }

  /// @throws ShapeError unless x has as many axes as the order.
  Shape output_shape(const Shape& x) const {
    if (x.rank() != static_cast<int>(rank_)) {
      throw ShapeError(traits().kind, ": expected x of ", rank_, " axes, got ", x);
    }
    return Layout::dense(x).transpose(order()).shape;
  }

  /// The axis of y that is this axis of x. @throws ShapeError like output_shape.
  int step_axis(const Shape& x, int axis) const {
    output_shape(x);
    return static_cast<int>(std::find(order_.begin(), order_.end(), axis) - order_.begin());
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { assign(pass.y, permuted(pass.x)); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    const TensorView<T> dx = permuted(pass.dx);
    assign(dx, pass.dy);
  }

 private:
  std::span<const int> order() const { return {order_.data(), rank_}; }

  template <class U>
  TensorView<U> permuted(const TensorView<U>& x) const {
    const Layout layout = x.layout().transpose(order());
    return {x.data(), layout.shape, layout.strides};
  }

  std::size_t rank_;
  std::array<int, max_rank> order_{};
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
