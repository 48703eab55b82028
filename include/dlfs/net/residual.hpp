#pragma once

#include <algorithm>
#include <concepts>
#include <utility>
#include <vector>

#include "dlfs/net/branches.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A residual block: y = body(x) + x, or body(x) + shortcut(x) if the shapes differ.
///
///   Residual<float>({{"conv1", ...}, {"relu1", ...}, {"conv2", ...}})
///
/// Its parameters are named "body.conv1.weight" and "shortcut.conv.weight".
/// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2016); Saitoh,
/// "Deep Learning from Scratch" vol. 1, section 8.2.4.
template <std::floating_point T>
class Residual {
 public:
  using Scalar = T;  ///< the element type

  ///@{
  /// body(x) + x, or body(x) + shortcut(x).
  explicit Residual(Sequential<T> body) { branches_.add("body", std::move(body)); }
  Residual(Sequential<T> body, Sequential<T> shortcut) : Residual(std::move(body)) {
    branches_.add("shortcut", std::move(shortcut));
  }
  ///@}

  /// What a network must know of this layer.
  LayerTraits traits() const { return branches_.traits("residual"); }

  /// @throws ShapeError unless the outputs of body and shortcut have the same shape.
  Shape output_shape(const Shape& x) const {
    const Shape y = branches_.output_shape(0, x);
    const Shape shortcut = has_identity() ? x : branches_.output_shape(1, x);
    if (y != shortcut) {
      throw ShapeError(traits().kind, ": expected the shortcut to give ", y,
                       " as the body does, got ", shortcut);
    }
    return y;
  }

  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const { return branches_.saved_bytes(x); }
  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const { return branches_.flops(x); }

  /// The layers that it consists of.
  Composition<T> composition() const& { return {Composition<T>::Join::sum, branches_.parts()}; }
  Composition<T> composition() const&& = delete;

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    branches_.forward(pass, [&](Index i, TensorView<const T> y) {
      if (i == 0) {
        std::copy_n(y.data(), y.size(), pass.y.data());
      } else {
        branches_.add_to(pass.y, y);
      }
    });
    if (has_identity()) branches_.add_to(pass.y, pass.x);
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    branches_.backward(pass, [&](Index, TensorView<T>) { return pass.dy; });
    if (has_identity() && pass.needs_dx()) branches_.add_to(pass.dx, pass.dy);
  }

  /// What it learns.
  std::vector<Parameter<T>*> parameters() & { return branches_.parameters(); }
  /// What it collects while it trains.
  std::vector<NamedTensor<T>*> buffers() & { return branches_.buffers(); }
  /// Takes what a training pass has saved into the buffers.
  void update_buffers(const Shape& x, const std::byte* saved) {
    branches_.update_buffers(x, saved);
  }

 private:
  bool has_identity() const { return branches_.count() == 1; }

  detail::Branches<T> branches_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
