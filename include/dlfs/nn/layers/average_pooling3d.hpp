#pragma once

#include <concepts>

#include "dlfs/conv/window3d.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/nn/layers/average_pooling.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The mean of each window of a volume: x (N, C, D, H, W) -> y (N, C, OD, OH, OW). Padding counts
/// as zeros. The mean along the depth of the means of the slices.
template <std::floating_point T>
class AveragePooling3d {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError like Window2d::check.
  explicit AveragePooling3d(const Window3d& window)
      : window_(window), of_slices_(window.in_slice()), of_depth_(window.along_depth()) {}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const {
    visit("kernel", window_.kernel);
    visit("stride", window_.stride, 1);
    visit("padding", window_.padding, 0);
    visit("dilation", window_.dilation, 1);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "average pooling 3d"}; }

  /// @throws ShapeError unless x is (N, C, D, H, W) and the window fits.
  Shape output_shape(const Shape& x) const {
    const Size3d size = window_.output_size(x, traits().kind);
    detail::checked_product(traits().kind, x[1], x[2]);
    const Shape between = pooling_shape(slices(x), window_.in_slice(), traits().kind);
    const Shape y = pooling_shape(depth(x, between), window_.along_depth(), traits().kind);
    return {x[0], x[1], y[2], size.height, size.width};
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    if (pass.y.empty()) return;
    const Shape between = between_shape(pass.x.shape());
    const Scratch<T> memory(between.size());
    of_slices_.forward(
        {.x = {pass.x.data(), slices(pass.x.shape())}, .y = {memory.data(), between}});
    of_depth_.forward({.x = {memory.data(), depth(pass.x.shape(), between)},
                       .y = {pass.y.data(), rows(pass.y.shape())}});
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    if (pass.dx.empty()) return;
    const Shape between = between_shape(pass.dx.shape());
    const Scratch<T> memory(between.size());
    BackwardPass<T> part = pass;
    part.dy = {pass.dy.data(), rows(pass.dy.shape())};
    part.dx = {memory.data(), depth(pass.dx.shape(), between)};
    of_depth_.backward(part);
    part.dy = {memory.data(), between};
    part.dx = {pass.dx.data(), slices(pass.dx.shape())};
    of_slices_.backward(part);
  }

 private:
  /// The slices of x (N, C, D, H, W) as channels of images, (N, C D, H, W).
  static Shape slices(const Shape& x) { return {x[0], x[1] * x[2], x[3], x[4]}; }
  /// What is left of them, (N, C D, OH, OW), as images whose rows are slices: (N, C, D, OH OW).
  static Shape depth(const Shape& x, const Shape& between) {
    return {x[0], x[1], x[2], between[2] * between[3]};
  }
  Shape between_shape(const Shape& x) const {
    return pooling_shape(slices(x), window_.in_slice(), traits().kind);
  }
  static Shape rows(const Shape& y) { return {y[0], y[1], y[2], y[3] * y[4]}; }

  Window3d window_;
  AveragePooling<T> of_slices_;
  AveragePooling<T> of_depth_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
