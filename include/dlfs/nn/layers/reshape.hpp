#pragma once

#include <concepts>

#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Another shape for each sample: x (N, ...) -> y (N, shape...), the numbers in the same order.
template <std::floating_point T>
class Reshape {
 public:
  using Scalar = T;  ///< the element type

  /// @param sample the shape of one sample of y. @throws ShapeError for `max_rank` axes.
  explicit Reshape(const Shape& sample) : one_sample_{1} {
    for (const Index extent : sample) one_sample_.push_back(extent);
  }

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("sample", one_sample_.axes(1, one_sample_.rank()));
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "reshape"}; }

  /// @throws ShapeError unless a sample of x has as many numbers as one of y.
  Shape output_shape(const Shape& x) const {
    if (x.rank() == 0 || x.axes(1, x.rank()).size() != one_sample_.size()) {
      throw ShapeError(traits().kind, ": expected x of shape (N, ...) with ", one_sample_.size(),
                       " numbers in a sample, got ", x);
    }
    return one_sample_.with(0, x[0]);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const { assign(pass.y, pass.x.reshape(pass.y.shape())); }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    assign(pass.dx, pass.dy.reshape(pass.dx.shape()));
  }

 private:
  Shape one_sample_;  // (1, shape...)
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
